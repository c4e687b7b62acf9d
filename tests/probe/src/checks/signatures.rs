//! `signatures`: published vectors, and what keys and signatures may not be.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::contract::sso::provider::signatures::{Error, verify};
use crate::contract::sso::provider::types::Algorithm;
use crate::report::Report;

/// Vectors of RFC 7515 appendix A, RFC 8032 section 7.1 and RFC 8037 appendix A by their names. The other keys
/// were made for this file, and their private halves thrown away.
const VECTORS: &str = include_str!("../vectors.json");

/// The longest JWK, in bytes.
const MAX_JWK: usize = 16 << 10;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    id: String,
    algorithm: String,
    jwk: String,
    message: String,
    /// base64url.
    signature: String,
    expect: String,
    /// The document that decides, where the id does not say it.
    #[serde(default)]
    why: Option<String>,
}

/// Every vector, and the longest key.
pub fn vectors(report: &mut Report) {
    let vectors: Vec<Vector> = serde_json::from_str(VECTORS).unwrap_or_default();
    for vector in &vectors {
        judge(report, vector, &vector.id, &vector.jwk, &vector.expect);
    }
    if let Some(rfc) = vectors
        .iter()
        .find(|vector| vector.id == "rs256-rfc-7515-a2")
    {
        for (length, expect) in [(MAX_JWK, "ok"), (MAX_JWK + 1, "unusable-key")] {
            // White space between members is part of the text and of its length.
            let space = " ".repeat(length.saturating_sub(rfc.jwk.len()));
            let jwk = rfc.jwk.replacen('{', &format!("{{{space}"), 1);
            judge(report, rfc, &format!("jwk-of-{length}"), &jwk, expect);
        }
    }
    report.seen("vectors", &vectors.len().to_string());
}

fn judge(report: &mut Report, vector: &Vector, id: &str, jwk: &str, expect: &str) {
    let signature = URL_SAFE_NO_PAD
        .decode(&vector.signature)
        .unwrap_or_default();
    let found = match algorithm(&vector.algorithm) {
        None => "no such algorithm",
        Some(algorithm) => match verify(algorithm, jwk, vector.message.as_bytes(), &signature) {
            Ok(()) => "ok",
            Err(Error::UnusableKey) => "unusable-key",
            Err(Error::Mismatch) => "mismatch",
        },
    };
    if found != expect {
        let why = vector.why.as_deref().map(|why| format!(" ({why})"));
        let expected = format!("{expect}{}", why.unwrap_or_default());
        report.broken(&format!("signatures/{id}"), &expected, found);
    }
}

fn algorithm(name: &str) -> Option<Algorithm> {
    Some(match name {
        "rs256" => Algorithm::Rs256,
        "rs384" => Algorithm::Rs384,
        "rs512" => Algorithm::Rs512,
        "ps256" => Algorithm::Ps256,
        "ps384" => Algorithm::Ps384,
        "ps512" => Algorithm::Ps512,
        "es256" => Algorithm::Es256,
        "es384" => Algorithm::Es384,
        "eddsa" => Algorithm::Eddsa,
        _ => return None,
    })
}
