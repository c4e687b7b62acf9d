//! Compares what came out with what a case expects.

use serde_json::Value;

/// Where `got` lacks something of `expected`, if it does: objects may have more members, lists must be as long.
#[must_use]
pub fn difference(expected: &Value, got: &Value) -> Option<String> {
    differs(expected, got, "")
}

fn differs(expected: &Value, got: &Value, path: &str) -> Option<String> {
    match (expected, got) {
        (Value::Object(expected), Value::Object(got)) => {
            expected.iter().find_map(|(name, value)| {
                differs(
                    value,
                    got.get(name).unwrap_or(&Value::Null),
                    &format!("{path}.{name}"),
                )
            })
        }
        (Value::Array(expected), Value::Array(got)) if expected.len() == got.len() => expected
            .iter()
            .zip(got)
            .enumerate()
            .find_map(|(index, (expected, got))| {
                differs(expected, got, &format!("{path}[{index}]"))
            }),
        _ if expected == got => None,
        _ => Some(format!("{path}: expected {expected}, got {got}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn more_members_are_fine_and_fewer_are_not() {
        let got = json!({ "a": 1, "b": [{ "c": "x", "d": 2 }] });
        assert_eq!(difference(&json!({ "b": [{ "c": "x" }] }), &got), None);
        assert_eq!(
            difference(&json!({ "b": [{ "c": "y" }] }), &got).unwrap(),
            r#".b[0].c: expected "y", got "x""#
        );
        assert!(difference(&json!({ "b": [] }), &got).is_some());
        assert!(difference(&json!({ "e": 1 }), &got).is_some());
    }
}
