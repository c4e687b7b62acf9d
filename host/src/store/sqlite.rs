//! Storage in an SQLite database.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::sweep::{self, Sweeps};
use super::{Storage, StorageError, seconds, unavailable};
use crate::scope::StorageKey;

/// For one machine: pending logins survive a restart, and several processes may share the file.
///
/// Uses one table of its own, `okta_sso_storage`, in a file of its own or in the platform's database.
#[derive(Clone)]
pub struct SqliteStorage {
    pool: SqlitePool,
    sweeps: Sweeps,
}

impl SqliteStorage {
    /// Opens or creates the file, with a write-ahead log that is synced at every commit: after a power cut
    /// what was taken stays taken.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, StorageError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(2));
        let pool = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false) // a connection to a file is never lost
            .acquire_timeout(Duration::from_secs(2))
            .connect_with(options)
            .await
            .map_err(unavailable)?;
        Self::in_pool(pool).await
    }

    /// Uses the platform's own database; its settings for durability and waiting are the pool's.
    pub async fn in_pool(pool: SqlitePool) -> Result<Self, StorageError> {
        for statement in [
            "CREATE TABLE IF NOT EXISTS okta_sso_storage (
                key BLOB PRIMARY KEY, value BLOB NOT NULL, ends INTEGER NOT NULL) STRICT, WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS okta_sso_storage_ends ON okta_sso_storage (ends)",
        ] {
            sqlx::query(statement).execute(&pool).await.map_err(unavailable)?;
        }
        Ok(Self {
            pool,
            sweeps: Sweeps::default(),
        })
    }
}

#[async_trait]
impl Storage for SqliteStorage {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        let ends = seconds(now.saturating_add(time_to_live.into()));
        let stored = sqlx::query(
            "INSERT INTO okta_sso_storage (key, value, ends) VALUES (?1, ?2, ?3)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, ends = excluded.ends
             WHERE okta_sso_storage.ends <= ?4",
        )
        .bind(key.as_bytes())
        .bind(value)
        .bind(ends)
        .bind(seconds(now))
        .execute(&self.pool)
        .await
        .map_err(unavailable)?
        .rows_affected();
        self.sweeps.beside_write(sweep(self.pool.clone(), now));
        Ok(stored == 1)
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        // One statement; all rows are fetched, so that a failing commit is seen before the value is used.
        let taken = sqlx::query_scalar(
            "DELETE FROM okta_sso_storage WHERE key = ?1 AND ends > ?2 RETURNING value",
        )
        .bind(key.as_bytes())
        .bind(seconds(now))
        .fetch_all(&self.pool)
        .await
        .map_err(unavailable)?;
        Ok(taken.into_iter().next())
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        sqlx::query_scalar("SELECT value FROM okta_sso_storage WHERE key = ?1 AND ends > ?2")
            .bind(key.as_bytes())
            .bind(seconds(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)
    }
}

async fn sweep(pool: SqlitePool, now: u64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM okta_sso_storage WHERE key IN
         (SELECT key FROM okta_sso_storage WHERE ends <= ?1 ORDER BY ends LIMIT ?2)",
    )
    .bind(seconds(now))
    .bind(sweep::MOST)
    .execute(&pool)
    .await?;
    Ok(())
}
