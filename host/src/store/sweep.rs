//! When a database forgets what has ended: with the writes that come anyway.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Of so many writes of a process one sweeps, the first of them.
const EVERY: u32 = 16;
/// Entries that one sweep removes at most: few, so that no login waits for it, and two for each that comes.
pub(super) const MOST: i64 = 2 * EVERY as i64;

/// Counts the writes of one storage and its clones.
#[derive(Clone, Default)]
pub(super) struct Sweeps(Arc<AtomicU32>);

impl Sweeps {
    /// Whether this write is one that sweeps.
    pub(super) fn is_due(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY)
    }
}

/// A sweep that fails takes no login with it: what has ended is not read either way.
pub(super) fn tell<T>(swept: Result<T, sqlx::Error>) {
    if let Err(error) = swept {
        tracing::warn!(%error, "what has ended stays for now");
    }
}
