//! Compares what came out with a pattern.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::Value;
use url::Url;

/// Where, what was wanted and what came, if they differ: objects may have more members, lists must be as long, and
/// `{"$any": true}` fits everything.
#[must_use]
pub fn difference(pattern: &Value, got: &Value) -> Option<(String, String, String)> {
    differs(pattern, got, "")
}

fn differs(pattern: &Value, got: &Value, path: &str) -> Option<(String, String, String)> {
    match (pattern, got) {
        (Value::Object(members), _) if members.contains_key("$any") => None,
        (Value::Object(pattern), Value::Object(got)) => {
            pattern.iter().find_map(|(name, pattern)| {
                let got = got.get(name).unwrap_or(&Value::Null);
                differs(pattern, got, &format!("{path}.{name}"))
            })
        }
        (Value::Array(patterns), Value::Array(got)) if patterns.len() == got.len() => patterns
            .iter()
            .zip(got)
            .enumerate()
            .find_map(|(index, (pattern, got))| differs(pattern, got, &format!("{path}[{index}]"))),
        _ if pattern == got => None,
        _ => Some((path.to_owned(), pattern.to_string(), got.to_string())),
    }
}

/// The parameters of an authorization URL, and the rest of it as `url`.
///
/// # Errors
/// When there is no URL.
pub fn authorization(url: &Value) -> Result<BTreeMap<String, String>> {
    let url = url.as_str().context("no URL")?;
    let mut parts: BTreeMap<_, _> = Url::parse(url)?.query_pairs().into_owned().collect();
    let endpoint = url.split(['?', '#']).next().unwrap_or_default();
    parts.insert("url".to_owned(), endpoint.to_owned());
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn more_members_are_fine_and_fewer_are_not() {
        let got = json!({ "a": 1, "b": [{ "c": "x", "d": 2 }] });
        assert_eq!(difference(&json!({ "b": [{ "c": "x" }] }), &got), None);
        assert_eq!(difference(&json!({ "b": { "$any": true } }), &got), None);
        let (path, expected, _) = difference(&json!({ "b": [{ "c": "y" }] }), &got).unwrap();
        assert_eq!((path.as_str(), expected.as_str()), (".b[0].c", "\"y\""));
        assert!(difference(&json!({ "b": [] }), &got).is_some());
        assert!(difference(&json!({ "e": 1 }), &got).is_some());
        assert_eq!(difference(&json!({ "e": null }), &got), None);
    }
}
