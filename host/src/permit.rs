//! Places in the sandbox: how many calls run at once, in all and for one connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::error::Limit;
use crate::limits::Limits;

/// Hands out places.
///
/// Calls for a connection may wait for its provider, so they share three quarters of all places; the rest stays to
/// calls that wait for nobody. Of what they share, a third goes to connections that hold no place yet, and of the others
/// none holds more than is free (the dynamic threshold of Choudhury and Hahne, "Dynamic queue length thresholds for
/// shared-memory packet switches", 1998): some twenty that hang cannot keep out another one. The calls of one connection are
/// served in their order; between connections, whoever asks when a place is free.
pub(crate) struct Places {
    all: Arc<Semaphore>,
    places: usize,
    waited: AtomicU64,
    each: usize,
    queue: Duration,
    shared: Arc<Shared>,
}

/// What calls for connections take from.
struct Shared {
    held: Mutex<Held>,
    /// A place came back.
    returned: Notify,
}

struct Held {
    free: usize,
    /// Of the free ones, those for connections that hold none.
    firsts: usize,
    by: HashMap<String, Own>,
}

/// One connection's.
struct Own {
    /// As many as it may hold at all. Whoever waits for one of these is woken by its own connection alone.
    line: Arc<Semaphore>,
    held: usize,
}

impl Held {
    /// Gives a place to a connection that stands in its line; false when there is none for it.
    fn give_to(&mut self, id: &str) -> bool {
        let Some(own) = self.by.get_mut(id) else {
            return false; // it would not be in its line
        };
        let given = match own.held {
            0 => self.free > 0,
            held => held < self.free.saturating_sub(self.firsts),
        };
        if given {
            own.held += 1;
            self.free -= 1;
        }
        given
    }
}

