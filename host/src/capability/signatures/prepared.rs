//! Keys that were made ready before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::signature::ParsedPublicKey;
use openidconnect::core::CoreJwsSigningAlgorithm as Jws;

use super::SignatureError;
use super::key::PublicKey;
use crate::contract::Algorithm;

/// Keys that are kept: a provider signs with one at a time. Some 3 KB each.
const MOST: usize = 1024;

/// SHA-256 of an algorithm and a key's whole text: the same text is the same key, whoever brings it.
type Name = [u8; 32];

/// Reading a key and making it ready takes half as long as checking a signature with it.
#[derive(Debug, Default)]
pub(super) struct Prepared(Mutex<HashMap<Name, Arc<ParsedPublicKey>>>);

impl Prepared {
    /// The key in `jwk` for `algorithm`. What is unusable is not kept.
    pub(super) fn key(
        &self,
        algorithm: Algorithm,
        jwk: &str,
    ) -> Result<Arc<ParsedPublicKey>, SignatureError> {
        let name = name(algorithm, jwk);
        if let Some(key) = self.open().get(&name) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(PublicKey::read(jwk)?.prepare(&jws(algorithm))?);
        let mut keys = self.open();
        if keys.len() >= MOST {
            keys.clear();
        }
        keys.insert(name, Arc::clone(&key));
        Ok(key)
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Name, Arc<ParsedPublicKey>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name(algorithm: Algorithm, jwk: &str) -> Name {
    let mut text = Context::new(&SHA256);
    text.update(&[algorithm as u8]);
    text.update(jwk.as_bytes());
    let mut name = Name::default();
    name.copy_from_slice(text.finish().as_ref());
    name
}

/// The contract's algorithm as `openidconnect` names it.
fn jws(algorithm: Algorithm) -> Jws {
    match algorithm {
        Algorithm::Rs256 => Jws::RsaSsaPkcs1V15Sha256,
        Algorithm::Rs384 => Jws::RsaSsaPkcs1V15Sha384,
        Algorithm::Rs512 => Jws::RsaSsaPkcs1V15Sha512,
        Algorithm::Ps256 => Jws::RsaSsaPssSha256,
        Algorithm::Ps384 => Jws::RsaSsaPssSha384,
        Algorithm::Ps512 => Jws::RsaSsaPssSha512,
        Algorithm::Es256 => Jws::EcdsaP256Sha256,
        Algorithm::Es384 => Jws::EcdsaP384Sha384,
        Algorithm::Eddsa => Jws::EdDsa,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

    #[test]
    fn a_key_is_made_ready_once_for_each_algorithm() {
        let prepared = Prepared::default();
        let first = prepared.key(Algorithm::Eddsa, KEY).unwrap();
        let again = prepared.key(Algorithm::Eddsa, KEY).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
        let other = prepared.key(Algorithm::Rs256, KEY);
        assert_eq!(other.err(), Some(SignatureError::UnusableKey));
    }

    #[test]
    fn no_more_are_kept_than_a_bound() {
        let prepared = Prepared::default();
        for number in 0..=MOST {
            let key = KEY.replacen('{', &format!(r#"{{"kid":"{number}","#), 1);
            prepared.key(Algorithm::Eddsa, &key).unwrap();
            assert!(prepared.open().len() <= MOST);
        }
        let unusable = KEY.replace("Ed25519", "X25519");
        assert!(prepared.key(Algorithm::Eddsa, &unusable).is_err());
        assert_eq!(prepared.open().len(), 1);
    }
}
