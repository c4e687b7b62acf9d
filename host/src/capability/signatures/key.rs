//! One public key.

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, EcdsaVerificationAlgorithm,
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{CoreJsonWebKeyType, CoreJsonWebKeyUse, CoreJwsSigningAlgorithm};
use openidconnect::{
    JsonWebKey, JsonWebKeyAlgorithm, JsonWebKeyId, JsonWebKeyUse, SignatureVerificationError,
};
use serde::{Deserialize, Serialize};

use super::SignatureError;

/// One public key of RFC 7517 in `openidconnect`'s types.
///
/// The library's own keeps modulus and exponent to itself and verifies ten times slower. This one is a [`JsonWebKey`] too:
/// the tests have the library verify whole tokens through it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct PublicKey {
    #[serde(rename = "kty")]
    key_type: CoreJsonWebKeyType,
    #[serde(rename = "kid", skip_serializing_if = "Option::is_none")]
    key_id: Option<JsonWebKeyId>,
    #[serde(rename = "use", skip_serializing_if = "Option::is_none")]
    key_use: Option<CoreJsonWebKeyUse>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alg: Option<KeyAlgorithm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crv: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    n: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    y: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum KeyAlgorithm {
    Signing(CoreJwsSigningAlgorithm),
    /// Of encryption, or unknown: not for signatures.
    Other(String),
}

impl PublicKey {
    /// Reads one key from JSON. A member given twice is an error of the reader's.
    pub(super) fn read(jwk: &str) -> Result<Self, SignatureError> {
        serde_json::from_str(jwk).map_err(|_| SignatureError::UnusableKey)
    }

    /// The key made ready for one algorithm, if it is sound and the algorithm is its own.
    pub(super) fn prepare(
        &self,
        algorithm: &CoreJwsSigningAlgorithm,
    ) -> Result<ParsedPublicKey, SignatureError> {
        use CoreJwsSigningAlgorithm as Jws;

        let for_signatures = self
            .key_use
            .as_ref()
            .is_none_or(JsonWebKeyUse::allows_signature);
        let for_algorithm = match &self.alg {
            None => true,
            Some(KeyAlgorithm::Signing(own)) => own == algorithm,
            Some(KeyAlgorithm::Other(_)) => false,
        };
        if !for_signatures || !for_algorithm {
            return Err(SignatureError::UnusableKey);
        }
        match algorithm {
            Jws::RsaSsaPkcs1V15Sha256 => self.rsa(&RSA_PKCS1_2048_8192_SHA256),
            Jws::RsaSsaPkcs1V15Sha384 => self.rsa(&RSA_PKCS1_2048_8192_SHA384),
            Jws::RsaSsaPkcs1V15Sha512 => self.rsa(&RSA_PKCS1_2048_8192_SHA512),
            Jws::RsaSsaPssSha256 => self.rsa(&RSA_PSS_2048_8192_SHA256),
            Jws::RsaSsaPssSha384 => self.rsa(&RSA_PSS_2048_8192_SHA384),
            Jws::RsaSsaPssSha512 => self.rsa(&RSA_PSS_2048_8192_SHA512),
            Jws::EcdsaP256Sha256 => self.ec("P-256", 32, &ECDSA_P256_SHA256_FIXED),
            Jws::EcdsaP384Sha384 => self.ec("P-384", 48, &ECDSA_P384_SHA384_FIXED),
            Jws::EdDsa => self.ed25519(),
            // HMAC, `none` and P-521 cannot be expressed at the plugin's boundary.
            _ => Err(SignatureError::UnusableKey),
        }
    }

    fn rsa(&self, parameters: &'static RsaParameters) -> Result<ParsedPublicKey, SignatureError> {
        self.is(&CoreJsonWebKeyType::RSA)?;
        let (n, e) = (decode(self.n.as_ref())?, decode(self.e.as_ref())?);
        if !is_modulus(&n) || !is_exponent(&e) {
            return Err(SignatureError::UnusableKey);
        }
        let key = RsaPublicKeyComponents { n: &n, e: &e };
        key.to_parsed_public_key(parameters)
            .map_err(|_| SignatureError::UnusableKey)
    }

    fn ec(
        &self,
        curve: &str,
        length: usize,
        algorithm: &'static EcdsaVerificationAlgorithm,
    ) -> Result<ParsedPublicKey, SignatureError> {
        self.is(&CoreJsonWebKeyType::EllipticCurve)?;
        let (x, y) = (decode(self.x.as_ref())?, decode(self.y.as_ref())?);
        // RFC 7518 section 6.2.1.2: coordinates have the curve's full length.
        if self.crv.as_deref() != Some(curve) || x.len() != length || y.len() != length {
            return Err(SignatureError::UnusableKey);
        }
        let point = [&[4], x.as_slice(), y.as_slice()].concat(); // SEC 1 section 2.3.3, uncompressed
        let key = ParsedPublicKey::new(algorithm, point); // also checks that it is on the curve
        key.map_err(|_| SignatureError::UnusableKey)
    }

