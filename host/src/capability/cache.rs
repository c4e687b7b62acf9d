//! What may be forgotten at any time: provider metadata and keys.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::scope::{Scope, StorageKey};

/// Memory of provider metadata and keys, one space for each connection.
///
/// The host calls it with keys of 1 to 256 bytes and values of at most 256 KiB.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The live value under `key`, if it is still there at `now`.
    async fn get(&self, scope: &Scope, key: &[u8], now: u64) -> Option<Vec<u8>>;

    /// Replaces what was there; gone `time_to_live` seconds after `now`, or earlier.
    async fn put(&self, scope: &Scope, key: &[u8], value: &[u8], now: u64, time_to_live: u32);
}

/// At most so many entries; the oldest to expire make room.
const MAX_ENTRIES: usize = 4_096;

/// A cache in this process's memory.
#[derive(Default)]
pub struct MemoryCache {
    entries: Mutex<HashMap<StorageKey, (Vec<u8>, u64)>>,
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, scope: &Scope, key: &[u8], now: u64) -> Option<Vec<u8>> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (value, expires) = entries.get(&StorageKey::plugin(&scope.connection_id, key))?;
        (*expires > now).then(|| value.clone())
    }

    async fn put(&self, scope: &Scope, key: &[u8], value: &[u8], now: u64, time_to_live: u32) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= MAX_ENTRIES {
            entries.retain(|_, (_, expires)| *expires > now);
        }
        if entries.len() >= MAX_ENTRIES {
            let first = entries.iter().min_by_key(|(_, (_, expires))| *expires);
            if let Some(first) = first.map(|(key, _)| key.clone()) {
                entries.remove(&first);
            }
        }
        let key = StorageKey::plugin(&scope.connection_id, key);
        entries.insert(
            key,
            (value.to_vec(), now.saturating_add(time_to_live.into())),
        );
    }
}
