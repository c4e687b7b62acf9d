//! *Test connection* and *Test sign-in*: what they found, kept until they are made again.

use okta_sso_host::contract::{Finding, Outcome as Found};
use serde::{Deserialize, Serialize};
use sqlx::{AnyConnection, AnyExecutor, AnyPool};

use crate::connections::Saved;
use crate::database;
use crate::drafts::fingerprint;

/// How long check lists of test sign-ins are kept: 7 days.
const KEPT: i64 = 7 * 24 * 60 * 60;
/// How many of a tenant at most, the latest.
const MOST: i64 = 50;

/// One line of a check list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// What was looked at: `check/…` of the plugin, or `own/…`.
    pub(crate) check: String,
    pub(crate) outcome: Outcome,
    /// Why it is not a pass, or what more is to be said of one: a code of the plugin, or `own/…`.
    pub(crate) reason: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) found: Option<String>,
}

/// What came of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Pass,
    Warn,
    Fail,
    Skipped,
}

impl From<&Finding> for Entry {
    fn from(finding: &Finding) -> Self {
        Self {
            check: finding.code(),
            outcome: match finding.outcome {
                Found::Pass => Outcome::Pass,
                Found::Warn => Outcome::Warn,
                Found::Fail => Outcome::Fail,
                Found::Skipped => Outcome::Skipped,
            },
            reason: finding.reason.clone(),
            expected: finding.expected.clone(),
            found: finding.found.clone(),
        }
    }
}

/// Whether every line is a pass, or a warning at most.
pub(crate) fn passed(entries: &[Entry]) -> bool {
    !entries.is_empty()
        && entries
            .iter()
            .all(|entry| matches!(entry.outcome, Outcome::Pass | Outcome::Warn))
}

/// Why the first line that failed did, as its code; empty where nothing failed.
pub(crate) fn failure(entries: &[Entry]) -> &str {
    let mut failed = entries.iter();
    let failed = failed.find(|entry| entry.outcome == Outcome::Fail);
    failed
        .and_then(|entry| entry.reason.as_deref())
        .unwrap_or_default()
}

/// The latest *Test connection* of some settings.
#[derive(Clone, Debug)]
pub(crate) struct Probe {
    pub(crate) at: i64,
    pub(crate) entries: Vec<Entry>,
}

/// Keeps what a probe of these settings found, in the place of the one before.
pub(crate) async fn keep_probe(
    db: &AnyPool,
    settings: &Saved,
    entries: &[Entry],
    now: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO probes (connection_id, tenant, at, settings, checks) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (connection_id) DO UPDATE SET
            at = excluded.at, settings = excluded.settings, checks = excluded.checks",
    )
    .bind(&settings.id)
    .bind(&settings.tenant)
    .bind(now)
    .bind(fingerprint(settings))
    .bind(write(entries))
    .execute(db)
    .await?;
    see_keys(db, settings, entries, now).await
}

/// What the latest probe of exactly these settings found.
pub(crate) async fn probe_of(
    db: impl AnyExecutor<'_>,
    settings: &Saved,
) -> Result<Option<Probe>, sqlx::Error> {
    let row: Option<(i64, String)> = sqlx::query_as(
        "SELECT at, checks FROM probes WHERE connection_id = $1 AND tenant = $2 AND settings = $3",
    )
    .bind(&settings.id)
    .bind(&settings.tenant)
    .bind(fingerprint(settings))
    .fetch_optional(db)
    .await?;
    row.map(|(at, checks)| {
        Ok(Probe {
            at,
            entries: read(&checks)?,
        })
    })
    .transpose()
}

/// Seconds since the newest of the provider's keys was first seen by a test; none before the first.
pub(crate) async fn key_age(
    db: impl AnyExecutor<'_>,
    settings: &Saved,
    now: i64,
) -> Result<Option<i64>, sqlx::Error> {
    let newest: Option<i64> = sqlx::query_scalar(
        "SELECT MAX(first_seen) FROM provider_keys WHERE tenant = $1 AND issuer = $2",
    )
    .bind(&settings.tenant)
    .bind(&settings.issuer)
    .fetch_one(db)
    .await?;
    Ok(newest.map(|at| now - at))
}

