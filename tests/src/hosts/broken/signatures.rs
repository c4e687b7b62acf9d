//! Signature checks that take what they must not.

use std::sync::Arc;

use aws_lc_rs::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_sso_host::contract::Algorithm;
use okta_sso_host::{SignatureError, Signatures};
use serde::Deserialize;
use serde_json::Value;

/// How signature checks are wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignaturesFault {
    /// Every signature of a sound key holds.
    EveryOneHolds,
    /// A signature of zeros holds.
    ZerosHold,
    /// A key that cannot be used is told as a mismatch.
    UnusableIsMismatch,
    /// ECDSA signatures may be DER.
    DerTaken,
    /// A byte after the signature is not looked at.
    LongSignaturesCut,
    /// RSA keys may have 1024 bits.
    SmallKeysTaken,
    /// `use` and `alg` of a key are not looked at.
    PurposeUnread,
}

pub(super) struct Verified {
    pub(super) right: Arc<dyn Signatures>,
    pub(super) fault: SignaturesFault,
}

impl Signatures for Verified {
    fn verify(
        &self,
        algorithm: Algorithm,
        jwk: &str,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let right =
            |jwk: &str, signature: &[u8]| self.right.verify(algorithm, jwk, message, signature);
        let verdict = right(jwk, signature);
        let Err(error) = verdict else {
            return verdict;
        };
        match (self.fault, error) {
            (SignaturesFault::EveryOneHolds, SignatureError::Mismatch) => Ok(()),
            (SignaturesFault::ZerosHold, SignatureError::Mismatch)
                if signature.iter().all(|byte| *byte == 0) =>
            {
                Ok(())
            }
            (SignaturesFault::UnusableIsMismatch, _) => Err(SignatureError::Mismatch),
            (SignaturesFault::DerTaken, SignatureError::Mismatch) => {
                let half = match algorithm {
                    Algorithm::Es256 => 32,
                    Algorithm::Es384 => 48,
                    _ => return verdict,
                };
                side_by_side(signature, half).map_or(verdict, |signature| right(jwk, &signature))
            }
            (SignaturesFault::LongSignaturesCut, SignatureError::Mismatch) => signature
                .split_last()
                .map_or(verdict, |(_, signature)| right(jwk, signature)),
            (SignaturesFault::SmallKeysTaken, SignatureError::UnusableKey) => {
                holds_for_small_key(jwk, message, signature).ok_or(error)
            }
            (SignaturesFault::PurposeUnread, SignatureError::UnusableKey) => {
                let mut key: Value = serde_json::from_str(jwk).map_err(|_| error)?;
                let members = key.as_object_mut().ok_or(error)?;
                members.retain(|name, _| name != "use" && name != "alg");
                right(&key.to_string(), signature)
            }
            _ => verdict,
        }
    }
}

/// The two integers of a DER signature of RFC 3279 section 2.2.3, as RFC 7518 wants them.
fn side_by_side(der: &[u8], half: usize) -> Option<Vec<u8>> {
    let rest = der.strip_prefix(&[0x30])?.get(1..)?;
    let (r, rest) = integer(rest, half)?;
    let (s, _) = integer(rest, half)?;
    Some([r, s].concat())
}

/// The first integer, of `length` bytes, and what comes after it.
fn integer(der: &[u8], length: usize) -> Option<(Vec<u8>, &[u8])> {
    let rest = der.strip_prefix(&[0x02])?;
    let (size, rest) = rest.split_first()?;
    let (digits, rest) = rest.split_at_checked(usize::from(*size))?;
    let digits = digits.strip_prefix(&[0]).unwrap_or(digits);
    let zeros = vec![0; length.checked_sub(digits.len())?];
    Some(([&zeros, digits].concat(), rest))
}

/// Whether the signature is of an RSA key of 1024 bits or more, over SHA-256.
fn holds_for_small_key(jwk: &str, message: &[u8], signature: &[u8]) -> Option<()> {
    let key: Value = serde_json::from_str(jwk).ok()?;
    let number = |name: &str| URL_SAFE_NO_PAD.decode(key[name].as_str()?).ok();
    let (n, e) = (number("n")?, number("e")?);
    let key = RsaPublicKeyComponents { n: &n, e: &e };
    let verdict = key.verify(
        &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        message,
        signature,
    );
    verdict.ok()
}
