//! A client's private key, and the assertion that proves it (RFC 7523 section 2.2).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::CredentialError;

/// How long an assertion is good for, in seconds. Okta takes an hour at most; clocks differ by two minutes.
const LIFETIME: u64 = 300;

/// A client's key for `private_key_jwt`: ES256 on P-256. Cheap to clone, wiped when dropped, shown by nothing.
#[derive(Clone)]
pub struct ClientKey(Arc<Held>);

struct Held {
    pair: EcdsaKeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
    id: String,
}

impl ClientKey {
    /// A new key from the operating system's randomness.
    ///
    /// Errors: the system has none.
    pub fn generate() -> Result<Self, CredentialError> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let document = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
        Self::from_pkcs8(document.map_err(|_| CredentialError)?.as_ref())
    }

    /// The key that [`ClientKey::pkcs8`] gave: DER, PKCS #8.
    ///
    /// Errors: not a P-256 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, CredentialError> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map_err(|_| CredentialError)?;
        let (x, y) = coordinates(&pair).ok_or(CredentialError)?;
        // RFC 7638 section 3: the required members alone, in the order of their names, without white space.
        let thumbprint = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        Ok(Self(Arc::new(Held {
            id: URL_SAFE_NO_PAD.encode(Sha256::digest(thumbprint)),
            pkcs8: Zeroizing::new(der.to_vec()),
            pair,
        })))
    }

    /// The private key, to be encrypted and stored. Never log it.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.0.pkcs8
    }

    /// `kid`: the thumbprint of the public half (RFC 7638).
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The public half as a JSON Web Key (RFC 7517), for the provider's settings.
    #[must_use]
    pub fn public_jwk(&self) -> Value {
        let (x, y) = coordinates(&self.0.pair).unwrap_or_default(); // was there when it was read
        json!({
            "kty": "EC", "crv": "P-256", "x": x, "y": y,
            "kid": self.id(), "use": "sig", "alg": "ES256",
        })
    }

    /// The public halves as a key set, to be served as `application/jwk-set+json` at the address that the
    /// provider is given. While a key is being replaced it holds both.
    #[must_use]
    pub fn jwks<'a>(keys: impl IntoIterator<Item = &'a Self>) -> String {
        let keys: Vec<_> = keys.into_iter().map(Self::public_jwk).collect();
        json!({ "keys": keys }).to_string()
    }

    /// RFC 7523 section 3: who, to whom, until when, and once.
    pub(crate) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: u64,
        id: &[u8],
    ) -> Result<Zeroizing<String>, CredentialError> {
        let header = json!({ "alg": "ES256", "kid": self.id(), "typ": "JWT" });
        let claims = json!({
            "iss": client_id, "sub": client_id, "aud": audience,
            "iat": now, "exp": now.saturating_add(LIFETIME),
            "jti": URL_SAFE_NO_PAD.encode(id),
        });
        self.sign(&header, &claims)
    }

    /// A compact JWS (RFC 7515 section 3.1).
    pub(crate) fn sign(
        &self,
        header: &Value,
        claims: &Value,
    ) -> Result<Zeroizing<String>, CredentialError> {
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let mut signed = Zeroizing::new(format!("{}.{}", encoded(header), encoded(claims)));
        let signature = self.0.pair.sign(&SystemRandom::new(), signed.as_bytes());
        signed.push('.');
        signed.push_str(&URL_SAFE_NO_PAD.encode(signature.map_err(|_| CredentialError)?));
        Ok(signed)
    }
}

impl fmt::Debug for ClientKey {
    /// Shows the public name alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientKey({})", self.id())
    }
}

/// `x` and `y` of RFC 7518 section 6.2.1, from an uncompressed point.
fn coordinates(pair: &EcdsaKeyPair) -> Option<(String, String)> {
    let point = pair.public_key().as_ref();
    let (x, y) = point.strip_prefix(&[4])?.split_at_checked(32)?;
    Some((URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{AwsLcSignatures, Signatures};
    use crate::contract::Algorithm;

    #[test]
    fn an_assertion_is_verified_by_the_published_key() {
        let key = ClientKey::generate().unwrap();
        let assertion = key
            .assertion("0oa1", "https://acme.okta.com/token", 1_000, b"once")
            .unwrap();
        let (signed, signature) = assertion.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let published: Value = serde_json::from_str(&ClientKey::jwks([&key])).unwrap();
        let jwk = published["keys"][0].to_string();
        let verified = AwsLcSignatures::default().verify(
            Algorithm::Es256,
            &jwk,
            signed.as_bytes(),
            &signature,
        );
        assert_eq!(verified, Ok(()));

        let (header, claims) = signed.split_once('.').unwrap();
        let decoded = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        assert_eq!(decoded(header)["kid"], published["keys"][0]["kid"]);
        let expected = json!({
            "iss": "0oa1", "sub": "0oa1", "aud": "https://acme.okta.com/token",
            "iat": 1_000, "exp": 1_300, "jti": "b25jZQ",
        });
        assert_eq!(decoded(claims), expected);
        assert!(published["keys"][0].get("d").is_none());
    }

    #[test]
    fn a_stored_key_is_the_same_key() {
        let key = ClientKey::generate().unwrap();
        let again = ClientKey::from_pkcs8(key.pkcs8()).unwrap();
        assert_eq!(again.public_jwk(), key.public_jwk());
        assert_ne!(ClientKey::generate().unwrap().id(), key.id());
        assert!(ClientKey::from_pkcs8(b"no key").is_err());
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = ClientKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), format!("ClientKey({})", key.id()));
        // RFC 7638 section 3.1: 43 characters of base64url.
        assert_eq!(key.id().len(), 43);
    }
}
