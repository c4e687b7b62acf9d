//! What may be forgotten at any time: provider metadata and keys.

use async_trait::async_trait;

use crate::scope::Scope;

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
