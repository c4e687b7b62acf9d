//! The organisation's signing keys.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use openidconnect::{
    JsonWebKey, JsonWebKeySet, PrivateSigningKey, SigningError,
    core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm},
};
use serde_json::json;

use super::org::random;

/// Why no signing key could be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The cryptographic library refused to generate a key.
    #[error("no signing key could be generated")]
    Generate,
    /// The public half could not be written as a JSON Web Key.
    #[error("the generated key could not be published")]
    Publish,
}

/// An RSA key of 2048 bits with its published half.
pub(super) struct SigningKey {
    pair: RsaKeyPair,
    public: CoreJsonWebKey,
}

impl SigningKey {
    fn generate() -> Result<Self, KeyError> {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Generate)?;
        let (modulus, exponent) =
            public_numbers(pair.public_key().as_ref()).ok_or(KeyError::Publish)?;
        let kid = BASE64_URL_SAFE_NO_PAD.encode(random::<32>());
        // Through JSON, as `CoreJsonWebKey` has no other way to say `alg`.
        let public = serde_json::from_value(json!({
            "kty": "RSA",
            "alg": "RS256",
            "kid": kid,
            "use": "sig",
            "e": BASE64_URL_SAFE_NO_PAD.encode(exponent),
            "n": BASE64_URL_SAFE_NO_PAD.encode(modulus),
        }))
        .map_err(|_| KeyError::Publish)?;
        Ok(Self { pair, public })
    }
}

impl SigningKey {
    pub(super) fn kid(&self) -> String {
        self.public
            .key_id()
            .map_or_else(String::new, |kid| kid.to_string())
    }
}

impl PrivateSigningKey for SigningKey {
    type VerificationKey = CoreJsonWebKey;

    fn sign(
        &self,
        algorithm: &CoreJwsSigningAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, SigningError> {
        // Okta: ID tokens are always signed with RS256.
        if *algorithm != CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256 {
            return Err(SigningError::UnsupportedAlg(format!("{algorithm:?}")));
        }
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| SigningError::CryptoError)?;
        Ok(signature)
    }

    fn as_verification_key(&self) -> CoreJsonWebKey {
        self.public.clone()
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 A.1.1), without leading zeros.
fn public_numbers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    const SEQUENCE: u8 = 0x30;
    const INTEGER: u8 = 0x02;
    let (numbers, _) = der_value(der, SEQUENCE)?;
    let (modulus, rest) = der_value(numbers, INTEGER)?;
    let (exponent, _) = der_value(rest, INTEGER)?;
    Some((modulus.strip_prefix(&[0]).unwrap_or(modulus), exponent))
}

/// The value of the first element, which must have `tag`, and what follows it.
fn der_value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let [found, length, rest @ ..] = der else {
        return None;
    };
    if *found != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7f => (usize::from(*length), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
            (
                bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte)),
                rest,
            )
        }
    };
    rest.split_at_checked(length)
}

/// The key that signs and the one before it, both published; retired ones are kept to recognise
/// the tokens that they signed.
pub(super) struct KeyRing(RwLock<Keys>);

struct Keys {
    current: Arc<SigningKey>,
    previous: Arc<SigningKey>,
    retired: Vec<CoreJsonWebKey>,
}

/// More rotations than a development session sees.
const MAX_RETIRED: usize = 16;

impl KeyRing {
    pub(super) fn generate() -> Result<Self, KeyError> {
        Ok(Self(RwLock::new(Keys {
            current: Arc::new(SigningKey::generate()?),
            previous: Arc::new(SigningKey::generate()?),
            retired: Vec::new(),
        })))
    }

    pub(super) fn rotate(&self) -> Result<(), KeyError> {
        let new = Arc::new(SigningKey::generate()?);
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let previous = std::mem::replace(&mut keys.current, new);
        let retired = std::mem::replace(&mut keys.previous, previous);
        if keys.retired.len() == MAX_RETIRED {
            keys.retired.remove(0);
        }
        keys.retired.push(retired.as_verification_key());
        Ok(())
    }

    /// The key that signs now.
    pub(super) fn current(&self) -> Arc<SigningKey> {
        Arc::clone(&self.read().current)
    }

    /// The published key set.
    pub(super) fn published(&self) -> CoreJsonWebKeySet {
        let keys = self.read();
        JsonWebKeySet::new(vec![
            keys.previous.as_verification_key(),
            keys.current.as_verification_key(),
        ])
    }

    /// Published and retired keys.
    pub(super) fn known(&self) -> Vec<CoreJsonWebKey> {
        let keys = self.read();
        let mut known = keys.retired.clone();
        known.push(keys.previous.as_verification_key());
        known.push(keys.current.as_verification_key());
        known
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Keys> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
