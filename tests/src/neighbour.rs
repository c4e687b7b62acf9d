//! The accepted neighbours of a case that refuses: one thing in it taken back, or moved by one.
//!
//! A refusal whose neighbour is accepted is about that one thing, and not about something else that is wrong too.

use anyhow::{Context, Result};
use okta_sso_host::Plugin;
use serde_json::{Value, json};

use crate::case::{Case, CaseFile, Object};
use crate::{replay, run};

/// How a neighbour differs from its case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A number, or the count in `{x*300}`, is one more or one less.
    Moved,
    /// A member is not there.
    TakenBack,
}

/// A case with one thing changed.
#[derive(Debug, Clone)]
pub struct Neighbour {
    /// Where, as a JSON pointer into the case.
    pub place: String,
    /// How.
    pub step: Step,
    /// The case that comes of it, as it would be written.
    pub object: Object,
}

/// What a case says beside its changes.
const ABOUT: [&str; 6] = ["id", "comment", "spec", "flags", "expect", "call"];

/// Whether a case expects a refusal: an error, or a check that fails.
#[must_use]
pub fn refuses(case: &Case) -> bool {
    case.attempts.last().is_some_and(|attempt| {
        let findings = attempt.expect.findings.iter().flatten();
        attempt.expect.error.is_some()
            || findings
                .into_iter()
                .any(|finding| finding.split(' ').nth(1) == Some("fail"))
    })
}

/// Whether an outcome refuses nothing.
#[must_use]
pub fn is_accepted(outcome: &Value) -> bool {
    let checks = outcome.as_array().or_else(|| outcome["checks"].as_array());
    match checks {
        Some(checks) => checks.iter().all(|check| check["outcome"] != "fail"),
        None => outcome.get("ok").is_some(),
    }
}

/// Every neighbour of a case as it is written: the nearest first. None differs in more than one thing.
#[must_use]
pub fn neighbours(case: &Object) -> Vec<Neighbour> {
    let (mut places, mut numbers) = (Vec::new(), Vec::new());
    for (name, value) in case {
        if !ABOUT.contains(&name.as_str()) {
            gather(value, format!("/{name}"), &mut places);
            leaves(value, format!("/{name}"), &mut numbers);
        }
    }
    let mut neighbours: Vec<Neighbour> = Vec::new();
    let whole = Value::Object(case.clone());
    for place in &numbers {
        for moved in whole.pointer(place).map(moves).unwrap_or_default() {
            let mut changed = whole.clone();
            if let Some(value) = changed.pointer_mut(place) {
                *value = moved;
            }
            neighbours.extend(neighbour(place, Step::Moved, changed));
        }
    }
    places.sort_by_key(|place| std::cmp::Reverse(place.matches('/').count()));
    for place in &places {
        let mut changed = whole.clone();
        remove(&mut changed, place);
        neighbours.extend(neighbour(place, Step::TakenBack, changed));
        // An argument that is absent keeps the others in their places.
        if place.starts_with("/input/arguments/") {
            let mut changed = whole.clone();
            if let Some(value) = changed.pointer_mut(place) {
                *value = Value::Null;
            }
            neighbours.extend(neighbour(place, Step::TakenBack, changed));
        }
    }
    neighbours
}

fn neighbour(place: &str, step: Step, changed: Value) -> Option<Neighbour> {
    let Value::Object(object) = changed else {
        return None;
    };
    let place = place.to_owned();
    Some(Neighbour {
        place,
        step,
        object,
    })
}

/// The places below `value` that hold one thing each, its own among them; and how many things it holds.
fn gather(value: &Value, place: String, places: &mut Vec<String>) -> usize {
    let things = match below(value, &place) {
        Some(parts) => parts
            .into_iter()
            .map(|(place, value)| gather(value, place, places))
            .sum(),
        None => 1,
    };
    if things == 1 || is_one(value, &place) {
        places.push(place);
        return 1;
    }
    things
}

/// Whether what is at `place` is one thing however it is written.
fn is_one(value: &Value, place: &str) -> bool {
    let mut above = place.rsplit('/').skip(1);
    match (above.next(), above.next()) {
        // A member's value, and an earlier attempt.
        (Some("set" | "before"), _) => true,
        // Another answer in the place of the usual one, alone or among several.
        (Some("http"), _) | (_, Some("http")) if is_another_answer(value) => true,
        _ => is_another_spelling(value) || is_another_key(value),
    }
}

fn is_another_answer(value: &Value) -> bool {
    value.get("status").is_some() || value.get("error").is_some()
}

/// A member left out, and put last as a text that no JSON value says.
fn is_another_spelling(value: &Value) -> bool {
    let removed = value["remove"].as_array().map_or(&[][..], Vec::as_slice);
    match (removed, value["append"].as_str()) {
        ([Value::String(name)], Some(text)) => text.starts_with(&format!("\"{name}\":")),
        _ => false,
    }
}

/// A key under another one's name.
fn is_another_key(value: &Value) -> bool {
    let set = value["set"].as_object();
    let renamed = set.is_some_and(|set| set.keys().all(|name| name == "kid"));
    renamed && value["key"].is_string()
}

/// What a container holds, with the place of each.
fn below<'a>(value: &'a Value, place: &str) -> Option<Vec<(String, &'a Value)>> {
    let of = |name: &str| format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        // Takes the place of one that is not empty.
        Value::Array(items) if items.is_empty() => None,
        Value::Object(members) => {
            let members = members.iter();
            Some(members.map(|(name, value)| (of(name), value)).collect())
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            Some(
                items
                    .map(|(index, value)| (of(&index.to_string()), value))
                    .collect(),
            )
        }
        _ => None,
    }
}

