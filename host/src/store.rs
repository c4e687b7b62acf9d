//! State that must not be lost or used twice.

pub(crate) mod bounded;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "redis")]
mod redis;
mod sqlite;
mod sweep;
pub(crate) mod timely;

use async_trait::async_trait;

pub use memory::MemoryStorage;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStorage;
#[cfg(feature = "redis")]
pub use redis::RedisStorage;
pub use sqlite::SqliteStorage;

use crate::scope::StorageKey;

/// Where pending logins are kept.
///
/// The host calls it with keys that are already scoped, values of at most 16 KiB and a time to live of
/// 1 to 86,400 seconds. `now` is the host's clock: an entry is gone when `now` reaches the second of
/// its storing plus its time to live. An operation that takes longer than 2 seconds counts as unavailable.
///
/// `tests/tests/storage` holds every backend of this crate against this contract.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Stores only when no live value is there; true when it did.
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError>;

    /// Reads and removes in one atomic step: of any number of callers, in any number of processes, at
    /// most one receives the value.
    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError>;

    /// Reads and leaves it there; for the host's own entries.
    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError>;
}

/// Storage that did not answer; nothing is known about whether the operation took effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Out of reach, out of time, full, or read-only.
    #[error("storage is unavailable")]
    Unavailable,
}

/// Databases' integers are signed; a clock beyond them is beyond every entry.
fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}

fn unavailable(error: sqlx::Error) -> StorageError {
    tracing::error!(%error, "storage failed");
    StorageError::Unavailable
}
