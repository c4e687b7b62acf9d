//! Storage in this process's memory.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::bounded::Bounded;
use super::{Storage, StorageError};
use crate::scope::StorageKey;

/// For one process, tests and development: pending logins end with it.
///
/// Holds 100,000 entries and 64 MiB; the oldest of the connection that holds the most gives way.
pub struct MemoryStorage(Mutex<Bounded>);

impl Default for MemoryStorage {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(100_000, 64 << 20)))
    }
}

impl MemoryStorage {
    fn entries(&self) -> MutexGuard<'_, Bounded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Storage for MemoryStorage {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        value: &[u8],
        now: u64,
        time_to_live: u32,
    ) -> Result<bool, StorageError> {
        let mut entries = self.entries();
        if entries.get(key.as_bytes(), now).is_some() {
            return Ok(false);
        }
        let ends = now.saturating_add(time_to_live.into());
        if entries.insert(key.scope(), key.as_bytes(), value, now, ends) {
            Ok(true)
        } else {
            Err(StorageError::Unavailable)
        }
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.entries().remove(key.as_bytes(), now))
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.entries().get(key.as_bytes(), now).map(<[u8]>::to_vec))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_flood_of_starts_costs_the_flooding_connection() {
        let storage = MemoryStorage(Mutex::new(Bounded::new(100, 1 << 20)));
        let quiet = StorageKey::plugin("quiet", b"k");
        let handle = StorageKey::host("attempt", b"h").on_behalf_of("quiet");
        for key in [&quiet, &handle] {
            assert!(storage.put_if_absent(key, b"v", 0, 600).await.unwrap());
        }
        for start in 0..1_000_u32 {
            let key = StorageKey::plugin("loud", &start.to_be_bytes());
            let handle = StorageKey::host("attempt", &start.to_be_bytes()).on_behalf_of("loud");
            for key in [key, handle] {
                let stored = storage.put_if_absent(&key, b"v", 0, 600).await;
                assert_eq!(stored, Ok(true), "T36");
            }
        }
        // Found by the handle alone: whose it is, nobody knows at the callback.
        for key in [quiet, StorageKey::host("attempt", b"h")] {
            let taken = storage.take(&key, 599).await;
            assert_eq!(taken, Ok(Some(b"v".to_vec())), "T36");
        }
    }
}
