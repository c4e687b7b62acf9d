//! Random sequences of operations: every backend answers as the model does.

use std::collections::HashMap;

use super::*;

const STEPS: u32 = 2_500;

/// What storage is, said in the fewest words.
#[derive(Default)]
struct Model {
    entries: HashMap<Vec<u8>, (Vec<u8>, u64)>,
    /// The latest second that the backend was told.
    latest: u64,
}

/// What the model says of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    Absent,
    Live(Vec<u8>),
    /// It had ended, and then the clock stepped back: gone or not, as the backend likes.
    Either(Vec<u8>),
}

impl Said {
    /// Whether a backend may have found this.
    fn allows(&self, found: Option<&[u8]>) -> bool {
        match (self, found) {
            (Self::Absent | Self::Either(_), None) => true,
            (Self::Live(value) | Self::Either(value), Some(found)) => value == found,
            _ => false,
        }
    }
}

impl Model {
    fn says(&mut self, key: &StorageKey, now: u64) -> Said {
        self.latest = self.latest.max(now);
        match self.entries.get(key.as_bytes()) {
            Some((value, ends)) if *ends > self.latest => Said::Live(value.clone()),
            Some((value, ends)) if *ends > now => Said::Either(value.clone()),
            _ => Said::Absent,
        }
    }

    fn put(&mut self, key: &StorageKey, value: &[u8], ends: u64) {
        let entry = (value.to_vec(), ends);
        self.entries.insert(key.as_bytes().to_vec(), entry);
    }

    fn remove(&mut self, key: &StorageKey) {
        self.entries.remove(key.as_bytes());
    }
}

/// Xorshift: the same numbers every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }
}

#[tokio::test]
async fn every_backend_answers_as_the_model_does() {
    for (name, storage) in backends().await {
        for seed in [1, 2, 3, 4] {
            run(name, &*storage, seed).await;
        }
        println!("state machine, {name}: 4 x {STEPS} operations as the model");
    }
}

async fn run(name: &str, storage: &dyn Storage, seed: u64) {
    let mut numbers = Numbers(seed);
    let mut model = Model::default();
    let ids = [fresh(), fresh()];
    // Later than any run before: one of its sweeps may still be under way.
    let mut now = 1_800_000_000 + seed * 1_000_000;
    for step in 0..STEPS {
        now += match numbers.below(8) {
            0 => numbers.below(700),
            1 | 2 => 1,
            _ => 0,
        };
        // F-40: an administrator, or a daemon, puts the clock right.
        if numbers.below(50) == 0 {
            now -= numbers.below(2_000);
        }
        let id = &ids[numbers.below(2) as usize];
        let bytes = [numbers.below(3) as u8, 0];
        let key = match numbers.below(4) {
            0 => StorageKey::host(id, &bytes),
            _ => key(id, &bytes),
        };
        let at = format!("{name}, seed {seed}, step {step}");
        let said = model.says(&key, now);
        match numbers.below(3) {
            0 => {
                let value = vec![step as u8; numbers.below(40) as usize];
                let ttl = [1, 600, 86_400][numbers.below(3) as usize];
                let put = storage.put_if_absent(&key, &value, now, ttl).await.unwrap();
                match said {
                    Said::Absent => assert!(put, "{at}: put"),
                    Said::Live(_) => assert!(!put, "{at}: put"),
                    Said::Either(_) => {}
                }
                if put {
                    model.put(&key, &value, now + u64::from(ttl));
                }
            }
            1 => {
                let taken = storage.take(&key, now).await.unwrap();
                assert!(
                    said.allows(taken.as_deref()),
                    "{at}: take {taken:?}, {said:?}"
                );
                if said != Said::Absent {
                    model.remove(&key); // what has ended may still be there when the clock steps back
                }
            }
            _ => {
                let found = storage.get(&key, now).await.unwrap();
                assert!(
                    said.allows(found.as_deref()),
                    "{at}: get {found:?}, {said:?}"
                );
                if said != Said::Absent && found.is_none() {
                    model.remove(&key);
                }
            }
        }
    }
}