    fn ed25519(&self) -> Result<ParsedPublicKey, SignatureError> {
        self.is(&CoreJsonWebKeyType::OctetKeyPair)?;
        let x = decode(self.x.as_ref())?;
        if self.crv.as_deref() != Some("Ed25519") || x.len() != 32 {
            return Err(SignatureError::UnusableKey);
        }
        ParsedPublicKey::new(&ED25519, x).map_err(|_| SignatureError::UnusableKey)
    }

    fn is(&self, wanted: &CoreJsonWebKeyType) -> Result<(), SignatureError> {
        if self.key_type == *wanted {
            Ok(())
        } else {
            Err(SignatureError::UnusableKey)
        }
    }
}

impl JsonWebKey for PublicKey {
    type KeyUse = CoreJsonWebKeyUse;
    type SigningAlgorithm = CoreJwsSigningAlgorithm;

    fn key_id(&self) -> Option<&JsonWebKeyId> {
        self.key_id.as_ref()
    }

    fn key_type(&self) -> &CoreJsonWebKeyType {
        &self.key_type
    }

    fn key_use(&self) -> Option<&CoreJsonWebKeyUse> {
        self.key_use.as_ref()
    }

    fn signing_alg(&self) -> JsonWebKeyAlgorithm<&CoreJwsSigningAlgorithm> {
        match &self.alg {
            None => JsonWebKeyAlgorithm::Unspecified,
            Some(KeyAlgorithm::Signing(algorithm)) => JsonWebKeyAlgorithm::Algorithm(algorithm),
            Some(KeyAlgorithm::Other(_)) => JsonWebKeyAlgorithm::Unsupported,
        }
    }

    /// A key that verifies nothing: symmetric signatures are not expressible here.
    fn new_symmetric(_key: Vec<u8>) -> Self {
        Self {
            key_type: CoreJsonWebKeyType::Symmetric,
            key_id: None,
            key_use: None,
            alg: None,
            crv: None,
            n: None,
            e: None,
            x: None,
            y: None,
        }
    }

    fn verify_signature(
        &self,
        signature_alg: &CoreJwsSigningAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureVerificationError> {
        let verdict = self.prepare(signature_alg).and_then(|key| {
            key.verify_sig(message, signature)
                .map_err(|_| SignatureError::Mismatch)
        });
        verdict.map_err(|error| match error {
            SignatureError::UnusableKey => {
                SignatureVerificationError::InvalidKey(error.to_string())
            }
            SignatureError::Mismatch => SignatureVerificationError::CryptoError(error.to_string()),
        })
    }

    fn hash_bytes(&self, bytes: &[u8], alg: &CoreJwsSigningAlgorithm) -> Result<Vec<u8>, String> {
        use CoreJwsSigningAlgorithm as Jws;

        let hash = match alg {
            Jws::RsaSsaPkcs1V15Sha256 | Jws::RsaSsaPssSha256 | Jws::EcdsaP256Sha256 => {
                &digest::SHA256
            }
            Jws::RsaSsaPkcs1V15Sha384 | Jws::RsaSsaPssSha384 | Jws::EcdsaP384Sha384 => {
                &digest::SHA384
            }
            Jws::RsaSsaPkcs1V15Sha512 | Jws::RsaSsaPssSha512 | Jws::EdDsa => &digest::SHA512,
            _ => return Err("no hash goes with this algorithm".to_owned()),
        };
        Ok(digest::digest(hash, bytes).as_ref().to_vec())
    }
}

/// Strict base64url (RFC 7515 section 2): no padding, no white space, no stray bits.
fn decode(member: Option<&String>) -> Result<Vec<u8>, SignatureError> {
    let text = member.ok_or(SignatureError::UnusableKey)?;
    URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| SignatureError::UnusableKey)
}

/// 2048 to 8192 bits, odd, without leading zeros.
fn is_modulus(n: &[u8]) -> bool {
    let Some((first, last)) = n.first().zip(n.last()) else {
        return false;
    };
    let bits = n.len() * 8 - first.leading_zeros() as usize;
    *first != 0 && last % 2 == 1 && (2048..=8192).contains(&bits)
}

/// 65537 to 2^32 - 1, odd, without leading zeros.
fn is_exponent(e: &[u8]) -> bool {
    let value = e
        .iter()
        .take(5)
        .fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    e.len() <= 4 && e.first() != Some(&0) && value >= 65_537 && value % 2 == 1
}

#[cfg(test)]
mod tests;
