//! Key sets (RFC 7517) and the choice of one key.

use crate::base64url;
use crate::contract::exports::sso::provider::login::{Fault, TokenProblem};
use crate::contract::sso::provider::types::{Algorithm, Endpoint};
use crate::error::ProviderError;
use crate::json::{JsonError, Object};
use crate::jws::{self, Header};
use crate::record::{Reader, Writer};

/// Keys of one set.
const MAX_KEYS: usize = 64;
const VERSION: &str = "keys 1";

/// One public signature key, reduced to what verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    id: Option<String>,
    /// `RSA`, or the curve's name.
    family: String,
    algorithm: Option<String>,
    /// The key as JSON text, for `signatures.verify`.
    pub jwk: String,
}

/// A provider's signature keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Key>,
    /// Whether the provider published more than one key of any kind.
    several: bool,
}

impl KeySet {
    /// Reads a key set; keys that are malformed or not for signatures are left out.
    ///
    /// # Errors
    /// When the document is not a key set, or no key of it is usable.
    pub fn parse(body: &[u8]) -> Result<Self, ProviderError> {
        let fault = |fault| ProviderError::fault(Endpoint::Keys, fault);
        let document = Object::parse(body).map_err(|error| match error {
            JsonError::TooLarge => fault(Fault::TooLarge),
            _ => fault(Fault::NotJson),
        })?;
        let entries = document
            .array("keys")
            .map_err(|error| ProviderError::member(Endpoint::Keys, error))?;
        if entries.len() > MAX_KEYS {
            return Err(fault(Fault::TooLarge));
        }
        let keys: Vec<Key> = entries
            .iter()
            .filter_map(|entry| Key::read(entry.as_object()?))
            .collect();
        if keys.is_empty() {
            return Err(fault(Fault::NoUsableKey));
        }
        Ok(Self {
            keys,
            several: entries.len() > 1,
        })
    }

    /// The keys' names, where they have any, in the provider's order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().filter_map(|key| key.id.as_deref())
    }

    /// Whether some key can verify by one of these algorithms.
    #[must_use]
    pub fn serves(&self, algorithms: &[Algorithm]) -> bool {
        self.keys
            .iter()
            .any(|key| algorithms.iter().any(|algorithm| key.is_for(*algorithm)))
    }

    /// Chooses the key that a header names.
    ///
    /// # Errors
    /// `key-not-found`, or `key-ambiguous`: keys are never tried one after the other.
    pub fn choose(&self, header: &Header) -> Result<&Key, TokenProblem> {
        // OpenID Connect Core 10.1: with several keys published, the token must name its own.
        if header.key_id.is_none() && self.several {
            return Err(TokenProblem::KeyAmbiguous);
        }
        let mut suitable = self.keys.iter().filter(|key| {
            (header.key_id.is_none() || key.id == header.key_id) && key.is_for(header.algorithm)
        });
        match (suitable.next(), suitable.next()) {
            (Some(key), None) => Ok(key),
            (None, _) => Err(TokenProblem::KeyNotFound),
            (Some(_), Some(_)) => Err(TokenProblem::KeyAmbiguous),
        }
    }

    /// The compact form for the cache: nothing has to be parsed as JSON again.
    #[must_use]
    pub fn to_record(&self) -> Vec<u8> {
        let mut writer = Writer::new(VERSION);
        writer.flag(self.several);
        for key in &self.keys {
            writer
                .optional(key.id.as_deref())
                .text(&key.family)
                .optional(key.algorithm.as_deref())
                .text(&key.jwk);
        }
        writer.finish()
    }

    /// Reads [`Self::to_record`]'s form; none for any other.
    #[must_use]
    pub fn from_record(record: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(record, VERSION)?;
        let several = reader.flag()?;
        let mut keys = Vec::new();
        while !reader.is_empty() {
            keys.push(Key {
                id: reader.optional()?.map(str::to_owned),
                family: reader.text()?.to_owned(),
                algorithm: reader.optional()?.map(str::to_owned),
                jwk: reader.text()?.to_owned(),
            });
        }
        Some(Self { keys, several })
    }
}