/// Notes which keys the provider has. Those that it has no longer are forgotten, and those of issuers that the tenant
/// has neither in use nor in its draft.
async fn see_keys(
    db: &AnyPool,
    settings: &Saved,
    entries: &[Entry],
    now: i64,
) -> Result<(), sqlx::Error> {
    let keys = entries.iter().find(|entry| entry.check == "check/keys");
    let names = keys
        .and_then(|entry| entry.found.as_deref())
        .unwrap_or_default();
    let names: Vec<&str> = names.split(' ').filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let mut write = database::write(db).await?;
    for name in &names {
        sqlx::query(
            "INSERT INTO provider_keys (tenant, issuer, kid, first_seen) VALUES ($1, $2, $3, $4)
             ON CONFLICT DO NOTHING",
        )
        .bind(&settings.tenant)
        .bind(&settings.issuer)
        .bind(name)
        .bind(now)
        .execute(&mut *write)
        .await?;
    }
    let known: Vec<String> =
        sqlx::query_scalar("SELECT kid FROM provider_keys WHERE tenant = $1 AND issuer = $2")
            .bind(&settings.tenant)
            .bind(&settings.issuer)
            .fetch_all(&mut *write)
            .await?;
    for gone in known.iter().filter(|name| !names.contains(&name.as_str())) {
        sqlx::query("DELETE FROM provider_keys WHERE tenant = $1 AND issuer = $2 AND kid = $3")
            .bind(&settings.tenant)
            .bind(&settings.issuer)
            .bind(gone)
            .execute(&mut *write)
            .await?;
    }
    sqlx::query(
        "DELETE FROM provider_keys WHERE tenant = $1 AND issuer NOT IN (
            SELECT issuer FROM connections WHERE tenant = $1
            UNION SELECT issuer FROM drafts WHERE tenant = $1)",
    )
    .bind(&settings.tenant)
    .execute(&mut *write)
    .await?;
    write.commit().await
}

/// One *Test sign-in*.
#[derive(Clone, Debug)]
pub(crate) struct Rehearsal {
    pub(crate) tenant: String,
    /// The administrator who began it.
    pub(crate) user_id: String,
    /// The fingerprint of what is tested.
    pub(crate) settings: Vec<u8>,
    /// None while the person is at Okta.
    pub(crate) ended_at: Option<i64>,
    pub(crate) entries: Vec<Entry>,
}

/// Notes that an administrator leaves for Okta with these settings, and forgets what is old.
pub(crate) async fn begin_rehearsal(
    db: &AnyPool,
    handle: &str,
    user_id: &str,
    settings: &Saved,
    now: i64,
) -> Result<(), sqlx::Error> {
    let mut write = database::write(db).await?;
    sqlx::query("DELETE FROM rehearsals WHERE begun_at < $1")
        .bind(now - KEPT)
        .execute(&mut *write)
        .await?;
    sqlx::query(
        "INSERT INTO rehearsals (handle, tenant, user_id, settings, begun_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(handle)
    .bind(&settings.tenant)
    .bind(user_id)
    .bind(fingerprint(settings))
    .bind(now)
    .execute(&mut *write)
    .await?;
    sqlx::query(
        "DELETE FROM rehearsals WHERE tenant = $1 AND handle <> $2 AND handle NOT IN (
            SELECT handle FROM rehearsals WHERE tenant = $1 AND handle <> $2
            ORDER BY begun_at DESC, handle LIMIT $3)",
    )
    .bind(&settings.tenant)
    .bind(handle)
    .bind(MOST - 1)
    .execute(&mut *write)
    .await?;
    write.commit().await
}

