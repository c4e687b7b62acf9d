//! A bounded map in memory, shared fairly between scopes.

use std::collections::{BTreeMap, HashMap};

/// Entries by scope and key, which end at a second of the caller's clock.
///
/// When full, the oldest entry of the scope that holds the most gives way, the most of what is scarce, entries or bytes:
/// one scope's flood is its own loss.
pub(crate) struct Bounded {
    most_entries: usize,
    most_bytes: usize,
    entries: HashMap<Box<[u8]>, Entry>,
    bytes: usize,
    scopes: HashMap<Box<[u8]>, Share>,
    by_end: BTreeMap<(u64, u64), Box<[u8]>>,
    next: u64,
}

/// What one scope holds.
#[derive(Default)]
struct Share {
    /// Oldest first.
    keys: BTreeMap<u64, Box<[u8]>>,
    bytes: usize,
}

struct Entry {
    value: Vec<u8>,
    scope: Box<[u8]>,
    ends: u64,
    number: u64,
}

impl Bounded {
    pub(crate) fn new(most_entries: usize, most_bytes: usize) -> Self {
        Self {
            most_entries,
            most_bytes,
            entries: HashMap::new(),
            bytes: 0,
            scopes: HashMap::new(),
            by_end: BTreeMap::new(),
            next: 0,
        }
    }

    pub(crate) fn get(&self, key: &[u8], now: u64) -> Option<&[u8]> {
        let entry = self.entries.get(key)?;
        (entry.ends > now).then_some(entry.value.as_slice())
    }

    pub(crate) fn remove(&mut self, key: &[u8], now: u64) -> Option<Vec<u8>> {
        let (key, entry) = self.entries.remove_entry(key)?;
        let size = key.len() + entry.value.len();
        self.bytes -= size;
        self.by_end.remove(&(entry.ends, entry.number));
        if let Some(scope) = self.scopes.get_mut(&entry.scope) {
            scope.bytes -= size;
            scope.keys.remove(&entry.number);
            if scope.keys.is_empty() {
                self.scopes.remove(&entry.scope);
            }
        }
        (entry.ends > now).then_some(entry.value)
    }

    /// Replaces what was there; false when it can never fit.
    pub(crate) fn insert(
        &mut self,
        scope: &[u8],
        key: &[u8],
        value: &[u8],
        now: u64,
        ends: u64,
    ) -> bool {
        let size = key.len() + value.len();
        if size > self.most_bytes || self.most_entries == 0 {
            return false;
        }
        self.remove(key, now);
        while let Some((&(end, _), gone)) = self.by_end.first_key_value()
            && end <= now
        {
            let gone = gone.clone();
            self.remove(&gone, now);
        }
        while self.entries.len() >= self.most_entries {
            if !self.shorten(now, |share| share.keys.len()) {
                return false;
            }
        }
        while self.bytes + size > self.most_bytes {
            if !self.shorten(now, |share| share.bytes) {
                return false;
            }
        }
        let number = self.next;
        self.next += 1;
        let (scope, key): (Box<[u8]>, Box<[u8]>) = (scope.into(), key.into());
        self.bytes += size;
        self.by_end.insert((ends, number), key.clone());
        let share = self.scopes.entry(scope.clone()).or_default();
        share.bytes += size;
        share.keys.insert(number, key.clone());
        self.entries.insert(
            key,
            Entry {
                value: value.to_vec(),
                scope,
                ends,
                number,
            },
        );
        true
    }

    /// Takes the oldest entry from the scope that holds the most; false when there is none.
    fn shorten(&mut self, now: u64, most: impl Fn(&Share) -> usize) -> bool {
        let biggest = self.scopes.values().max_by_key(|share| most(share));
        let Some(oldest) = biggest
            .and_then(|share| share.keys.values().next())
            .cloned()
        else {
            return false;
        };
        self.remove(&oldest, now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_costs_its_own_scope() {
        let mut map = Bounded::new(4, 1_000);
        assert!(map.insert(b"quiet", b"q", b"v", 0, 10));
        for key in 0..100_u8 {
            assert!(map.insert(b"loud", &[key, 0], b"v", 0, 10));
        }
        assert_eq!(map.get(b"q", 0), Some(b"v".as_slice()));
        assert_eq!(map.entries.len(), 4);
        assert_eq!(map.get(&[96, 0], 0), None);
        assert_eq!(map.get(&[97, 0], 0), Some(b"v".as_slice()));
    }

    /// Few large values push out one another, and not the many small ones of somebody else.
    #[test]
    fn a_flood_of_bytes_costs_its_own_scope() {
        let mut map = Bounded::new(1_000, 1_000);
        for key in 0..50_u8 {
            assert!(map.insert(b"quiet", &[key], b"v", 0, 10));
        }
        for key in 100..110_u8 {
            assert!(map.insert(b"loud", &[key], &[0; 400], 0, 10));
        }
        assert!((0..50).all(|key| map.get(&[key], 0).is_some()));
        assert!(map.get(&[109], 0).is_some() && map.get(&[107], 0).is_none());
        assert_eq!(map.scopes[b"loud".as_slice()].bytes, 2 * 401);
    }

    #[test]
    fn bytes_are_bounded_and_given_back() {
        let mut map = Bounded::new(10, 8);
        assert!(!map.insert(b"s", b"k", &[0; 8], 0, 10));
        assert!(map.insert(b"s", b"k", &[0; 7], 0, 10));
        assert!(map.insert(b"s", b"l", &[0; 1], 0, 10));
        assert_eq!(map.get(b"k", 0), None);
        assert!(map.remove(b"l", 0).is_some());
        assert_eq!((map.bytes, map.scopes.len(), map.by_end.len()), (0, 0, 0));
    }

    #[test]
    fn what_has_ended_goes_before_what_lives() {
        let mut map = Bounded::new(2, 1_000);
        assert!(map.insert(b"s", b"a", b"", 0, 100));
        assert!(map.insert(b"s", b"b", b"", 0, 10));
        assert!(map.insert(b"s", b"c", b"", 10, 100));
        assert!(map.get(b"a", 10).is_some() && map.get(b"c", 10).is_some());
    }
}