impl Key {
    fn read(jwk: &Object<'_>) -> Option<Self> {
        // RFC 7517 sections 4.2 and 4.3: a key for something else is no signature key.
        if jwk
            .optional_string("use")
            .ok()?
            .is_some_and(|usage| usage != "sig")
        {
            return None;
        }
        let operations = jwk.optional_strings("key_ops").ok()?;
        if operations.is_some_and(|operations| !operations.contains(&"verify")) {
            return None;
        }
        let id = jwk.optional_string("kid").ok()?.map(str::to_owned);
        let algorithm = jwk.optional_string("alg").ok()?.map(str::to_owned);
        let part = |name| {
            let part = jwk.string(name).ok()?;
            base64url::decode(part).filter(|bytes| !bytes.is_empty())?;
            Some(part)
        };
        // Only the members that verify are passed on; their values need no escaping.
        let (family, jwk) = match jwk.string("kty").ok()? {
            "RSA" => (
                "RSA",
                [
                    "{\"kty\":\"RSA\",\"n\":\"",
                    part("n")?,
                    "\",\"e\":\"",
                    part("e")?,
                    "\"}",
                ]
                .concat(),
            ),
            "EC" => {
                let curve = match jwk.string("crv").ok()? {
                    "P-256" => "P-256",
                    "P-384" => "P-384",
                    _ => return None,
                };
                let (x, y) = (part("x")?, part("y")?);
                (
                    curve,
                    [
                        "{\"kty\":\"EC\",\"crv\":\"",
                        curve,
                        "\",\"x\":\"",
                        x,
                        "\",\"y\":\"",
                        y,
                        "\"}",
                    ]
                    .concat(),
                )
            }
            "OKP" if jwk.string("crv").ok()? == "Ed25519" => (
                "Ed25519",
                [
                    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"",
                    part("x")?,
                    "\"}",
                ]
                .concat(),
            ),
            _ => return None,
        };
        Some(Self {
            id,
            family: family.to_owned(),
            algorithm,
            jwk,
        })
    }

    fn is_for(&self, algorithm: Algorithm) -> bool {
        let family = match algorithm {
            Algorithm::Rs256
            | Algorithm::Rs384
            | Algorithm::Rs512
            | Algorithm::Ps256
            | Algorithm::Ps384
            | Algorithm::Ps512 => "RSA",
            Algorithm::Es256 => "P-256",
            Algorithm::Es384 => "P-384",
            Algorithm::Eddsa => "Ed25519",
        };
        self.family == family
            && self
                .algorithm
                .as_deref()
                .is_none_or(|name| jws::algorithm(name) == Some(algorithm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(key_id: Option<&str>) -> Header {
        Header {
            algorithm: Algorithm::Rs256,
            key_id: key_id.map(str::to_owned),
        }
    }

    fn set(keys: &str) -> KeySet {
        KeySet::parse(format!("{{\"keys\":[{keys}]}}").as_bytes()).unwrap()
    }

    fn fault(body: &str) -> Fault {
        match KeySet::parse(body.as_bytes()).unwrap_err() {
            ProviderError::Misbehaved(misbehaviour) => misbehaviour.fault,
            other => panic!("{other:?}"),
        }
    }

    const ONE: &str = r#"{"kty":"RSA","n":"AQAB","e":"AQAB"}"#;

    #[test]
    fn a_token_without_kid_needs_a_single_key() {
        assert!(set(ONE).choose(&header(None)).is_ok(), "BI-095");
        let two = set(&format!("{ONE},{{\"kty\":\"oct\",\"k\":\"AA\"}}"));
        assert_eq!(
            two.choose(&header(None)),
            Err(TokenProblem::KeyAmbiguous),
            "BI-096"
        );
    }

    #[test]
    fn a_key_is_chosen_by_name_and_kind() {
        let keys = set(
            r#"{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB","use":"enc"},
               {"kty":"RSA","kid":"a","n":"AQAC","e":"AQAB","use":"sig","alg":"RS256"},
               {"kty":"EC","kid":"a","crv":"P-256","x":"AA","y":"AA"},
               {"kty":"RSA","kid":"b","n":"AQAB","e":"AQAB"},
               {"kty":"RSA","kid":"b","n":"AQAB","e":"AQAB"},
               {"kty":"RSA","kid":"c","n":"AQAB=","e":"AQAB"},
               {"kty":"RSA","kid":"d","n":"AQAB","e":"AQAB","alg":"RS512"}, 7"#,
        );
        assert!(
            keys.choose(&header(Some("a")))
                .unwrap()
                .jwk
                .contains("AQAC"),
            "BI-099"
        );
        assert_eq!(
            keys.choose(&header(Some("b"))),
            Err(TokenProblem::KeyAmbiguous),
            "BI-099"
        );
        for unknown in ["c", "d", "e", ""] {
            assert_eq!(
                keys.choose(&header(Some(unknown))),
                Err(TokenProblem::KeyNotFound),
                "BI-097, BI-181: {unknown}"
            );
        }
        assert_eq!(KeySet::from_record(&keys.to_record()), Some(keys));
        assert_eq!(KeySet::from_record(b"keys 2"), None);
    }

    #[test]
    fn what_is_no_key_set_is_named() {
        assert_eq!(fault("{}"), Fault::MissingMember, "BI-179");
        assert_eq!(fault(r#"{"keys":null}"#), Fault::MistypedMember, "BI-179");
        assert_eq!(fault(r#"{"keys":[]}"#), Fault::NoUsableKey, "BI-179");
        assert_eq!(fault("[]"), Fault::NotJson, "BI-179");
        let many = format!("{{\"keys\":[{ONE}{}]}}", format!(",{ONE}").repeat(64));
        assert_eq!(fault(&many), Fault::TooLarge);
    }
}
