//! Tokens that differ from a right one in one to three things, and are then signed with a key that is trusted.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fastrand::Rng;
use okta_sso_conformance::case::Object;
use okta_sso_conformance::connection::object;
use okta_sso_conformance::{key, token};
use serde_json::{Value, json};

use crate::changes::{Change, MAY_PASS, MUST_NOT};
use crate::native::Begun;
use crate::trial::Trial;

/// The second at which every variation is judged.
pub(crate) const NOW: u64 = 1_790_000_000;
/// The default policy's.
pub(crate) const TOLERANCE: u64 = 120;
pub(crate) const ACCESS_TOKEN: &str = "access-mF_9.B5f-4.1JqM";

/// What the changes are about; each must be hit.
pub(crate) const CLAIMS: [&str; 16] = [
    "iss",
    "sub",
    "aud",
    "azp",
    "exp",
    "iat",
    "nbf",
    "nonce",
    "acr",
    "auth_time",
    "at_hash",
    "alg",
    "kid",
    "typ",
    "profile",
    "text",
];

/// A token that is not written yet.
pub(crate) struct Draft {
    pub(crate) header: Object,
    pub(crate) claims: Object,
    /// JSON of the claims to what is signed.
    pub(crate) rewrite: Option<fn(String) -> String>,
    pub(crate) max_age: u64,
    client_id: String,
}

impl Draft {
    /// Ours.
    pub(crate) fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Sets a claim.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.claims.insert(name.to_owned(), value.into());
    }

    /// A claim that is a text in a right token.
    pub(crate) fn text(&self, name: &str) -> String {
        self.claims[name].as_str().unwrap_or_default().to_owned()
    }

    /// Sets a member of the header.
    pub(crate) fn head(&mut self, name: &str, value: impl Into<Value>) {
        self.header.insert(name.to_owned(), value.into());
    }
}

/// A token, what was changed in it, and the login that it answers.
pub(crate) struct Variation<'a> {
    pub(crate) begun: &'a Begun,
    pub(crate) changes: Vec<&'static Change>,
    pub(crate) trial: Trial,
}

impl<'a> Variation<'a> {
    /// The next one.
    pub(crate) fn draw(random: &mut Rng, begun: &'a [Begun]) -> Self {
        let begun = &begun[random.usize(..begun.len())];
        let (key, algorithm) =
            [("ec-1", "ES256"), ("rsa-1", "RS256")][usize::from(random.u8(..8) == 0)];
        let connection = &begun.connection;
        let policy = &connection.policy;
        let mut draft = Draft {
            header: object(json!({ "alg": algorithm, "kid": key })),
            claims: object(json!({
                "iss": connection.issuer,
                "sub": "00u1anna",
                "aud": connection.client_id,
                "iat": NOW,
                "exp": NOW + 3_600,
                "auth_time": NOW - 20,
                "nonce": begun.nonce,
                "at_hash": token::at_hash(algorithm, ACCESS_TOKEN.as_bytes()),
                "email": "anna@acme.com",
                "name": "Anna Berg",
            })),
            rewrite: None,
            client_id: connection.client_id.clone(),
            max_age: policy.max_age.map_or(300, u64::from),
        };
        if let Some(wanted) = policy.acr_values.first() {
            draft.set("acr", wanted.as_str());
        }
        let mut changes: Vec<&Change> = Vec::new();
        for _ in 0..[1, 1, 1, 2, 2, 3][random.usize(..6)] {
            let table: &[Change] = if random.u8(..10) < 6 {
                MAY_PASS
            } else {
                MUST_NOT
            };
            let change = &table[random.usize(..table.len())];
            if changes.iter().all(|other| other.claim != change.claim) {
                (change.make)(&mut draft, random);
                changes.push(change);
            }
        }
        let trial = Trial {
            id_token: signed(&draft, key, algorithm),
            access_token: Some(ACCESS_TOKEN.to_owned()),
            nonce: Some(begun.nonce.clone()),
            issuer: connection.issuer.clone(),
            client_id: connection.client_id.clone(),
            keys: key_set(),
            algorithms: vec!["RS256".to_owned(), "ES256".to_owned()],
            now: NOW,
            tolerance: TOLERANCE,
            max_age: policy.max_age.map(u64::from),
            acr_values: policy.acr_values.clone(),
        };
        Self {
            begun,
            changes,
            trial,
        }
    }
}

fn signed(draft: &Draft, key: &str, algorithm: &str) -> String {
    let header = json!(draft.header).to_string();
    let claims = json!(draft.claims).to_string();
    let claims = match draft.rewrite {
        Some(rewrite) => rewrite(claims),
        None => claims,
    };
    let input = [header, claims]
        .map(|part| URL_SAFE_NO_PAD.encode(part))
        .join(".");
    let signature = key::sign(key, algorithm, input.as_bytes(), false).unwrap();
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
}

/// The provider's keys: every variation is signed with one of them.
fn key_set() -> String {
    json!({ "keys": [key::jwk("rsa-1").unwrap(), key::jwk("ec-1").unwrap()] }).to_string()
}
