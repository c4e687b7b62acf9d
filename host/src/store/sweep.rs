//! When a database forgets what has ended: beside the writes that come anyway.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::timeout;

/// Of so many writes of a process one sweeps, the first of them.
const EVERY: u32 = 16;
/// Entries that one sweep removes at most: a short one, and two for each that comes.
pub(super) const MOST: i64 = 2 * EVERY as i64;

/// How long one may hold a connection.
const PATIENCE: Duration = Duration::from_secs(2);

/// Counts the writes of one storage and its clones.
#[derive(Clone, Default)]
pub(super) struct Sweeps(Arc<AtomicU32>);

impl Sweeps {
    /// Sweeps in a task of its own when this write is one that does. No login waits for it, and one that hangs or fails
    /// takes no login with it: what has ended is not read either way.
    pub(super) fn beside_write<T>(
        &self,
        sweep: impl Future<Output = Result<T, sqlx::Error>> + Send + 'static,
    ) {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        if number.is_multiple_of(EVERY) {
            tokio::spawn(async move {
                match timeout(PATIENCE, sweep).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) => tracing::warn!(%error, "what has ended stays for now"),
                    Err(_) => tracing::warn!("what has ended stays for now: no answer in time"),
                }
            });
        }
    }
}
