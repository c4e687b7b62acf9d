//! Texts that are not known yet: an open hole travels inside a text until the flat form takes it apart.
//!
//! Inside, a hole is a JSON part between two private-use characters, so it passes through JSON unchanged.

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

const START: char = '\u{F0000}';
const END: char = '\u{F0001}';

/// A text that the component will choose, under the name that it is learnt by.
#[must_use]
pub fn hole(name: &str) -> String {
    enclosed(&json!({ "name": name }))
}

/// `bytes` in base64url, whose open holes stay open.
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    let mut inside = Vec::new();
    for chunk in bytes.utf8_chunks() {
        inside.extend(parts(chunk.valid()));
        if !chunk.invalid().is_empty() {
            inside.push(json!({ "base64": STANDARD.encode(chunk.invalid()) }));
        }
    }
    if inside.iter().any(|part| !part["name"].is_null()) {
        enclosed(&json!({ "base64url": inside }))
    } else {
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// Whether `text` has open holes.
#[must_use]
pub fn is_open(text: &str) -> bool {
    text.contains(START)
}

/// `text`, which is one open hole, to be changed by `filter` once it is known.
///
/// # Errors
/// When there is more than the hole.
pub fn filtered(text: &str, filter: &str) -> Result<String> {
    let parts = parts(text);
    let [Value::Object(part)] = parts.as_slice() else {
        bail!("`{filter}` would change more than what is not known yet");
    };
    let mut part = part.clone();
    let filters = part.entry("as").or_insert_with(|| json!([]));
    filters
        .as_array_mut()
        .context("no list")?
        .push(json!(filter));
    Ok(enclosed(&Value::Object(part)))
}

/// `value` with every text that has open holes as `{"$": […]}`.
#[must_use]
pub fn apart(value: Value) -> Value {
    match value {
        Value::String(text) if is_open(&text) => json!({ "$": parts(&text) }),
        Value::Array(items) => items.into_iter().map(apart).collect(),
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| (name, apart(value)))
                .collect::<Map<_, _>>(),
        ),
        other => other,
    }
}

/// Texts and holes, in order.
#[must_use]
pub fn parts(text: &str) -> Vec<Value> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(START) {
        if !before.is_empty() {
            parts.push(json!(before));
        }
        let (inside, after) = after.split_once(END).unwrap_or((after, ""));
        let part = URL_SAFE_NO_PAD.decode(inside).unwrap_or_default();
        parts.push(serde_json::from_slice(&part).unwrap_or(Value::Null));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(json!(rest));
    }
    parts
}

fn enclosed(part: &Value) -> String {
    format!("{START}{}{END}", URL_SAFE_NO_PAD.encode(part.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_pass_through_json_base64url_and_filters() {
        let payload = json!({ "nonce": hole("0.nonce"), "sub": "x" }).to_string();
        let token = format!("aGVhZA.{}.c2ln", base64url(payload.as_bytes()));
        assert_eq!(token.split('.').count(), 3);
        assert_eq!(
            apart(json!({ "token": token, "plain": ["x"] })),
            json!({ "plain": ["x"], "token": { "$": [
                "aGVhZA.",
                { "base64url": ["{\"nonce\":\"", { "name": "0.nonce" }, "\",\"sub\":\"x\"}"] },
                ".c2ln",
            ]}})
        );
        let upper = filtered(&hole("0.state"), "upper").unwrap();
        assert_eq!(
            parts(&filtered(&upper, "cut").unwrap()),
            [json!({ "name": "0.state", "as": ["upper", "cut"] })]
        );
        assert!(filtered(&format!("x{upper}"), "cut").is_err());
    }
}
