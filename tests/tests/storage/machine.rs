//! Random sequences of operations: every backend answers as the model does.

use std::collections::HashMap;

use okta_sso_host::StorageError;

use super::*;

const STEPS: u32 = 2_500;

/// What storage is, said in the fewest words.
#[derive(Default)]
struct Model(HashMap<Vec<u8>, (Vec<u8>, u64)>);

impl Model {
    fn get(&self, key: &StorageKey, now: u64) -> Option<Vec<u8>> {
        let (value, ends) = self.0.get(key.as_bytes())?;
        (*ends > now).then(|| value.clone())
    }

    fn put_if_absent(&mut self, key: &StorageKey, value: &[u8], now: u64, ttl: u32) -> bool {
        if self.get(key, now).is_some() {
            return false;
        }
        let entry = (value.to_vec(), now + u64::from(ttl));
        self.0.insert(key.as_bytes().to_vec(), entry);
        true
    }

    /// An entry that has ended is gone or not, as the backend likes: a clock that steps back may tell.
    fn take(&mut self, key: &StorageKey, now: u64) -> Option<Vec<u8>> {
        let live = self.get(key, now)?;
        self.0.remove(key.as_bytes());
        Some(live)
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
    let mut now = 1_800_000_000;
    for step in 0..STEPS {
        now += match numbers.below(8) {
            0 => numbers.below(700),
            1 | 2 => 1,
            _ => 0,
        };
        let id = &ids[numbers.below(2) as usize];
        let bytes = [numbers.below(3) as u8, 0];
        let key = match numbers.below(4) {
            0 => StorageKey::host(id, &bytes),
            _ => key(id, &bytes),
        };
        let at = format!("{name}, seed {seed}, step {step}");
        match numbers.below(3) {
            0 => {
                let value = vec![step as u8; numbers.below(40) as usize];
                let ttl = [1, 600, 86_400][numbers.below(3) as usize];
                let expected = model.put_if_absent(&key, &value, now, ttl);
                let found = storage.put_if_absent(&key, &value, now, ttl).await;
                assert_eq!(found, Ok::<_, StorageError>(expected), "{at}: put");
            }
            1 => {
                let expected = model.take(&key, now);
                assert_eq!(storage.take(&key, now).await, Ok(expected), "{at}: take");
            }
            _ => {
                let expected = model.get(&key, now);
                assert_eq!(storage.get(&key, now).await, Ok(expected), "{at}: get");
            }
        }
    }
}
