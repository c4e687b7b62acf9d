//! A recording's texts with everything replaced that is not the protocols' own: in JSON, tokens, queries and stored values.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sso_host::record::Exchange;
use serde_json::{Value, json};

use super::keys::Keys;
use super::words::{Place, Words};
use crate::token::at_hash;

/// Members of JSON and parameters of queries whose values are the protocols' words, beside names that end in one of
/// [`PROTOCOL_ENDS`].
const PROTOCOL: [&str; 17] = [
    "alg",
    "acr",
    "amr",
    "crv",
    "e",
    "error",
    "error_description",
    "hosts",
    "iss",
    "issuer",
    "kty",
    "prompt",
    "scope",
    "scopes",
    "token_type",
    "typ",
    "use",
];
const PROTOCOL_ENDS: [&str; 4] = ["_endpoint", "_uri", "-uri", "_supported"];

/// Numbers that stay: when something happened, and how long it holds.
const TIMES: [&str; 6] = ["auth_time", "exp", "expires_in", "iat", "nbf", "ver"];

/// How stored values name algorithms, and the keys that they take.
const ALGORITHMS: [&str; 13] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA", "RSA",
    "P-256", "P-384", "Ed25519",
];

/// Everything that was replaced so far.
pub(super) struct Pseudonyms {
    words: Words,
    keys: Keys,
    /// Whole texts: numbers of keys, digests of what is replaced itself.
    exact: BTreeMap<String, String>,
    /// Signature checks of the recording.
    checks: Vec<Check>,
}

struct Check {
    algorithm: String,
    jwk: Value,
    message: Vec<u8>,
    holds: bool,
}

impl Pseudonyms {
    /// Draws keys in the place of those in `trace`.
    pub(super) fn new(trace: &[Exchange]) -> Result<Self> {
        let mut this = Self {
            words: Words::new(),
            keys: Keys::default(),
            exact: BTreeMap::new(),
            checks: Vec::new(),
        };
        for exchange in trace {
            match exchange.import.as_str() {
                "signatures.verify" => {
                    let check = Check::of(exchange)?;
                    this.keys.draw(&check.jwk, &mut this.exact)?;
                    this.checks.push(check);
                }
                "http.send" => {
                    let body = bytes(&exchange.result["ok"]["body"])?;
                    if let Ok(document) = serde_json::from_slice(&body) {
                        this.keys.draw(&document, &mut this.exact)?;
                    }
                }
                _ => {}
            }
        }
        for exchange in trace.iter().filter(|one| one.import == "http.send") {
            this.hash_access_token(exchange)?;
        }
        Ok(this)
    }

    /// The ID token's digest of an access token becomes that of its stand-in (OpenID Connect Core 1.0 section 3.1.3.6).
    fn hash_access_token(&mut self, exchange: &Exchange) -> Result<()> {
        let body = bytes(&exchange.result["ok"]["body"])?;
        let document: Value = serde_json::from_slice(&body).unwrap_or_default();
        let Some(token) = document["access_token"].as_str() else {
            return Ok(());
        };
        let stand_in = self.text(token, Place::Private)?;
        for algorithm in ["RS256", "RS384", "RS512"] {
            let before = at_hash(algorithm, token.as_bytes());
            let after = at_hash(algorithm, stand_in.as_bytes());
            self.exact.insert(before, after);
        }
        Ok(())
    }

    /// From now on `before` becomes `after` wherever it is a whole text.
    pub(super) fn pair(&mut self, before: &str, after: &str) {
        self.exact.insert(before.to_owned(), after.to_owned());
    }

    /// Whether a word that was to be replaced is in `text`.
    pub(super) fn left_in(&self, text: &str) -> bool {
        self.words.left_in(text)
    }

    /// An argument of the call.
    pub(super) fn argument(&mut self, value: &Value) -> Result<Value> {
        self.value(value, "")
    }

