//! What may be forgotten at any time: provider metadata and keys.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::scope::{Scope, StorageKey};
use crate::store::bounded::Bounded;

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

/// This process's memory: 10,000 entries and 64 MiB; the oldest of the connection that holds the most gives way.
pub struct MemoryCache(Mutex<Bounded>);

impl Default for MemoryCache {
    fn default() -> Self {
        Self(Mutex::new(Bounded::new(10_000, 64 << 20)))
    }
}

impl MemoryCache {
    fn entries(&self) -> MutexGuard<'_, Bounded> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for MemoryCache {
    async fn get(&self, scope: &Scope, key: &[u8], now: u64) -> Option<Vec<u8>> {
        let key = StorageKey::plugin(&scope.connection_id, key);
        self.entries().get(key.as_bytes(), now).map(<[u8]>::to_vec)
    }

    async fn put(&self, scope: &Scope, key: &[u8], value: &[u8], now: u64, time_to_live: u32) {
        let key = StorageKey::plugin(&scope.connection_id, key);
        let ends = now.saturating_add(time_to_live.into());
        self.entries()
            .insert(key.scope(), key.as_bytes(), value, now, ends);
    }
}
