//! Recordings of sign-ins that failed, at companies whose administrator agreed to them.
//!
//! A recording holds tokens, one-time codes and what Okta says about a person. It is kept sealed under a key of its own,
//! so that whoever is given one can be given the key without that of the client secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use okta_sso_host::Clock;
use okta_sso_host::record::{Recorder, Recording, RecordingFolder};
use serde_json::Value;
use sqlx::{AnyExecutor, AnyPool};

use crate::connections::Saved;
use crate::drafts::Draft;
use crate::seal::{self, KeyError};

/// The deployment's recordings.
#[derive(Clone)]
pub(crate) struct Recordings {
    folder: Arc<RecordingFolder>,
    db: AnyPool,
}

/// Why there can be none.
#[derive(Debug, thiserror::Error)]
pub enum RecordingsError {
    /// The folder cannot be made.
    #[error("--recordings {0}: {1}")]
    Folder(PathBuf, std::io::Error),
    /// The key cannot be had.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Recordings {
    /// In a folder, made when it is not there, with the key of `key_file` or of the file beside the folder, which is made
    /// when it is not there.
    pub(crate) fn open(
        folder: &Path,
        key_file: Option<&Path>,
        db: AnyPool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, RecordingsError> {
        let key = match key_file {
            Some(file) => seal::read(file)?,
            None => seal::read_or_make(&seal::beside(folder))?,
        };
        let opened = RecordingFolder::new(folder, &key, clock)
            .map_err(|error| RecordingsError::Folder(folder.to_owned(), error))?;
        Ok(Self {
            folder: Arc::new(opened),
            db,
        })
    }

    /// What is kept of a tenant's sign-ins: by reference, until when. A folder that cannot be read holds nothing that can be
    /// studied: pages go on without.
    pub(crate) async fn of_tenant(&self, tenant: &str) -> BTreeMap<String, i64> {
        let ids = ids(tenant);
        let kept = self.blocking(move |folder| {
            let mut kept = BTreeMap::new();
            for id in &ids {
                let files = folder.kept(id)?.into_iter();
                kept.extend(files.map(|file| {
                    let until = i64::try_from(file.until).unwrap_or(i64::MAX);
                    (file.reference, until)
                }));
            }
            Ok(kept)
        });
        kept.await.unwrap_or_else(|error| {
            tracing::error!(%error, "the folder of recordings cannot be read");
            BTreeMap::new()
        })
    }

    /// Deletes what is kept of a tenant's sign-ins.
    pub(crate) async fn forget(&self, tenant: &str) -> std::io::Result<()> {
        let ids = ids(tenant);
        self.blocking(move |folder| ids.iter().try_for_each(|id| folder.forget(id)))
            .await
    }

    /// Deletes what is older than a recording may be.
    pub(crate) async fn sweep(&self) -> std::io::Result<()> {
        self.blocking(RecordingFolder::sweep).await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&RecordingFolder) -> std::io::Result<T> + Send + 'static,
    ) -> std::io::Result<T> {
        let folder = Arc::clone(&self.folder);
        tokio::task::spawn_blocking(move || work(&folder)).await?
    }

    /// Keeps a recording if its company agrees, and still does when it is written: whoever ended them meanwhile has
    /// deleted what was there.
    async fn keep_if_agreed(&self, recording: Recording) -> Result<(), KeepError> {
        let connection = recording.connection.clone();
        if agreed(&self.db, &connection).await? {
            self.blocking(move |folder| folder.keep(&recording)).await?;
            if !agreed(&self.db, &connection).await? {
                self.blocking(move |folder| folder.forget(&connection))
                    .await?;
            }
        }
        Ok(())
    }
}

#[derive(Debug, thiserror::Error)]
enum KeepError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Folder(#[from] std::io::Error),
}

impl Recorder for Recordings {
    /// Who agreed is asked when a call has failed, which is rare, and of the database, which all processes share.
    fn wants(&self, _: &str) -> bool {
        true
    }