/// The place of everything below `value` that holds nothing further.
fn leaves(value: &Value, place: String, places: &mut Vec<String>) {
    match below(value, &place) {
        Some(parts) => {
            for (place, value) in parts {
                leaves(value, place, places);
            }
        }
        None => places.push(place),
    }
}

fn remove(whole: &mut Value, place: &str) {
    let Some((parent, name)) = place.rsplit_once('/') else {
        return;
    };
    let name = name.replace("~1", "/").replace("~0", "~");
    match whole.pointer_mut(parent) {
        Some(Value::Object(members)) => drop(members.remove(&name)),
        Some(Value::Array(items)) => {
            if let Ok(index) = name.parse::<usize>() {
                drop(items.remove(index));
            }
        }
        _ => {}
    }
}

/// One less and one more of a number, or of a text's only repetition.
fn moves(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => {
            let around = number.as_i64().map(|number| [number - 1, number + 1]);
            around.into_iter().flatten().map(Value::from).collect()
        }
        Value::String(text) => {
            let Some((before, rest)) = text.split_once('*') else {
                return Vec::new();
            };
            let Some((count, after)) = rest.split_once('}') else {
                return Vec::new();
            };
            let around = count
                .parse::<usize>()
                .map(|count| [count.saturating_sub(1), count + 1]);
            around
                .into_iter()
                .flatten()
                .map(|count| Value::from(format!("{before}*{count}}}{after}")))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The neighbours of a case that are accepted: the first in each way.
///
/// # Errors
/// When the case itself cannot be read.
pub async fn accepted(
    plugin: &Plugin,
    file: &CaseFile,
    name: &str,
    case: &Object,
) -> Result<Vec<Neighbour>> {
    let mut accepted: Vec<Neighbour> = Vec::new();
    for neighbour in neighbours(case) {
        if accepted.iter().any(|found| found.step == neighbour.step) {
            continue;
        }
        // Without a part of it a case may say nothing at all, such as a key set of no file.
        let Ok(case) = file.case(name, &neighbour.object) else {
            continue;
        };
        let outcome = run::outcome(plugin, &case).await;
        if outcome.is_ok_and(|outcome| is_accepted(&outcome)) {
            accepted.push(neighbour);
        }
    }
    Ok(accepted)
}

/// What a case is refused for, and by which call: the boundary that its numbers may stand at.
///
/// # Errors
/// When the case has no attempt.
pub fn boundary(case: &Case) -> Result<String> {
    let last = case.attempts.last().context("no attempt")?;
    let refusal = match &last.expect.error {
        Some(Value::String(code)) => code.clone(),
        Some(refusal @ Value::Object(members)) => match members.get("problem") {
            Some(problem) => problem.as_str().unwrap_or_default().to_owned(),
            None => replay::ending(&json!({ "error": refusal })),
        },
        Some(_) => "other".to_owned(),
        None => {
            let findings = last.expect.findings.iter().flatten();
            let failed = findings
                .into_iter()
                .find(|finding| finding.contains(" fail"));
            failed.cloned().unwrap_or_default()
        }
    };
    Ok(format!("{} {refusal}", last.call))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_moved_or_taken_back_once() {
        let case =
            json!({ "id": "x", "expect": { "error": "e" }, "input": { "a": "{x*3}", "b": [7] } });
        let case = case.as_object().cloned().unwrap_or_default();
        let neighbours = neighbours(&case);
        let told: Vec<_> = neighbours
            .iter()
            .map(|neighbour| {
                (
                    neighbour.place.as_str(),
                    neighbour
                        .object
                        .get("input")
                        .map(Value::to_string)
                        .unwrap_or_default(),
                )
            })
            .collect();
        assert_eq!(
            told[..5],
            [
                ("/input/a", r#"{"a":"{x*2}","b":[7]}"#.to_owned()),
                ("/input/a", r#"{"a":"{x*4}","b":[7]}"#.to_owned()),
                ("/input/b/0", r#"{"a":"{x*3}","b":[6]}"#.to_owned()),
                ("/input/b/0", r#"{"a":"{x*3}","b":[8]}"#.to_owned()),
                ("/input/b/0", r#"{"a":"{x*3}","b":[]}"#.to_owned()),
            ]
        );
        assert_eq!(told.len(), 7);
    }

    #[test]
    fn no_neighbour_differs_in_two_things() {
        let places = |case: Value| {
            let case = case.as_object().cloned().unwrap_or_default();
            let neighbours = neighbours(&case).into_iter();
            let places = neighbours.filter(|neighbour| neighbour.step == Step::TakenBack);
            places.map(|neighbour| neighbour.place).collect::<Vec<_>>()
        };
        let claims = json!({ "input": { "token": { "claims": { "set": { "iss": "x", "aud": ["y", "z"] } } } } });
        let set = "/input/token/claims/set";
        let of_aud = [format!("{set}/aud/0"), format!("{set}/aud/1")];
        let whole = [format!("{set}/aud"), format!("{set}/iss")];
        assert_eq!(places(claims), [of_aud, whole].concat());

        let changed = json!({ "http": { "token": { "json": { "remove": ["a", "b"] } } } });
        let removed = "/http/token/json/remove";
        assert_eq!(
            places(changed),
            [format!("{removed}/0"), format!("{removed}/1")]
        );

        let other = json!({ "http": { "token": { "status": 400, "json": { "raw": "x" } } } });
        assert_eq!(
            places(other),
            [
                "/http/token/json/raw",
                "/http/token/json",
                "/http/token/status",
                "/http/token",
                "/http"
            ]
        );
    }
}