    fn value(&mut self, value: &Value, name: &str) -> Result<Value> {
        Ok(match value {
            Value::String(text) if name == "query" => self.query(text)?.into(),
            Value::String(text) => self.text(text, place(name))?.into(),
            Value::Array(items) => items
                .iter()
                .map(|item| self.value(item, name))
                .collect::<Result<_>>()?,
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| match name.as_str() {
                    "policy" => Ok((name.clone(), self.policy(value)?)),
                    _ => Ok((name.clone(), self.value(value, name)?)),
                })
                .collect::<Result<_>>()?,
            other => other.clone(),
        })
    }

    /// The platform's choices are words of the contract, but for these.
    fn policy(&mut self, policy: &Value) -> Result<Value> {
        let mut policy = policy.clone();
        policy["acr-values"] = self.value(&policy["acr-values"], "acr")?;
        Ok(policy)
    }

    /// What a capability answered.
    pub(super) fn answer(&mut self, exchange: &Exchange) -> Result<Value> {
        let mut answer = exchange.result.clone();
        let Some(given) = (match exchange.import.as_str() {
            "http.send" | "storage.take" => answer.get_mut("ok"),
            _ => Some(&mut answer),
        }) else {
            return Ok(answer);
        };
        match exchange.import.as_str() {
            "http.send" => {
                for header in given["headers"].as_array_mut().into_iter().flatten() {
                    if header["name"] == "www-authenticate" {
                        let value = header["value"].as_str().unwrap_or_default();
                        header["value"] = self.words.replace(value, Place::Protocol)?.into();
                    }
                }
                if let Some(body) = given.get_mut("body") {
                    let text = String::from_utf8(bytes(body)?);
                    let text =
                        text.context("an answer's body is no text, and cannot be replaced")?;
                    *body = of_bytes(self.text(&text, Place::Private)?.as_bytes());
                }
            }
            "storage.take" | "cache.get" => self.found(given)?,
            _ => {}
        }
        Ok(answer)
    }

    fn found(&mut self, lookup: &mut Value) -> Result<()> {
        if let Some(found) = lookup.get_mut("found") {
            *found = of_bytes(&self.record(&bytes(found)?)?);
        }
        Ok(())
    }

    /// A stored value: fields of the plugin's own form (a length in four bytes before each), fields in fields; texts,
    /// numbers and digests in the end.
    fn record(&mut self, stored: &[u8]) -> Result<Vec<u8>> {
        if let Some(fields) = fields(stored) {
            let mut record = Vec::with_capacity(stored.len());
            for field in fields {
                let field = self.record(field)?;
                record.extend(u32::try_from(field.len())?.to_be_bytes());
                record.extend(field);
            }
            return Ok(record);
        }
        match std::str::from_utf8(stored) {
            Ok(text) if !text.contains(char::is_control) => {
                // A single word is somebody's, such as a key's name, or that of an algorithm.
                let joined = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
                let place = if text.bytes().all(joined) && !ALGORITHMS.contains(&text) {
                    Place::Private
                } else {
                    Place::Protocol
                };
                Ok(self.text(text, place)?.into_bytes())
            }
            _ => Ok(stored.to_vec()),
        }
    }

    fn query(&mut self, query: &str) -> Result<String> {
        let pairs: Vec<String> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((name, value)) => {
                    let name = self.words.replace(name, Place::Protocol)?;
                    Ok(format!("{name}={}", self.text(value, place(&name))?))
                }
                None => self.words.replace(pair, Place::Private),
            })
            .collect::<Result<_>>()?;
        Ok(pairs.join("&"))
    }

    /// Any text: one whose stand-in is known, 32 random bytes, a document, a token, or words.
    fn text(&mut self, text: &str, place: Place) -> Result<String> {
        if let Some(after) = self.exact.get(text) {
            return Ok(after.clone());
        }
        if text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok() {
            let mut drawn = [0; 32];
            fastrand::fill(&mut drawn);
            self.pair(text, &URL_SAFE_NO_PAD.encode(drawn));
            return self.text(text, place);
        }
        if text.trim_start().starts_with(['{', '[']) {
            return self.json(text);
        }
        match self.token(text)? {
            Some(token) => Ok(token),
            None => self.words.replace(text, place),
        }
    }

    /// A token in compact form, signed anew where its signature was checked; none where this is no token.
    fn token(&mut self, text: &str) -> Result<Option<String>> {
        let parts: Vec<&str> = text.split('.').collect();
        let [header, payload, signature] = parts.as_slice() else {
            return Ok(None);
        };
        let (Some(before), Some(claims)) = (document(header), document(payload)) else {
            return Ok(None);
        };
        let header = URL_SAFE_NO_PAD.encode(self.json(&before)?);
        let payload = URL_SAFE_NO_PAD.encode(self.json(&claims)?);
        let message = format!("{header}.{payload}");
        let signed = text.len() - signature.len() - 1;
        let checked = self
            .checks
            .iter()
            .find(|check| Some(check.message.as_slice()) == text.as_bytes().get(..signed));
        let signature = match checked {
            Some(check) => {
                let mut signature =
                    self.keys
                        .sign(&check.jwk, &check.algorithm, message.as_bytes())?;
                if let Some(last) = signature.last_mut().filter(|_| !check.holds) {
                    *last ^= 1;
                }
                URL_SAFE_NO_PAD.encode(signature)
            }
            None => self.unchecked(signature)?,
        };
        Ok(Some(format!("{message}.{signature}")))
    }

    /// A signature that nobody looked at: as long, and as well encoded.
    fn unchecked(&mut self, signature: &str) -> Result<String> {
        match URL_SAFE_NO_PAD.decode(signature) {
            Ok(bytes) => {
                let mut drawn = vec![0; bytes.len()];
                fastrand::fill(&mut drawn);
                Ok(URL_SAFE_NO_PAD.encode(drawn))
            }
            Err(_) => self.words.replace(signature, Place::Private),
        }
    }

    /// A JSON text, or what begins like one: only what is between quotes changes, and numbers, so that what is wrong with
    /// its form stays wrong.
    fn json(&mut self, text: &str) -> Result<String> {
        let mut replaced = String::with_capacity(text.len());
        let mut name = String::new();
        let mut rest = text;
        while let Some(next) = rest.chars().next() {
            let length = match next {
                '"' => literal(rest),
                '0'..='9' => rest
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len()),
                letter => letter.len_utf8(),
            };
            let (piece, after) = rest.split_at(length);
            rest = after;
            match next {
                '"' => {
                    let inner: Option<String> = serde_json::from_str(piece).ok();
                    let is_name = rest.trim_start().starts_with(':');
                    let new = match &inner {
                        Some(inner) if is_name => {
                            name.clone_from(inner);
                            self.words.replace(inner, Place::Protocol)?
                        }
                        Some(inner) => self.text(inner, place(&name))?,
                        // Not closed, or with an escape that is none.
                        None => {
                            replaced.push_str(&self.words.replace(piece, Place::Private)?);
                            continue;
                        }
                    };
                    let unchanged = inner.as_deref() == Some(new.as_str());
                    replaced.push_str(&match unchanged {
                        true => piece.to_owned(),
                        false => serde_json::to_string(&new)?,
                    });
                }
                '0'..='9' if !TIMES.contains(&name.as_str()) => {
                    replaced.push_str(&self.words.replace(piece, Place::Private)?);
                }
                _ => replaced.push_str(piece),
            }
        }
        Ok(replaced)
    }
}

