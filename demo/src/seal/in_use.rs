//! Which keys seal what is in the database.
//!
//! The database says which one seals, and each process looks there under the write lock before it seals: from the moment
//! that [`crate::reseal`] names another, nothing is sealed by the one before. A key stays noted until nothing is left that
//! it alone opens, and whoever has not every noted key does not start.

use std::sync::atomic::Ordering;

use sqlx::{AnyConnection, AnyPool};

use super::{Key, KeyError, Seal, SealingKey};
use crate::connections::{self, Saved};
use crate::{database, drafts, second_secret};

impl Seal {
    /// Finds out which key seals in this database; in one that has none yet, it is the first that opens whatever is there.
    pub(crate) async fn settle(&self, db: &AnyPool) -> Result<(), KeyError> {
        let mut write = database::write(db).await?;
        self.has_all(&mut write).await?;
        if sealing(&mut write).await?.is_none() {
            let secrets = secrets(&mut write).await?;
            let sealed_all = |key: &&Key| {
                let mut sealed = secrets.iter().filter_map(Saved::sealed_secret);
                sealed.all(|(place, sealed)| key.open(place, sealed).is_ok())
            };
            let key = self.keys().find(sealed_all).ok_or(KeyError::OpensNotAll)?;
            put(&mut write, key.name()).await?;
        }
        self.current(&mut write).await?;
        write.commit().await?;
        Ok(())
    }

    /// The same while the product runs, for whoever watches it.
    pub(crate) async fn look(&self, db: &AnyPool) -> Result<(), KeyError> {
        let mut db = db.acquire().await?;
        self.has_all(&mut db).await?;
        self.current(&mut db).await?;
        Ok(())
    }

    /// The key that seals now. Ask within the transaction, under the write lock, that writes what it sealed.
    pub(crate) async fn current(
        &self,
        db: &mut AnyConnection,
    ) -> Result<SealingKey<'_>, sqlx::Error> {
        let name = sealing(db).await?.unwrap_or_default();
        let found = self.keys().enumerate().find(|(_, key)| key.name() == name);
        let (at, key) = found.ok_or_else(|| sqlx::Error::Configuration(self.lacks(name).into()))?;
        self.latest.store(at, Ordering::Relaxed);
        Ok(SealingKey { seal: self, key })
    }

    /// Whether every key is there that has sealed what is in the database.
    pub(crate) async fn has_all(&self, db: &mut AnyConnection) -> Result<(), KeyError> {
        let noted: Vec<String> = sqlx::query_scalar("SELECT name FROM sealing_keys ORDER BY name")
            .fetch_all(db)
            .await?;
        let has = |name: &String| self.keys().any(|key| key.name() == name);
        match noted.into_iter().find(|name| !has(name)) {
            Some(missing) => Err(self.lacks(missing)),
            None => Ok(()),
        }
    }

    fn lacks(&self, missing: String) -> KeyError {
        let given: Vec<_> = self.keys().map(Key::name).collect();
        KeyError::Missing {
            missing,
            given: given.join(", "),
        }
    }
}

async fn sealing(db: &mut AnyConnection) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("SELECT name FROM sealing_keys WHERE seals = 1")
        .fetch_optional(db)
        .await
}

/// Whether a key is noted.
pub(super) async fn is_any(db: &AnyPool) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("SELECT 1 FROM sealing_keys LIMIT 1").fetch_optional(db);
    Ok(found.await?.is_some())
}

/// From now on this key seals.
pub(crate) async fn put(db: &mut AnyConnection, name: &str) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE sealing_keys SET seals = 0")
        .execute(&mut *db)
        .await?;
    sqlx::query(
        "INSERT INTO sealing_keys (name, seals) VALUES ($1, 1)
         ON CONFLICT (name) DO UPDATE SET seals = 1",
    )
    .bind(name)
    .execute(db)
    .await?;
    Ok(())
}

/// Nothing is left that another key alone opens.
pub(crate) async fn forget_others(db: &mut AnyConnection) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM sealing_keys WHERE seals = 0")
        .execute(db)
        .await?;
    Ok(())
}

/// Whatever has a client secret: connections, their second secrets, and drafts.
async fn secrets(db: &mut AnyConnection) -> Result<Vec<Saved>, sqlx::Error> {
    let connections = connections::all(&mut *db).await?;
    let drafts = drafts::all(&mut *db).await?;
    let mut all: Vec<Saved> = drafts.into_iter().map(|draft| draft.settings).collect();
    for first in &connections {
        all.extend(second_secret::beside(&mut *db, first).await?);
    }
    all.extend(connections);
    Ok(all)
}
