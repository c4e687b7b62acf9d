//! The provider's key set (RFC 7517): which keys may sign, and which one signed a token.

use crate::connection::algorithm_name;
use crate::contract::exports::sso::provider::login::{Fault, TokenProblem};
use crate::contract::sso::provider::http::Response;
use crate::contract::sso::provider::types::{Algorithm, Endpoint};
use crate::error::ProviderError;
use crate::json::Object;
use crate::jws::MAX_KEY_ID;
use crate::record::{Reader, Writer};
use crate::response;

const STORED: &str = "keys 1";
/// Okta publishes two or three; more than so many is no key set of an identity provider.
const MAX_KEYS: usize = 64;

/// The kinds of public keys that the contract's algorithms use (RFC 7518 section 6.1, RFC 8037 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum KeyType {
    Rsa,
    P256,
    P384,
    Ed25519,
}

impl KeyType {
    const ALL: [Self; 4] = [Self::Rsa, Self::P256, Self::P384, Self::Ed25519];

    const fn of(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512 => Self::Rsa,
            Algorithm::Es256 => Self::P256,
            Algorithm::Es384 => Self::P384,
            Algorithm::Eddsa => Self::Ed25519,
        }
    }

    /// `kty`, `crv`, and the members that make up the public key.
    const fn members(self) -> (&'static str, Option<&'static str>, &'static [&'static str]) {
        match self {
            Self::Rsa => ("RSA", None, &["n", "e"]),
            Self::P256 => ("EC", Some("P-256"), &["x", "y"]),
            Self::P384 => ("EC", Some("P-384"), &["x", "y"]),
            Self::Ed25519 => ("OKP", Some("Ed25519"), &["x"]),
        }
    }
}

/// One public key that may sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    id: Option<String>,
    key_type: KeyType,
    /// The one algorithm that it is for, where it names one.
    algorithm: Option<String>,
    /// The key as JSON text, with the members that its kind needs and no others.
    pub jwk: String,
}

/// The keys of a set that may sign, as they stood at one moment: replaced as a whole, never merged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Key>,
}

/// Reads a key set. Keys of unknown kinds, for encryption, or malformed are left out.
///
/// Errors: status, content type, JSON; `no-usable-key` when nothing is left.
pub fn process_keys_response(response: &Response, now: u64) -> Result<KeySet, ProviderError> {
    let document = response::json_of_status(Endpoint::Keys, 200, response, now)?;
    let listed = document
        .array("keys")
        .map_err(|error| ProviderError::member(Endpoint::Keys, error))?;
    let keys: Vec<Key> = listed
        .iter()
        .take(MAX_KEYS)
        .filter_map(|key| Key::read(key.as_object()?))
        .collect();
    if keys.is_empty() {
        return Err(ProviderError::fault(Endpoint::Keys, Fault::NoUsableKey));
    }
    Ok(KeySet { keys })
}

impl Key {
    fn read(jwk: &Object<'_>) -> Option<Self> {
        let kty = jwk.string("kty").ok()?;
        let crv = jwk.optional_string("crv").ok()?;
        let key_type = KeyType::ALL.into_iter().find(|one| {
            let (wanted, curve, _) = one.members();
            kty == wanted && curve.is_none_or(|curve| crv == Some(curve))
        })?;
        // RFC 7517 sections 4.2 and 4.3.
        let signs = jwk
            .optional_string("use")
            .ok()?
            .is_none_or(|used| used == "sig");
        let verifies = jwk
            .optional_strings("key_ops")
            .ok()?
            .is_none_or(|operations| operations.contains(&"verify"));
        let id = jwk.optional_string("kid").ok()?;
        let usable = signs && verifies && id.is_none_or(|id| id.len() <= MAX_KEY_ID);
        Some(Self {
            id: id.map(str::to_owned),
            key_type,
            algorithm: jwk.optional_string("alg").ok()?.map(str::to_owned),
            jwk: public_members(jwk, key_type)?,
        })
        .filter(|_| usable)
    }

    fn serves(&self, algorithm: Algorithm) -> bool {
        self.key_type == KeyType::of(algorithm)
            && self
                .algorithm
                .as_deref()
                .is_none_or(|name| name == algorithm_name(algorithm))
    }
}