impl Check {
    fn of(exchange: &Exchange) -> Result<Self> {
        let [algorithm, jwk, message, _] = exchange.arguments.as_slice() else {
            anyhow::bail!("a signature check has four arguments");
        };
        let jwk = jwk.as_str().context("a key is a text")?;
        Ok(Self {
            algorithm: algorithm.as_str().unwrap_or_default().to_owned(),
            jwk: serde_json::from_str(jwk).context("a key that is no JSON")?,
            message: bytes(message)?,
            holds: exchange.result == json!({ "ok": null }),
        })
    }
}

/// Where the value of this member or parameter stands.
fn place(name: &str) -> Place {
    let ends = PROTOCOL_ENDS.iter().any(|end| name.ends_with(end));
    if ends || PROTOCOL.contains(&name) {
        Place::Protocol
    } else {
        Place::Private
    }
}

/// The JSON object that a part of a token holds.
fn document(part: &str) -> Option<String> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok()?;
    text.trim_start().starts_with('{').then_some(text)
}

/// The length of the literal that `text` begins with, quotes and all; of the whole text where it is not closed.
fn literal(text: &str) -> usize {
    let mut escaped = false;
    let closing = text.char_indices().skip(1).find(|(_, letter)| {
        let closes = *letter == '"' && !escaped;
        escaped = *letter == '\\' && !escaped;
        closes
    });
    closing.map_or(text.len(), |(at, _)| at + 1)
}

