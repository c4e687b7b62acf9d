//! Values that are held under an unpredictable name until they expire.

use std::collections::HashMap;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::org::random;

/// More than a development session needs; when full, nothing more is held.
const MAX_HELD: usize = 50_000;

/// A table of values with an end of life each.
pub(super) struct Held<T> {
    values: HashMap<String, (u64, T)>,
    lifetime: u64,
}

impl<T: Clone> Held<T> {
    /// Each value lives for `lifetime` seconds.
    pub(super) fn new(lifetime: u64) -> Self {
        Self {
            values: HashMap::new(),
            lifetime,
        }
    }

    /// Holds `value` and answers with its name: 32 random bytes in base64url.
    pub(super) fn hold(&mut self, now: u64, value: T) -> String {
        if self.values.len() >= MAX_HELD {
            self.values.retain(|_, (end, _)| now < *end);
        }
        let name = BASE64_URL_SAFE_NO_PAD.encode(random::<32>());
        if self.values.len() < MAX_HELD {
            self.values
                .insert(name.clone(), (now.saturating_add(self.lifetime), value));
        }
        name
    }

    /// The value, for as long as it lives.
    pub(super) fn read(&self, now: u64, name: &str) -> Option<T> {
        self.values
            .get(name)
            .filter(|(end, _)| now < *end)
            .map(|(_, value)| value.clone())
    }

    /// The value, once.
    pub(super) fn take(&mut self, now: u64, name: &str) -> Option<T> {
        self.values
            .remove(name)
            .filter(|(end, _)| now < *end)
            .map(|(_, value)| value)
    }
}