/// By the handle of its attempt.
pub(crate) async fn rehearsal(
    db: impl AnyExecutor<'_>,
    handle: &str,
) -> Result<Option<Rehearsal>, sqlx::Error> {
    type Row = (String, String, Vec<u8>, Option<i64>, String);
    let row: Option<Row> = sqlx::query_as(
        "SELECT tenant, user_id, settings, ended_at, checks FROM rehearsals WHERE handle = $1",
    )
    .bind(handle)
    .fetch_optional(db)
    .await?;
    row.map(|(tenant, user_id, settings, ended_at, checks)| {
        Ok(Rehearsal {
            tenant,
            user_id,
            settings,
            ended_at,
            entries: read(&checks)?,
        })
    })
    .transpose()
}

/// Keeps the check list that a test sign-in ended in; false when it had ended before.
pub(crate) async fn end_rehearsal(
    db: &mut AnyConnection,
    handle: &str,
    entries: &[Entry],
    now: i64,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query(
        "UPDATE rehearsals SET ended_at = $1, checks = $2 WHERE handle = $3 AND ended_at IS NULL",
    )
    .bind(now)
    .bind(write(entries))
    .bind(handle)
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What was tested under one fingerprint has another one from now on.
pub(crate) async fn rename(
    db: &mut AnyConnection,
    before: &[u8],
    now: &[u8],
) -> Result<(), sqlx::Error> {
    for table in [
        "UPDATE rehearsals SET settings = $1 WHERE settings = $2",
        "UPDATE probes SET settings = $1 WHERE settings = $2",
    ] {
        sqlx::query(table)
            .bind(now)
            .bind(before)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}

fn write(entries: &[Entry]) -> String {
    serde_json::to_string(entries).unwrap_or_else(|_| "[]".to_owned())
}

fn read(checks: &str) -> Result<Vec<Entry>, sqlx::Error> {
    serde_json::from_str(checks).map_err(|error| sqlx::Error::Decode(error.into()))
}

#[cfg(test)]
mod tests {
    use okta_sso_host::contract::EmailRule;

    use super::*;
    use crate::connections::{self, Sealed};
    use crate::tenants::{self, Tenant};

    const NOW: i64 = 1_790_000_000;

    fn saved(issuer: &str) -> Saved {
        Saved {
            id: Saved::id_of("acme"),
            tenant: "acme".to_owned(),
            enabled: true,
            issuer: issuer.to_owned(),
            client_id: "client".to_owned(),
            secret: Sealed::none(),
            secret_set_at: None,
            client_key: None,
            email_rule: EmailRule::Exact,
        }
    }

    /// What a provider has had once is not kept for ever, nor are the keys of an issuer that was only tried.
    #[tokio::test]
    async fn keys_that_are_gone_are_forgotten() {
        let db = database::fresh().await;
        let tenant = Tenant {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
        };
        assert!(tenants::add(&db, &tenant).await.unwrap());
        let see = async |issuer: &str, names: &str, now: i64| {
            let keys = Entry {
                check: "check/keys".to_owned(),
                outcome: Outcome::Pass,
                reason: None,
                expected: None,
                found: Some(names.to_owned()).filter(|names| !names.is_empty()),
            };
            keep_probe(&db, &saved(issuer), &[keys], now).await.unwrap();
        };
        let known = async || -> Vec<(String, i64)> {
            sqlx::query_as("SELECT kid, first_seen FROM provider_keys ORDER BY kid")
                .fetch_all(&db)
                .await
                .unwrap()
        };
        let first = saved("https://one.okta.com");
        connections::put(&db, &first).await.unwrap();
        see(&first.issuer, "a b", NOW).await;
        see(&first.issuer, "b c", NOW + 1).await;
        let expected = [("b".to_owned(), NOW), ("c".to_owned(), NOW + 1)];
        assert_eq!(known().await, expected);
        // A test that saw no keys says nothing about them.
        see(&first.issuer, "", NOW + 2).await;
        assert_eq!(known().await, expected);
        let second = saved("https://two.okta.com");
        connections::put(&db, &second).await.unwrap();
        see(&second.issuer, "a", NOW + 3).await;
        assert_eq!(known().await, [("a".to_owned(), NOW + 3)]);
    }
}
