//! Storage in a PostgreSQL database.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::sweep::{self, Sweeps};
use super::{Storage, StorageError, seconds, unavailable};
use crate::scope::StorageKey;

/// Whoever makes the table holds this lock, so that replicas may start at the same time.
const MIGRATION: i64 = 0x6f6b_7461_5f73_736f;
/// Repetitions of a statement that PostgreSQL rolled back to end a conflict.
const RETRIES: u32 = 3;

/// For many machines: any of them completes what another began.
///
/// Uses one table of its own, `okta_sso_storage`. What was taken stays taken after a crash unless the database
/// runs with `synchronous_commit` off.
#[derive(Clone)]
pub struct PostgresStorage {
    pool: PgPool,
    sweeps: Sweeps,
}

impl PostgresStorage {
    /// Connects by an address such as `postgres://user:password@host/database?sslmode=verify-full`.
    pub async fn open(address: &str) -> Result<Self, StorageError> {
        let options: PgConnectOptions = address.parse().map_err(unavailable)?;
        let pool = PgPoolOptions::new()
            .max_connections(16)
            .acquire_timeout(Duration::from_secs(1))
            .connect_with(options)
            .await
            .map_err(unavailable)?;
        Self::in_pool(pool).await
    }

    /// Uses the platform's own database. Makes the table where it is missing; safe to run many times at once.
    pub async fn in_pool(pool: PgPool) -> Result<Self, StorageError> {
        migrate(&pool).await.map_err(unavailable)?;
        Ok(Self {
            pool,
            sweeps: Sweeps::default(),
        })
    }

    async fn try_put(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, sqlx::Error> {
        let stored = sqlx::query(
            "INSERT INTO okta_sso_storage AS held (key, value, ends) VALUES ($1, $2, $3)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value, ends = excluded.ends
             WHERE held.ends <= $4",
        )
        .bind(key.as_bytes())
        .bind(value)
        .bind(seconds(now.saturating_add(time_to_live.into())))
        .bind(seconds(now))
        .execute(&self.pool)
        .await?
        .rows_affected();
        Ok(stored == 1)
    }

    async fn try_take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, sqlx::Error> {
        sqlx::query_scalar(
            "DELETE FROM okta_sso_storage WHERE key = $1 AND ends > $2 RETURNING value",
        )
        .bind(key.as_bytes())
        .bind(seconds(now))
        .fetch_optional(&self.pool)
        .await
    }
}

/// Runs a statement again while PostgreSQL says that it was rolled back in a conflict.
macro_rules! settled {
    ($statement:expr) => {{
        let mut left = RETRIES;
        loop {
            match $statement.await {
                Err(error) if left > 0 && was_rolled_back(&error) => left -= 1,
                outcome => break outcome.map_err(unavailable),
            }
        }
    }};
}

#[async_trait]
impl Storage for PostgresStorage {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        let stored = settled!(self.try_put(key, value, now, time_to_live))?;
        self.sweeps.beside_write(sweep(self.pool.clone(), now));
        Ok(stored)
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        settled!(self.try_take(key, now))
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        sqlx::query_scalar("SELECT value FROM okta_sso_storage WHERE key = $1 AND ends > $2")
            .bind(key.as_bytes())
            .bind(seconds(now))
            .fetch_optional(&self.pool)
            .await
            .map_err(unavailable)
    }
}

async fn sweep(pool: PgPool, now: u64) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM okta_sso_storage WHERE key IN (SELECT key FROM okta_sso_storage
         WHERE ends <= $1 ORDER BY ends LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(seconds(now))
    .bind(sweep::MOST)
    .execute(&pool)
    .await?;
    Ok(())
}

async fn migrate(pool: &PgPool) -> Result<(), sqlx::Error> {
    // First of all a look, because a role that may use the table need not be allowed to make one.
    let there: bool = sqlx::query_scalar("SELECT to_regclass('okta_sso_storage') IS NOT NULL")
        .fetch_one(pool)
        .await?;
    if there {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(MIGRATION)
        .execute(&mut *transaction)
        .await?;
    for statement in [
        "CREATE TABLE IF NOT EXISTS okta_sso_storage (
            key bytea PRIMARY KEY, value bytea NOT NULL, ends bigint NOT NULL)",
        "CREATE INDEX IF NOT EXISTS okta_sso_storage_ends ON okta_sso_storage (ends)",
    ] {
        sqlx::query(statement).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

/// `serialization_failure` and `deadlock_detected`: nothing of the statement took effect.
fn was_rolled_back(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    matches!(code.as_deref(), Some("40001" | "40P01"))
}
