//! Places in the sandbox: how many calls run at once, in all and for one connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Limit;
use crate::limits::Limits;

/// Hands out places.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    places: usize,
    waited: AtomicU64,
    each: usize,
    queue: Duration,
    connections: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// How full the sandbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupancy {
    /// Calls that run now.
    pub busy: usize,
    /// Calls that may run at once.
    pub places: usize,
    /// Calls so far that had a place of their connection's and found none in the sandbox: they waited for others.
    pub waited: u64,
}

/// A place, given back when dropped.
pub(crate) struct Place {
    _connection: Option<OwnedSemaphorePermit>,
    _all: OwnedSemaphorePermit,
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            all: Arc::new(Semaphore::new(limits.concurrent as usize)),
            places: limits.concurrent as usize,
            waited: AtomicU64::new(0),
            each: limits.concurrent_per_connection as usize,
            queue: limits.queue,
            connections: Mutex::default(),
        }
    }

    /// How many are taken at this moment, of how many.
    pub(crate) fn occupancy(&self) -> Occupancy {
        Occupancy {
            busy: self.places.saturating_sub(self.all.available_permits()),
            places: self.places,
            waited: self.waited.load(Relaxed),
        }
    }

    /// Waits for a place for at most the queue's time.
    pub(crate) async fn take(&self, connection_id: Option<&str>) -> Result<Place, Limit> {
        timeout(self.queue, async {
            // The connection's own first: whoever waits for that holds nobody else's place.
            let connection = match connection_id {
                Some(id) => Some(self.of(id).acquire_owned().await.map_err(|_| Limit::Busy)?),
                None => None,
            };
            let all = match Arc::clone(&self.all).try_acquire_owned() {
                Ok(place) => place,
                Err(_) => {
                    self.waited.fetch_add(1, Relaxed);
                    let place = Arc::clone(&self.all).acquire_owned().await;
                    place.map_err(|_| Limit::Busy)?
                }
            };
            Ok(Place {
                _connection: connection,
                _all: all,
            })
        })
        .await
        .unwrap_or(Err(Limit::Busy))
    }

    fn of(&self, id: &str) -> Arc<Semaphore> {
        let mut connections = self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if connections.len() > 1_000 {
            connections.retain(|_, places| Arc::strong_count(places) > 1); // permits count as well
        }
        let fresh = || Arc::new(Semaphore::new(self.each));
        Arc::clone(connections.entry(id.to_owned()).or_insert_with(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_connection_leaves_places_to_the_others() {
        let places = Places::new(&Limits {
            concurrent: 3,
            concurrent_per_connection: 2,
            queue: Duration::ZERO,
            ..Limits::default()
        });
        let first = places.take(Some("a")).await.ok().unwrap();
        let _second = places.take(Some("a")).await.ok().unwrap();
        assert_eq!(places.take(Some("a")).await.err(), Some(Limit::Busy));
        let _third = places.take(Some("b")).await.ok().unwrap();
        assert_eq!(places.occupancy().waited, 0, "for its own connection alone");
        assert_eq!(places.take(None).await.err(), Some(Limit::Busy));
        assert_eq!(places.occupancy().waited, 1);
        drop(first);
        assert!(places.take(Some("a")).await.is_ok());
    }
}