/// The members of the public key alone; none unless each is base64url, so that the text needs no escapes.
fn public_members(jwk: &Object<'_>, key_type: KeyType) -> Option<String> {
    let (kty, crv, names) = key_type.members();
    let mut text = format!(r#"{{"kty":"{kty}""#);
    if let Some(curve) = crv {
        text.push_str(&format!(r#","crv":"{curve}""#));
    }
    for name in names {
        let value = jwk.get(name)?.as_str()?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if value.is_empty() || !value.bytes().all(plain) {
            return None;
        }
        text.push_str(&format!(r#","{name}":"{value}""#));
    }
    text.push('}');
    Some(text)
}

impl KeySet {
    /// The key that signed a token, by its header.
    ///
    /// Errors: `key-not-found`; `key-ambiguous` when the header names none and there are several (OpenID Connect Core 1.0
    /// section 10.1), or several answer to the name. Never another key than the one named.
    pub fn choose(&self, algorithm: Algorithm, id: Option<&str>) -> Result<&Key, TokenProblem> {
        let mut candidates = self
            .keys
            .iter()
            .filter(|key| id.is_none_or(|id| key.id.as_deref() == Some(id)))
            .filter(|key| id.is_none() || key.serves(algorithm));
        let key = candidates.next().ok_or(TokenProblem::KeyNotFound)?;
        if candidates.next().is_some() {
            return Err(TokenProblem::KeyAmbiguous);
        }
        if key.serves(algorithm) {
            Ok(key)
        } else {
            Err(TokenProblem::KeyNotFound)
        }
    }

    /// How many keys may sign.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.keys.len()
    }

    /// Never true of a set that was read from an answer.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The form in the cache.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(STORED);
        for key in &self.keys {
            let key_type = KeyType::ALL.into_iter().position(|one| one == key.key_type);
            writer
                .optional(key.id.as_deref())
                .number(key_type.unwrap_or_default() as u64)
                .optional(key.algorithm.as_deref())
                .text(&key.jwk);
        }
        writer.finish()
    }

    /// Reads the form in the cache; none for another version.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes, STORED)?;
        let mut keys = Vec::new();
        while !reader.is_empty() {
            keys.push(Key {
                id: reader.optional()?.map(str::to_owned),
                key_type: *KeyType::ALL.get(usize::try_from(reader.number()?).ok()?)?,
                algorithm: reader.optional()?.map(str::to_owned),
                jwk: reader.text()?.to_owned(),
            });
        }
        Some(Self { keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    fn set(keys: &str) -> Result<KeySet, ProviderError> {
        process_keys_response(&answer(200, &format!(r#"{{"keys":[{keys}]}}"#)), 0)
    }

    const RSA_A: &str =
        r#"{"kty":"RSA","kid":"a","use":"sig","alg":"RS256","n":"AQ","e":"AQAB","d":"secret"}"#;
    const RSA_B: &str = r#"{"kty":"RSA","kid":"b","n":"Ag","e":"AQAB"}"#;
    const EC_A: &str = r#"{"kty":"EC","crv":"P-256","kid":"a","x":"AQ","y":"Ag"}"#;

    #[test]
    fn the_named_key_is_chosen_and_no_other() {
        let keys = set(&[RSA_A, RSA_B].join(",")).unwrap();
        let key = keys.choose(Algorithm::Rs256, Some("a")).unwrap();
        assert_eq!(
            key.jwk, r#"{"kty":"RSA","n":"AQ","e":"AQAB"}"#,
            "no private member passes"
        );
        assert_eq!(
            keys.choose(Algorithm::Rs256, Some("c")),
            Err(TokenProblem::KeyNotFound),
            "BI-097"
        );
        assert_eq!(
            keys.choose(Algorithm::Rs512, Some("a")),
            Err(TokenProblem::KeyNotFound)
        );
        assert!(
            keys.choose(Algorithm::Rs512, Some("b")).is_ok(),
            "names no algorithm"
        );
        assert_eq!(
            keys.choose(Algorithm::Es256, Some("b")),
            Err(TokenProblem::KeyNotFound),
            "BI-089"
        );
        assert_eq!(
            keys.choose(Algorithm::Rs256, None),
            Err(TokenProblem::KeyAmbiguous),
            "BI-096"
        );
        assert!(
            set(RSA_A).unwrap().choose(Algorithm::Rs256, None).is_ok(),
            "BI-095"
        );
        assert_eq!(KeySet::from_bytes(&keys.to_bytes()), Some(keys));
    }

    #[test]
    fn keys_of_one_name_are_told_apart_by_kind_or_refused() {
        let told = set(&[RSA_A, EC_A].join(",")).unwrap();
        assert!(
            told.choose(Algorithm::Es256, Some("a"))
                .unwrap()
                .jwk
                .contains("P-256"),
            "BI-099"
        );
        let twice = set(&[RSA_A, RSA_A].join(",")).unwrap();
        assert_eq!(
            twice.choose(Algorithm::Rs256, Some("a")),
            Err(TokenProblem::KeyAmbiguous),
            "BI-099"
        );
    }

    #[test]
    fn unusable_keys_are_left_out() {
        let odd = [
            r#"{"kty":"RSA","kid":"x","use":"enc","n":"AQ","e":"AQAB"}"#,
            r#"{"kty":"RSA","kid":"x","key_ops":["encrypt"],"n":"AQ","e":"AQAB"}"#,
            r#"{"kty":"RSA","kid":"x","n":"A\"Q","e":"AQAB"}"#,
            r#"{"kty":"RSA","kid":7,"n":"AQ","e":"AQAB"}"#,
            r#"{"kty":"oct","kid":"x","k":"c2VjcmV0"}"#,
            r#"{"kty":"EC","crv":"secp256k1","kid":"x","x":"AQ","y":"Ag"}"#,
            r#"{"kty":"XYZ"}"#,
            "7",
        ]
        .join(",");
        assert_eq!(set(&format!("{odd},{RSA_B}")).unwrap().len(), 1, "BI-181");
        assert_eq!(
            set(&odd).unwrap_err(),
            ProviderError::fault(Endpoint::Keys, Fault::NoUsableKey)
        );
        for body in ["{}", r#"{"keys":[]}"#, r#"{"keys":null}"#, "[]"] {
            assert!(
                process_keys_response(&answer(200, body), 0).is_err(),
                "BI-179: {body}"
            );
        }
    }
}
