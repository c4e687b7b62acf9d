//! Public-key signature checks: `openidconnect`'s key trait, with `aws-lc-rs` doing the arithmetic.

mod key;
mod prepared;

use self::prepared::Prepared;
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

/// Checks with `aws-lc-rs`. A key is read and made ready once for many signatures.
#[derive(Debug, Default)]
pub struct AwsLcSignatures(Prepared);

impl Signatures for AwsLcSignatures {
    fn verify(
        &self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let key = self.0.key(algorithm, jwk)?;
        key.verify_sig(message, signature)
            .map_err(|_| SignatureError::Mismatch)
    }
}
