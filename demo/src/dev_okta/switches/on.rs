//! Which misbehaviours are on.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Change, Switch};

/// Which switches are on.
#[derive(Debug, Default)]
pub struct Switches([AtomicU64; 2]);

impl Switches {
    /// Turns `switch` on; takes effect with the next request.
    pub fn turn_on(&self, switch: Switch) {
        let (word, bit) = self.place(switch);
        word.fetch_or(bit, Ordering::SeqCst);
    }

    /// Turns `switch` off.
    pub fn turn_off(&self, switch: Switch) {
        let (word, bit) = self.place(switch);
        word.fetch_and(!bit, Ordering::SeqCst);
    }

    /// Turns every switch off.
    pub fn turn_all_off(&self) {
        for word in &self.0 {
            word.store(0, Ordering::SeqCst);
        }
    }

    /// Whether `switch` is on.
    #[must_use]
    pub fn is_on(&self, switch: Switch) -> bool {
        let (word, bit) = self.place(switch);
        word.load(Ordering::SeqCst) & bit != 0
    }

    /// What those that are on change, in the order of [`Switch::ALL`].
    pub(in crate::dev_okta) fn changes(&self) -> impl Iterator<Item = Change> {
        let on = Switch::ALL.iter().filter(|switch| self.is_on(**switch));
        on.map(|switch| switch.change())
    }

    fn place(&self, switch: Switch) -> (&AtomicU64, u64) {
        let [low, high] = &self.0;
        let (at, bits) = (switch as u32, u64::BITS);
        if at < bits {
            (low, 1 << at)
        } else {
            (high, 1 << (at - bits))
        }
    }
}

const _: () = assert!(
    Switch::ALL.len() <= 2 * u64::BITS as usize,
    "one bit for each switch"
);
