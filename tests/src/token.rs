//! Forges tokens: a right one, and one deviation.

use anyhow::{Context, Result};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::case::{Attempt, Object, Patch, Signature, TokenScript};
use crate::connection::object;
use crate::key;
use crate::template::{Names, open};

/// The claims of an ID token as Okta's org authorization server sends it when `email` is in it. Templates.
#[must_use]
pub fn id_token_claims() -> Object {
    object(json!({
        "ver": 1,
        "iss": "{issuer}",
        "sub": "00u1anna",
        "aud": "{client-id}",
        "iat": Attempt::NOW,
        "exp": Attempt::NOW + 3600,
        "jti": "ID.1",
        "amr": ["pwd"],
        "idp": "00o1acme",
        "auth_time": Attempt::NOW - 20,
        "at_hash": "{at-hash}",
        "nonce": "{nonce}",
        "name": "Anna Berg",
        "email": "anna@acme.com",
        "preferred_username": "anna@acme.com",
    }))
}

/// The claims of a back-channel logout token (OpenID Connect Back-Channel Logout 1.0 section 2.4). Templates.
#[must_use]
pub fn logout_token_claims() -> Object {
    object(json!({
        "iss": "{issuer}",
        "sub": "00u1anna",
        "aud": "{client-id}",
        "iat": Attempt::NOW,
        "exp": Attempt::NOW + 120,
        "jti": "LT.1",
        "sid": "sid-1",
        "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
    }))
}

/// The claims of a global token revocation's token, as Okta sends it. Templates.
#[must_use]
pub fn revocation_token_claims() -> Object {
    object(json!({
        "iss": "{issuer}",
        "sub": "{client-id}",
        "aud": "{revocation-endpoint}",
        "iat": Attempt::NOW,
        "nbf": Attempt::NOW - 300,
        "exp": Attempt::NOW + 300,
        "jti": "GTR.1",
    }))
}

/// The parts of a forged token.
#[derive(Debug, Clone)]
pub struct Forged {
    /// The header's JSON text.
    pub header: String,
    /// The payload's JSON text; bytes, since a case may break the encoding.
    pub payload: Vec<u8>,
    /// The token as it travels.
    pub compact: String,
}

/// Makes the token that `script` describes, over default `claims` and a default `typ`.
///
/// # Errors
/// When a template or a key does not exist.
pub fn forge(
    script: &TokenScript,
    claims: Object,
    typ: Option<&str>,
    names: &Names,
) -> Result<Forged> {
    let mut names = names.clone();
    if let Some(token) = names.get("access-token") {
        let hash = at_hash(&script.signing.algorithm, token.as_bytes());
        names.set("at-hash", hash);
    }
    let algorithm = match &script.signing.signature {
        Signature::Hmac(_) => "HS256",
        _ => &script.signing.algorithm,
    };
    let mut header = object(json!({ "kid": script.signing.key, "alg": algorithm }));
    if let Some(typ) = typ {
        header.insert("typ".into(), typ.into());
    }
    let header = patched(header, &script.header, &names)?;
    let payload = patched(claims, &script.claims, &names)?;
    let encoded = (open::base64url(&header), open::base64url(&payload));
    let message = format!("{}.{}", encoded.0, encoded.1);
    let signature = sign(script, message.as_bytes(), &names)?;
    names.set("header", encoded.0);
    names.set("payload", encoded.1);
    names.set("signature", URL_SAFE_NO_PAD.encode(signature));
    let compact = script
        .compact
        .as_deref()
        .unwrap_or("{header}.{payload}.{signature}");
    Ok(Forged {
        header: String::from_utf8(header).context("a header that is no text")?,
        payload,
        compact: names.fill(compact)?,
    })
}

/// OpenID Connect Core 1.0 section 3.1.3.6, `at_hash`: the left half of the hash, base64url.
#[must_use]
pub fn at_hash(algorithm: &str, access_token: &[u8]) -> String {
    let hash = match algorithm.get(2..) {
        Some("384") => Sha384::digest(access_token).to_vec(),
        Some("512" | "DSA") => Sha512::digest(access_token).to_vec(),
        _ => Sha256::digest(access_token).to_vec(),
    };
    URL_SAFE_NO_PAD.encode(hash.get(..hash.len() / 2).unwrap_or_default())
}

/// `default` with its templates filled and `patch` applied, as JSON text.
///
/// # Errors
/// When a template names nothing.
pub fn patched(default: Object, patch: &Patch, names: &Names) -> Result<Vec<u8>> {
    if let Some(raw) = &patch.raw {
        return names.fill_bytes(raw);
    }
    let mut object = default;
    for name in &patch.remove {
        object
            .remove(name)
            .with_context(|| format!("`{name}` is not there to be removed"))?;
    }
    object.extend(patch.set.clone());
    let mut text = serde_json::to_vec(&names.fill_value(&Value::Object(object))?)?;
    if let Some(append) = &patch.append {
        text.pop();
        text.push(b',');
        text.extend(names.fill_bytes(append)?);
        text.push(b'}');
    }
    Ok(text)
}

fn sign(script: &TokenScript, message: &[u8], names: &Names) -> Result<Vec<u8>> {
    let signing = &script.signing;
    // RFC 7518 section 3.6: the signature of `none` is empty; and so is that of other spellings of it.
    if matches!(signing.algorithm.to_ascii_lowercase().as_str(), "none" | "") {
        return Ok(Vec::new());
    }
    // A message that is not known yet cannot be signed: the flat form says what is genuine, and needs only bytes that
    // are the same whenever it is made.
    let open = std::str::from_utf8(message).is_ok_and(open::is_open);
    let right = |der| -> Result<Vec<u8>> {
        let signature = key::sign(&signing.key, &signing.algorithm, message, der)?;
        // ECDSA in ASN.1 has no fixed length.
        let length = if der { 70 } else { signature.len() };
        let digest = Sha256::digest(message);
        Ok(if open {
            digest.into_iter().cycle().take(length).collect()
        } else {
            signature
        })
    };
    Ok(match &signing.signature {
        Signature::Right => right(false)?,
        Signature::Tampered => {
            let mut signature = right(false)?;
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
            signature
        }
        Signature::Short => {
            let mut signature = right(false)?;
            signature.pop();
            signature
        }
        Signature::Long => {
            let mut signature = right(false)?;
            signature.push(0);
            signature
        }
        Signature::Empty => Vec::new(),
        Signature::Zero => vec![0; right(false)?.len()],
        Signature::Der => right(true)?,
        Signature::Hmac(secret) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, &names.fill_bytes(secret)?);
            hmac::sign(&key, message).as_ref().to_vec()
        }
    })
}
