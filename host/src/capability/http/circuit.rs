//! A provider that is down is asked now and then, and not by everybody.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Failures in a row that open a circuit.
const FAILURES: u32 = 5;
/// How long it stays open before one request may try.
const OPEN: Duration = Duration::from_secs(10);
const MOST: usize = 10_000;

/// One circuit for each connection that has failed lately.
#[derive(Default)]
pub(super) struct Circuits(Mutex<HashMap<String, Circuit>>);

struct Circuit {
    failures: u32,
    last: Instant,
    trying: bool,
}

/// Leave to ask. Dropped without a word, nothing was learnt.
pub(super) struct Pass<'a> {
    circuits: &'a Circuits,
    id: &'a str,
    trial: bool,
}

impl Circuits {
    /// Leave to ask this connection's provider; none while its circuit is open.
    pub(super) fn enter<'a>(&'a self, id: &'a str, now: Instant) -> Option<Pass<'a>> {
        let mut trial = false;
        if let Some(circuit) = self.open().get_mut(id)
            && circuit.failures >= FAILURES
        {
            if circuit.trying || now.duration_since(circuit.last) < OPEN {
                return None;
            }
            circuit.trying = true;
            trial = true;
        }
        Some(Pass {
            circuits: self,
            id,
            trial,
        })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<String, Circuit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pass<'_> {
    /// The provider answered.
    pub(super) fn answered(self) {
        self.circuits.open().remove(self.id);
    }

    /// It did not. True when this opened the circuit.
    pub(super) fn failed(self, now: Instant) -> bool {
        let mut circuits = self.circuits.open();
        if circuits.len() >= MOST {
            circuits.retain(|_, circuit| now.duration_since(circuit.last) < OPEN);
        }
        let circuit = circuits.entry(self.id.to_owned()).or_insert(Circuit {
            failures: 0,
            last: now,
            trying: false,
        });
        // Requests that were under way when it opened tell nothing new, and must not keep it open.
        if circuit.failures < FAILURES || self.trial {
            circuit.last = now;
        }
        circuit.failures = circuit.failures.saturating_add(1);
        circuit.failures == FAILURES
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        if self.trial
            && let Some(circuit) = self.circuits.open().get_mut(self.id)
        {
            circuit.trying = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(circuits: &Circuits, times: u32, now: Instant) {
        for _ in 0..times {
            circuits.enter("a", now).unwrap().failed(now);
        }
    }

    /// F-01: what fails late does not put the next try off.
    #[test]
    fn requests_under_way_when_it_opens_do_not_keep_it_open() {
        let (circuits, now) = (Circuits::default(), Instant::now());
        let late = circuits.enter("a", now).unwrap();
        fail(&circuits, FAILURES, now);
        late.failed(now + OPEN - Duration::from_millis(1));
        let trial = circuits.enter("a", now + OPEN).unwrap();
        assert!(circuits.enter("a", now + OPEN).is_none(), "one tries");
        trial.failed(now + OPEN);
        let next = now + OPEN + OPEN;
        assert!(
            circuits
                .enter("a", next - Duration::from_millis(1))
                .is_none()
        );
        assert!(circuits.enter("a", next).is_some());
    }

    #[test]
    fn five_failures_in_a_row_open_it() {
        let (circuits, now) = (Circuits::default(), Instant::now());
        fail(&circuits, 4, now);
        circuits.enter("a", now).unwrap().answered();
        fail(&circuits, 4, now);
        let fifth = circuits.enter("a", now).unwrap();
        assert!(fifth.failed(now), "the fifth opens it");
        assert!(circuits.enter("a", now).is_none());
        assert!(
            circuits.enter("b", now).is_some(),
            "others are not concerned"
        );
    }

    #[test]
    fn one_tries_after_ten_seconds() {
        let (circuits, start) = (Circuits::default(), Instant::now());
        fail(&circuits, 5, start);
        assert!(
            circuits
                .enter("a", start + OPEN - Duration::from_millis(1))
                .is_none()
        );
        let now = start + OPEN;
        let trial = circuits.enter("a", now).unwrap();
        assert!(circuits.enter("a", now).is_none(), "one at a time");
        trial.failed(now);
        assert!(
            circuits.enter("a", now).is_none(),
            "open for ten seconds more"
        );
        let now = now + OPEN;
        drop(circuits.enter("a", now).unwrap()); // given up: the next one tries
        circuits.enter("a", now).unwrap().answered();
        assert!(circuits.enter("a", now).is_some());
        assert!(circuits.open().is_empty());
    }
}
