//! Random bytes.

/// A cryptographically secure source.
pub trait Random: Send + Sync {
    /// Fills all of `bytes`.
    ///
    /// Errors: when the source has none; the component's call then ends in a trap.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError>;
}

/// The source gave no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no random bytes")]
pub struct RandomError;

/// The operating system's source, by way of `aws-lc-rs`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsRandom;

impl Random for OsRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomError> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| RandomError)
    }
}
