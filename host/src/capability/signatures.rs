//! Public-key signature checks.

use crate::contract::Algorithm;

/// Checks one signature with one public key.
pub trait Signatures: Send + Sync {
    /// Verifies `signature` over `message` with `jwk`, the JSON text of one key of RFC 7517.
    fn verify(
        &self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError>;
}

/// Why a signature does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Malformed, not of the algorithm's kind, or outside the bounds of `wit/signatures.wit`.
    #[error("unusable key")]
    UnusableKey,
    /// The key is sound and the signature is not its signature of the message.
    #[error("signature mismatch")]
    Mismatch,
}

/// Checks with `aws-lc-rs`.
#[derive(Clone, Copy, Debug, Default)]
pub struct AwsLcSignatures;

impl Signatures for AwsLcSignatures {
    fn verify(
        &self,
        _algorithm: Algorithm,
        _jwk: &str,
        _message: &[u8],
        _signature: &[u8],
    ) -> Result<(), SignatureError> {
        Err(SignatureError::UnusableKey)
    }
}