    fn keep(&self, recording: Recording) {
        if !failed(&recording.call, &recording.outcome) {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            let connection = recording.connection.clone();
            if let Err(error) = this.keep_if_agreed(recording).await {
                tracing::warn!(connection, %error, "a failed sign-in was not recorded");
            }
        });
    }
}

/// Whether a call is a sign-in, or a test of one, that came to nothing.
fn failed(call: &str, outcome: &Value) -> bool {
    let refused = outcome.get("error").is_some() || outcome.get("fault").is_some();
    let check_failed = || {
        let checks = outcome["checks"].as_array();
        checks.is_some_and(|checks| checks.iter().any(|check| check["outcome"] == "fail"))
    };
    call.starts_with("login.") && (refused || check_failed())
}

/// The connections that a tenant can have.
fn ids(tenant: &str) -> [String; 2] {
    [Saved::id_of(tenant), Draft::id_of(tenant)]
}

/// Whether the company of a connection or draft agreed.
async fn agreed(db: &AnyPool, connection_id: &str) -> Result<bool, sqlx::Error> {
    let since: Option<Option<i64>> = sqlx::query_scalar(
        "SELECT recorded_since FROM tenants WHERE id IN (
            SELECT tenant FROM connections WHERE id = $1 UNION SELECT tenant FROM drafts WHERE id = $1)",
    )
    .bind(connection_id)
    .fetch_optional(db)
    .await?;
    Ok(since.flatten().is_some())
}

/// Since when a tenant's failed sign-ins are recorded; none where nobody agreed.
pub(crate) async fn since(
    db: impl AnyExecutor<'_>,
    tenant: &str,
) -> Result<Option<i64>, sqlx::Error> {
    let since = sqlx::query_scalar("SELECT recorded_since FROM tenants WHERE id = $1")
        .bind(tenant)
        .fetch_optional(db)
        .await?;
    Ok(since.flatten())
}

/// Notes since when a tenant agrees, or that it does no longer.
pub(crate) async fn agree(
    db: impl AnyExecutor<'_>,
    tenant: &str,
    since: Option<i64>,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE tenants SET recorded_since = $2 WHERE id = $1")
        .bind(tenant)
        .bind(since)
        .execute(db)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use okta_sso_host::SystemClock;
    use serde_json::json;

    use super::{Recordings, failed};
    use crate::database;

    #[tokio::test]
    async fn the_key_is_beside_the_folder_and_a_lost_folder_is_an_empty_one() {
        let place = std::env::temp_dir().join(format!("ledgerline-kept-{}", std::process::id()));
        std::fs::create_dir(&place).unwrap();
        let db = database::fresh().await;
        let typed = format!("{}/kept/", place.display());
        let open = || Recordings::open(Path::new(&typed), None, db.clone(), Arc::new(SystemClock));
        let recordings = open().unwrap();
        assert!(place.join("kept.key").is_file());
        assert_eq!(std::fs::read_dir(place.join("kept")).unwrap().count(), 0);
        std::fs::remove_dir(place.join("kept")).unwrap();
        assert!(recordings.of_tenant("acme").await.is_empty());
        recordings.forget("acme").await.unwrap_err();
        std::fs::remove_dir_all(&place).unwrap();
    }

    #[test]
    fn what_came_to_nothing_is_kept_and_nothing_else() {
        let (error, fault) = (
            json!({ "error": "email-missing" }),
            json!({ "fault": "limit: wall" }),
        );
        for call in ["login.begin", "login.complete", "login.rehearse"] {
            assert!(failed(call, &fault), "{call}");
            assert!(!failed(call, &json!({ "ok": {} })), "{call}");
        }
        assert!(failed("login.complete", &error));
        assert!(!failed("logout.begin", &error));
        let checks = |outcome: &str| json!({ "checks": [{ "outcome": "pass" }, { "outcome": outcome }], "identity": null });
        assert!(failed("login.rehearse", &checks("fail")));
        assert!(!failed("login.rehearse", &checks("warn")));
        assert!(!failed("config.probe", &json!([{ "outcome": "fail" }])));
    }
}
