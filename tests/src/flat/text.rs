//! Values with holes, filled with what earlier calls made known.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::case::merge;
use crate::connection::object;
use crate::template::changed;

/// What earlier calls made known, by name.
pub type Learnt = BTreeMap<String, Value>;

/// `value` with its holes filled: `{"$": parts}` becomes a text, `{"$value": name, "set": …}` what was learnt, with
/// members laid over it.
///
/// # Errors
/// When a hole names nothing that is known.
pub fn fill(value: &Value, learnt: &Learnt) -> Result<Value> {
    Ok(match value {
        Value::Array(items) => items
            .iter()
            .map(|item| fill(item, learnt))
            .collect::<Result<_>>()?,
        Value::Object(members) => {
            if let Some(parts) = members.get("$") {
                return Ok(Value::String(join(parts, learnt)?));
            }
            if let Some(name) = members.get("$value").and_then(Value::as_str) {
                let mut whole = object(known(name, learnt)?.clone());
                if let Some(set) = members.get("set").and_then(Value::as_object) {
                    merge(&mut whole, set);
                }
                return Ok(Value::Object(whole));
            }
            let members = members
                .iter()
                .map(|(name, value)| Ok((name.clone(), fill(value, learnt)?)));
            Value::Object(members.collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}

/// A text with holes.
///
/// # Errors
/// When it is none, or a hole names nothing that is known.
pub fn text(value: &Value, learnt: &Learnt) -> Result<String> {
    match fill(value, learnt)? {
        Value::String(text) => Ok(text),
        other => bail!("{other} is no text"),
    }
}

fn known<'a>(name: &str, learnt: &'a Learnt) -> Result<&'a Value> {
    learnt
        .get(name)
        .with_context(|| format!("`{name}` was not learnt"))
}

fn join(parts: &Value, learnt: &Learnt) -> Result<String> {
    Ok(String::from_utf8(bytes(parts, learnt)?)?)
}

fn bytes(parts: &Value, learnt: &Learnt) -> Result<Vec<u8>> {
    let mut joined = Vec::new();
    for part in parts.as_array().context("parts are a list")? {
        if let Some(text) = part.as_str() {
            joined.extend_from_slice(text.as_bytes());
            continue;
        }
        if let Some(raw) = part["base64"].as_str() {
            joined.extend(STANDARD.decode(raw)?);
            continue;
        }
        let mut text = match (part.get("name"), part.get("base64url")) {
            (Some(name), None) => {
                let name = name.as_str().context("a name is a text")?;
                let value = known(name, learnt)?.as_str();
                value
                    .with_context(|| format!("`{name}` is no text"))?
                    .to_owned()
            }
            (None, Some(inner)) => URL_SAFE_NO_PAD.encode(bytes(inner, learnt)?),
            _ => bail!("{part} is no part of a text"),
        };
        for filter in part["as"].as_array().into_iter().flatten() {
            text = changed(&text, filter.as_str().unwrap_or_default())?;
        }
        joined.extend_from_slice(text.as_bytes());
    }
    Ok(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn holes_are_filled() {
        let learnt = Learnt::from([
            ("0.state".into(), json!("aB")),
            (
                "0.connection".into(),
                json!({ "id": "a", "policy": { "x": 1, "y": 2 } }),
            ),
        ]);
        let value = json!([
            { "$": ["state=", { "name": "0.state", "as": ["upper", "cut"] }] },
            { "$": [{ "base64url": ["{", { "name": "0.state" }, "}"] }] },
            { "$value": "0.connection", "set": { "policy": { "x": null } } },
        ]);
        assert_eq!(
            fill(&value, &learnt).unwrap(),
            json!(["state=A", "e2FCfQ", { "id": "a", "policy": { "x": null, "y": 2 } }])
        );
        assert!(fill(&json!({ "$": [{ "name": "1.state" }] }), &learnt).is_err());
    }
}
