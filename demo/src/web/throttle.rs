//! How often something may be tried: a bucket for each address and each account.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::token;

/// The buckets of one process. Machines that share a database have their own each: a bucket protects a process before it
/// protects an account, and a stranger's try costs the database no write. So many machines grant so many times the tries.
pub(crate) struct Throttles {
    /// Wrong passwords from one address: 20, and one more every 3 seconds.
    pub(super) addresses: Throttle,
    /// Wrong passwords for one account: 10, and one more every minute.
    pub(super) accounts: Throttle,
    /// Attempts to sign in with Okta that begin at one address: 100, for an office comes in at the same hour, and
    /// one more every second.
    pub(super) starts: Throttle,
    /// Returns from Okta that come to nothing, from one address: as many.
    pub(super) returns: Throttle,
}

impl Default for Throttles {
    fn default() -> Self {
        Self {
            addresses: Throttle::new(20, 3),
            accounts: Throttle::new(10, 60),
            starts: Throttle::new(100, 1),
            returns: Throttle::new(100, 1),
        }
    }
}

/// One bucket for each key: it holds `burst` tries and gains one every `seconds`.
pub(super) struct Throttle {
    burst: i64,
    seconds: i64,
    /// When each bucket will be full again, by the SHA-256 of its key: a key may be whatever somebody typed. A full one is
    /// not kept.
    full_at: Mutex<HashMap<Vec<u8>, i64>>,
}

/// The most buckets that are kept; beyond them those that are fullest are forgotten.
const MOST: usize = 20_000;

impl Throttle {
    fn new(burst: i64, seconds: i64) -> Self {
        Self {
            burst,
            seconds,
            full_at: Mutex::new(HashMap::new()),
        }
    }

    /// Takes one try of `key`, or says in how many seconds there will be one.
    pub(super) fn take(&self, key: &str, now: i64) -> Result<(), i64> {
        let key = token::hash(key);
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = full_at.get(&key).map_or(now, |at| *at.max(&now));
        let after = before + self.seconds;
        let most = now + self.burst * self.seconds;
        if after > most {
            return Err(after - most);
        }
        if full_at.len() >= MOST {
            full_at.retain(|_, at| *at > now);
        }
        if full_at.len() >= MOST {
            let mut ends: Vec<_> = full_at.values().copied().collect();
            let (_, middle, _) = ends.select_nth_unstable(MOST / 2);
            let middle = *middle;
            full_at.retain(|_, at| *at > middle);
        }
        full_at.insert(key, after);
        Ok(())
    }

    /// Gives a try back that turned out to be a good one.
    pub(super) fn give_back(&self, key: &str) {
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = full_at.get_mut(&token::hash(key)) {
            *at -= self.seconds;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_by_the_clock() {
        let throttle = Throttle::new(3, 10);
        for _ in 0..3 {
            assert_eq!(throttle.take("a", 100), Ok(()));
        }
        assert_eq!(throttle.take("a", 100), Err(10));
        assert_eq!(throttle.take("a", 109), Err(1));
        assert_eq!(throttle.take("a", 110), Ok(()));
        assert_eq!(throttle.take("a", 110), Err(10));
        assert_eq!(throttle.take("b", 110), Ok(()), "each key has its own");
        throttle.give_back("a");
        assert_eq!(throttle.take("a", 110), Ok(()));
    }

    #[test]
    fn a_long_key_takes_no_more_room_than_a_short_one() {
        let throttle = Throttle::new(1, 10);
        for key in ["a".repeat(64 * 1024), "a".to_owned()] {
            throttle.take(&key, 100).unwrap();
            assert!(throttle.take(&key, 100).is_err());
        }
        let kept = throttle.full_at.lock().unwrap();
        assert_eq!(kept.keys().map(Vec::len).collect::<Vec<_>>(), [32, 32]);
    }

    #[test]
    fn a_flood_of_keys_is_bounded_and_frees_nobody_who_is_out_of_tries() {
        let throttle = Throttle::new(3, 10);
        for _ in 0..3 {
            throttle.take("guessing", 100).unwrap();
        }
        for key in 0..3 * MOST {
            throttle.take(&key.to_string(), 100).unwrap();
        }
        assert!(throttle.full_at.lock().unwrap().len() <= MOST);
        assert!(throttle.take("guessing", 100).is_err());
    }
}
