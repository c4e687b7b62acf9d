//! Storage that answers in time, or counts as unavailable.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::time::timeout;

use super::{Storage, StorageError};
use crate::scope::StorageKey;

/// Longer than any healthy database takes, and short enough to leave a login's time to the provider.
const DEADLINE: Duration = Duration::from_secs(2);

/// Any storage, with a deadline of 2 seconds for each operation.
pub(crate) struct Timely(pub(crate) Arc<dyn Storage>);

#[async_trait]
impl Storage for Timely {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        within(self.0.put_if_absent(key, value, now, time_to_live)).await
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        within(self.0.take(key, now)).await
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        within(self.0.get(key, now)).await
    }
}

async fn within<T>(
    operation: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    timeout(DEADLINE, operation).await.unwrap_or_else(|_| {
        tracing::error!("storage did not answer in time");
        Err(StorageError::Unavailable)
    })
}
