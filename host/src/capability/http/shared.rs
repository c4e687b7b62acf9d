//! Equal requests at the same time are one exchange.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

/// Exchanges under way, by what they ask.
pub(super) struct Shared<K, V>(Mutex<HashMap<K, Arc<OnceCell<V>>>>);

impl<K, V> Default for Shared<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Shared<K, V> {
    /// The value of the exchange under way for `key`, or of `exchange`, which begins then.
    ///
    /// When whoever began it gives up, one of those who wait begins anew. Nothing is kept afterwards.
    pub(super) async fn join(&self, key: K, exchange: impl Future<Output = V>) -> V {
        let cell = Arc::clone(self.open().entry(key.clone()).or_default());
        let seat = Seat {
            shared: self,
            key,
            cell,
        };
        seat.cell.get_or_init(|| exchange).await.clone()
    }

    fn open(&self) -> MutexGuard<'_, HashMap<K, Arc<OnceCell<V>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who waits.
struct Seat<'a, K: Clone + Eq + Hash, V: Clone> {
    shared: &'a Shared<K, V>,
    key: K,
    cell: Arc<OnceCell<V>>,
}

impl<K: Clone + Eq + Hash, V: Clone> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut open = self.shared.open();
        // Two hold the cell when the last one leaves: the map and this seat.
        let over = self.cell.initialized() || Arc::strong_count(&self.cell) <= 2;
        if over
            && open
                .get(&self.key)
                .is_some_and(|cell| Arc::ptr_eq(cell, &self.cell))
        {
            open.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn those_who_ask_at_once_share() {
        let shared = Arc::new(Shared::<u8, u32>::default());
        let (runs, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let join = || {
            let (shared, runs, go) = (shared.clone(), runs.clone(), go.clone());
            tokio::spawn(async move {
                let exchange = async {
                    go.notified().await;
                    runs.fetch_add(1, Relaxed)
                };
                shared.join(1, exchange).await
            })
        };
        let callers: Vec<_> = (0..50).map(|_| join()).collect();
        tokio::task::yield_now().await;
        go.notify_one();
        for caller in callers {
            assert_eq!(caller.await.unwrap(), 0);
        }
        assert!(shared.open().is_empty());
        // Whoever comes later asks again.
        go.notify_one();
        assert_eq!(join().await.unwrap(), 1);
    }

    #[tokio::test]
    async fn whoever_gives_up_is_succeeded() {
        let shared = Arc::new(Shared::<u8, u32>::default());
        let first = {
            let shared = shared.clone();
            tokio::spawn(async move { shared.join(1, std::future::pending()).await })
        };
        tokio::task::yield_now().await;
        let second = {
            let shared = shared.clone();
            tokio::spawn(async move { shared.join(1, async { 7 }).await })
        };
        tokio::task::yield_now().await;
        first.abort();
        assert!(first.await.is_err());
        assert_eq!(second.await.unwrap(), 7);
        assert!(shared.open().is_empty());
    }
}