/// The fields of a record, where the whole of `stored` is one.
fn fields(stored: &[u8]) -> Option<Vec<&[u8]>> {
    let mut fields = Vec::new();
    let mut rest = stored;
    while !rest.is_empty() {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (field, after) = after.split_at_checked(length)?;
        fields.push(field);
        rest = after;
    }
    (!fields.is_empty()).then_some(fields)
}

/// Bytes in the contract's JSON.
fn bytes(value: &Value) -> Result<Vec<u8>> {
    match value.as_str() {
        Some(text) => Ok(STANDARD.decode(text)?),
        None => Ok(Vec::new()),
    }
}

fn of_bytes(bytes: &[u8]) -> Value {
    match bytes {
        [] => json!([]),
        bytes => STANDARD.encode(bytes).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::new(&[]).unwrap()
    }

    #[test]
    fn a_document_keeps_its_form_and_the_words_of_the_protocol() {
        let metadata = r#"{ "issuer" : "https://www.okta.com", "jwks_uri":"https://www.okta.com/oauth2/v1/keys",
            "response_types_supported": ["code", "id_token"], "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": ["RS256"], "expires_in": 3600, "exp": -1.5e3, "grant": tru"#;
        assert_eq!(pseudonyms().json(metadata).unwrap(), metadata);
    }

    #[test]
    fn whoever_is_in_it_is_somebody_else() {
        let mut pseudonyms = pseudonyms();
        let claims = r#"{"sub":"00u1anna","name":"Anna \"Berg\"","phone":[4711,{"iat":4711}],"name":"Ann\u00e4"}"#;
        let replaced = pseudonyms.json(claims).unwrap();
        for word in ["anna", "Anna", "Berg", "4711,", "u00e4", "Annä"] {
            assert!(!replaced.contains(word), "{replaced}");
        }
        assert!(replaced.contains(r#","iat":4711}],"#) || replaced.contains(r#"{"iat":4711}"#));
        assert_eq!(pseudonyms.json(claims).unwrap(), replaced);
        let query = pseudonyms.query("code=00u1anna&x&iss=https%3A%2F%2Facme.okta.com");
        let query = query.unwrap();
        let (subject, _) = replaced.split_once(r#"","name"#).unwrap();
        assert!(
            query.starts_with(&format!("code={}", &subject[8..])),
            "{query}"
        );
        assert!(
            query.ends_with(".okta.com") && !query.contains("acme"),
            "{query}"
        );
    }

    #[test]
    fn a_stored_value_is_read_to_its_texts() {
        let field = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes(), bytes].concat();
        let number = 1_790_000_600_u64.to_be_bytes();
        let inner = [field(b"cached 1"), field(&number), field(b"00u1anna")].concat();
        let stored = [
            field(b"transaction 1"),
            field(&inner),
            field(&[1]),
            field(b""),
        ]
        .concat();
        let replaced = pseudonyms().record(&stored).unwrap();
        assert_eq!(replaced.len(), stored.len());
        let subject = stored
            .windows(6)
            .position(|part| part == b"u1anna")
            .unwrap();
        let stand_in = &replaced[subject..subject + 6];
        assert_ne!(stand_in, b"u1anna");
        let other = [&stored[..subject], stand_in, &stored[subject + 6..]].concat();
        assert_eq!(replaced, other, "the subject alone, but for its zeros");
    }
}
