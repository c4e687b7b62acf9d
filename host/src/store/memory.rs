//! Storage in this process: for one machine, and lost with it.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Storage, StorageError};
use crate::scope::StorageKey;

/// At most so many live entries; then nothing more is stored, and nothing is lost.
const MAX_ENTRIES: usize = 100_000;

/// Entries in this process's memory.
#[derive(Default)]
pub struct MemoryStorage {
    entries: Mutex<HashMap<StorageKey, Entry>>,
}

struct Entry {
    value: Vec<u8>,
    expires: u64,
}

impl MemoryStorage {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<StorageKey, Entry>> {
        // No operation can stop half-way, so a poisoned map is whole.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
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
        if entries.get(key).is_some_and(|entry| entry.expires > now) {
            return Ok(false);
        }
        if entries.len() >= MAX_ENTRIES {
            entries.retain(|_, entry| entry.expires > now);
            if entries.len() >= MAX_ENTRIES {
                return Err(StorageError::Unavailable);
            }
        }
        let expires = now.saturating_add(time_to_live.into());
        entries.insert(
            key.clone(),
            Entry {
                value: value.to_vec(),
                expires,
            },
        );
        Ok(true)
    }

    async fn take(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let taken = self.entries().remove(key);
        Ok(taken
            .filter(|entry| entry.expires > now)
            .map(|entry| entry.value))
    }

    async fn get(&self, key: &StorageKey, now: u64) -> Result<Option<Vec<u8>>, StorageError> {
        let entries = self.entries();
        let found = entries.get(key).filter(|entry| entry.expires > now);
        Ok(found.map(|entry| entry.value.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_value_is_taken_once_and_in_time() {
        let (storage, key) = (MemoryStorage::new(), StorageKey::plugin("a", b"k"));
        assert_eq!(storage.put_if_absent(&key, b"v", 10, 5).await, Ok(true));
        assert_eq!(storage.put_if_absent(&key, b"w", 14, 5).await, Ok(false));
        assert_eq!(storage.get(&key, 14).await, Ok(Some(b"v".to_vec())));
        assert_eq!(storage.get(&key, 15).await, Ok(None));
        assert_eq!(storage.take(&key, 14).await, Ok(Some(b"v".to_vec())));
        assert_eq!(storage.take(&key, 14).await, Ok(None));
        assert_eq!(storage.put_if_absent(&key, b"w", 14, 5).await, Ok(true));
        assert_eq!(storage.take(&key, 19).await, Ok(None));
    }
}
