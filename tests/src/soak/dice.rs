//! Chance that a seed repeats.

use fastrand::Rng;

pub(super) struct Dice(Rng);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// Less than `bound`.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0.usize(..bound)
    }

    pub(super) fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Dice of one's own, so that nobody's throws depend on how many others made.
    pub(super) fn split(&mut self) -> Self {
        Self(self.0.fork())
    }
}