impl Shared {
    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How full the sandbox is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Occupancy {
    /// Calls that run now.
    pub busy: usize,
    /// Calls that may run at once.
    pub places: usize,
    /// Calls so far that found no place at once, although their connection held fewer than it may alone: they waited
    /// for others.
    pub waited: u64,
}

/// A place, given back when dropped.
pub(crate) struct Place {
    _all: OwnedSemaphorePermit,
    /// Given back after the other, so that whoever is woken by it finds both.
    _share: Option<Share>,
}

/// A connection's part of what they share.
struct Share {
    of: Arc<Shared>,
    connection_id: String,
    _line: OwnedSemaphorePermit,
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut held = self.of.held();
        held.free += 1;
        if let Some(own) = held.by.get_mut(&self.connection_id) {
            own.held -= 1;
        }
        drop(held);
        self.of.returned.notify_waiters();
    }
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Self {
        let places = limits.concurrent as usize;
        let free = places - places / 4;
        let held = Held {
            free,
            firsts: free / 3,
            by: HashMap::new(),
        };
        Self {
            all: Arc::new(Semaphore::new(places)),
            places,
            waited: AtomicU64::new(0),
            each: limits.concurrent_per_connection as usize,
            queue: limits.queue,
            shared: Arc::new(Shared {
                held: Mutex::new(held),
                returned: Notify::new(),
            }),
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

    /// Waits for a place for at most the queue's time. Whoever names no connection must wait for nobody outside while
    /// holding it.
    pub(crate) async fn take(&self, connection_id: Option<&str>) -> Result<Place, Limit> {
        timeout(self.queue, async {
            let mut waited = false;
            let share = match connection_id {
                Some(id) => Some(self.share(id, &mut waited).await?),
                None => None,
            };
            let all = match Arc::clone(&self.all).try_acquire_owned() {
                Ok(place) => place,
                Err(_) => {
                    self.count(&mut waited);
                    let place = Arc::clone(&self.all).acquire_owned().await;
                    place.map_err(|_| Limit::Busy)?
                }
            };
            Ok(Place {
                _all: all,
                _share: share,
            })
        })
        .await
        .unwrap_or(Err(Limit::Busy))
    }

    /// A part of what connections share, once there is one for this one.
    async fn share(&self, id: &str, waited: &mut bool) -> Result<Share, Limit> {
        let line = self.line(id).acquire_owned().await;
        let line = line.map_err(|_| Limit::Busy)?;
        loop {
            // Listens before it looks, so that nothing comes back unnoticed in between.
            let returned = self.shared.returned.notified();
            if self.shared.held().give_to(id) {
                return Ok(Share {
                    of: Arc::clone(&self.shared),
                    connection_id: id.to_owned(),
                    _line: line,
                });
            }
            self.count(waited);
            returned.await;
        }
    }

    /// Where the calls of one connection wait for one another.
    fn line(&self, id: &str) -> Arc<Semaphore> {
        let mut held = self.shared.held();
        if held.by.len() > 1_000 {
            held.by
                .retain(|_, own| own.held > 0 || Arc::strong_count(&own.line) > 1); // permits count as well
        }
        let own = held.by.entry(id.to_owned()).or_insert_with(|| Own {
            line: Arc::new(Semaphore::new(self.each)),
            held: 0,
        });
        Arc::clone(&own.line)
    }

    /// One call that waits for others, however often it looks.
    fn count(&self, waited: &mut bool) {
        if !std::mem::replace(waited, true) {
            self.waited.fetch_add(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(concurrent: u32, each: u32) -> Places {
        Places::new(&Limits {
            concurrent,
            concurrent_per_connection: each,
            queue: Duration::ZERO,
            ..Limits::default()
        })
    }

    /// Takes as many as it gets.
    async fn all_of(places: &Places, id: &str) -> Vec<Place> {
        let mut taken = Vec::new();
        while let Ok(place) = places.take(Some(id)).await {
            taken.push(place);
        }
        taken
    }

    #[tokio::test]
    async fn one_connection_leaves_places_to_the_others() {
        let places = places(64, 16);
        let mut first = all_of(&places, "a").await;
        assert_eq!(first.len(), 16);
        assert_eq!(places.occupancy().waited, 0, "for its own connection alone");
        assert!(places.take(Some("b")).await.is_ok());
        first.pop();
        assert!(places.take(Some("a")).await.is_ok());
    }

    /// T38: neither those that wait for nobody nor one more connection are kept out by others that hang.
    #[tokio::test]
    async fn twenty_that_hang_leave_a_place_to_another_one() {
        let places = places(64, 16);
        let mut hanging = Vec::new();
        for connection in 0..20 {
            let id = format!("hangs-{connection}");
            let taken = all_of(&places, &id).await;
            assert!(!taken.is_empty(), "{id} of {}", hanging.len());
            hanging.extend(taken);
        }
        assert!(places.occupancy().waited > 0);
        hanging.push(places.take(Some("works")).await.ok().unwrap());
        let mut pure = Vec::new();
        while let Ok(place) = places.take(None).await {
            pure.push(place);
        }
        assert!(pure.len() >= 16, "{}", pure.len());
        assert_eq!(pure.len() + hanging.len(), 64);
        assert_eq!(places.occupancy().busy, 64);
    }

    /// In the line of its own connection, which is counted for nobody, and for what all share.
    #[tokio::test]
    async fn whoever_waits_is_served_when_a_place_comes_back() {
        for (each, counted) in [(1, 0), (3, 1)] {
            // Three are shared, one of them for a connection that holds none.
            let places = Arc::new(Places::new(&Limits {
                concurrent: 4,
                concurrent_per_connection: each,
                queue: Duration::from_secs(10),
                ..Limits::default()
            }));
            let first = places.take(Some("a")).await.ok().unwrap();
            let waits = tokio::spawn({
                let places = Arc::clone(&places);
                async move { places.take(Some("a")).await.is_ok() }
            });
            tokio::task::yield_now().await; // one thread: it goes as far as it can
            assert!(!waits.is_finished(), "{each}");
            assert_eq!(places.occupancy().waited, counted, "{each}");
            drop(first);
            assert!(waits.await.unwrap(), "{each}");
            assert_eq!(places.shared.held().free, 3, "{each}");
        }
    }
}
