//! What the contract can answer, and which of it some case expects.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use okta_sso_host::Plugin;
use serde::Deserialize;
use serde_json::Value;

use crate::case::{Attempt, CaseFile};
use crate::flat::types;

/// `skipped.toml`: name of an answer to the reason why no case expects it.
///
/// # Errors
/// When the file cannot be read, or is no table of texts.
pub fn skipped() -> Result<BTreeMap<String, String>> {
    Ok(toml::from_str(&read("skipped.toml")?)?)
}

/// `openid-foundation.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modules {
    /// By certification plan.
    pub plans: BTreeMap<String, Plan>,
    /// Module to why it has no case, or what its case does otherwise.
    pub deviations: BTreeMap<String, String>,
}

/// The modules of a plan, by what they want of a client.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// The sign-in goes through.
    pub accepted: Vec<String>,
    /// It does not.
    pub refused: Vec<String>,
    /// As the client likes.
    pub either: Vec<String>,
}

/// The OpenID Foundation's relying-party modules.
///
/// # Errors
/// When the file cannot be read or has another form.
pub fn modules() -> Result<Modules> {
    Ok(toml::from_str(&read("openid-foundation.toml")?)?)
}

impl Modules {
    /// Every module once, with what it wants: `Some(true)` is a refusal.
    #[must_use]
    pub fn wanted(&self) -> BTreeMap<&str, BTreeSet<Option<bool>>> {
        let mut wanted = BTreeMap::<&str, BTreeSet<_>>::new();
        for plan in self.plans.values() {
            for (modules, wants) in [
                (&plan.accepted, Some(false)),
                (&plan.refused, Some(true)),
                (&plan.either, None),
            ] {
                for module in modules {
                    wanted.entry(module).or_default().insert(wants);
                }
            }
        }
        wanted
    }

    /// What does not fit together, where `refuses` says of each case's id whether it expects a refusal.
    #[must_use]
    pub fn contradictions(&self, refuses: &BTreeMap<String, bool>) -> Vec<String> {
        let wanted = self.wanted();
        let mut wrong = Vec::new();
        for (module, wants) in &wanted {
            let case = refuses.get(*module);
            let fits = |wants: &Option<bool>| {
                case.is_some_and(|refuses| wants.is_none_or(|wants| wants == *refuses))
            };
            let deviates = self.deviations.contains_key(*module);
            match (wants.iter().all(fits), deviates) {
                (false, false) if case.is_none() => {
                    wrong.push(format!("{module}: neither case nor deviation"));
                }
                (false, false) => wrong.push(format!(
                    "{module}: its case ends otherwise than it wants, and no deviation says why"
                )),
                (true, true) => wrong.push(format!(
                    "{module}: its case ends as it wants, so the deviation need not be there"
                )),
                _ => {}
            }
        }
        for (module, reason) in &self.deviations {
            if !wanted.contains_key(module.as_str()) {
                wrong.push(format!("{module}: a deviation, and in no plan"));
            }
            if reason.len() <= 20 {
                wrong.push(format!("{module}: a deviation needs a reason"));
            }
        }
        wrong
    }
}

/// `providers.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taught {
    /// In the order of the file.
    pub point: Vec<Point>,
}

/// Something that real providers taught.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// What.
    pub taught: String,
    /// The cases that hold it.
    #[serde(default)]
    pub cases: Vec<String>,
    /// The tests that do, where no case can, as [`crate::inventory`] names them.
    #[serde(default)]
    pub tests: Vec<String>,
}

/// What real providers taught.
///
/// # Errors
/// When the file cannot be read or has another form.
pub fn taught() -> Result<Taught> {
    Ok(toml::from_str(&read("providers.toml")?)?)
}

fn read(file: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// Every answer of the contract that decides something, as `where/case`: `login-error/expired`, `problem/missing`,
/// `check/keys/fail`, `http/timeout`.
///
/// # Errors
/// When `wit/` does not parse.
pub fn known() -> Result<BTreeSet<String>> {
    let contract = types::contract()?;
    let result = |side: &str, function: &str| contract[side][function]["result"].clone();
    let mut known = BTreeSet::new();
    for (function, name) in [
        ("login.complete", "login-error"),
        ("logout.receive-logout-token", "logout-error"),
        ("claims.validate", "claims"),
    ] {
        gather(&result("exports", function)["result"][1], name, &mut known);
    }
    let checked = result("exports", "config.check");
    gather(&checked["result"][1], "problem", &mut known);
    gather(
        &member(&checked["result"][0], "corrections"),
        "correction",
        &mut known,
    );
    gather(
        &result("exports", "claims.compare-email"),
        "email-match",
        &mut known,
    );
    for (function, name) in [
        ("http.send", "http"),
        ("storage.put-if-absent", "storage"),
        ("signatures.verify", "signatures"),
    ] {
        gather(&result("imports", function)["result"][1], name, &mut known);
    }
    let finding = &result("exports", "config.probe")["list"];
    for check in names(&member(finding, "check")) {
        for outcome in ["pass", "fail"] {
            known.insert(format!("check/{check}/{outcome}"));
        }
    }
    for outcome in names(&member(finding, "outcome")) {
        known.insert(format!("outcome/{outcome}"));
    }
    Ok(known)
}

/// The names of an enum.
fn names(kind: &Value) -> impl Iterator<Item = &str> {
    kind["enum"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The type of a record's member.
fn member(record: &Value, name: &str) -> Value {
    let fields = record["record"].as_array().into_iter().flatten();
    let field = fields.into_iter().find(|field| field[0] == name);
    field.map(|field| field[1].clone()).unwrap_or_default()
}

fn gather(kind: &Value, name: &str, known: &mut BTreeSet<String>) {
    known.extend(names(kind).map(|case| format!("{name}/{case}")));
    for case in kind["variant"].as_array().into_iter().flatten() {
        let case_name = case[0].as_str().unwrap_or_default();
        known.insert(format!("{name}/{case_name}"));
        gather(&case[1], case_name, known);
    }
    if !kind["list"].is_null() {
        gather(&kind["list"], name, known);
    }
    for deciding in ["problem", "fault", "hint", "code"] {
        known.extend(names(&member(kind, deciding)).map(|case| format!("{name}/{case}")));
    }
}

/// Every answer that some case expects, in the same names.
///
/// # Errors
/// When a file does not read.
pub fn expected() -> Result<BTreeSet<String>> {
    let mut expected = BTreeSet::new();
    for file in CaseFile::names()? {
        for case in CaseFile::read(&file)? {
            for attempt in &case.attempts {
                expect(attempt, &mut expected);
            }
        }
    }
    Ok(expected)
}

fn expect(attempt: &Attempt, expected: &mut BTreeSet<String>) {
    let interface = attempt.call.split('.').next().unwrap_or_default();
    match &attempt.expect.error {
        Some(Value::String(code)) => expected.extend(codes(&format!("{interface}-error/{code}"))),
        Some(Value::Object(members)) if attempt.call == "claims.validate" => {
            let problem = members.get("problem").and_then(Value::as_str);
            expected.extend(problem.map(|problem| format!("claims/{problem}")));
        }
        Some(Value::Object(members)) => {
            for (name, payload) in members {
                expected.insert(format!("{interface}-error/{name}"));
                for deciding in ["fault", "hint", "problem"] {
                    let last = payload[deciding].as_str();
                    expected.extend(last.map(|last| format!("{name}/{last}")));
                }
            }
        }
        Some(Value::Array(problems)) => expected.extend(listed("problem", problems)),
        _ => {}
    }
    for finding in attempt.expect.findings.iter().flatten() {
        let mut words = finding.split(' ');
        let (check, outcome) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        expected.insert(format!("outcome/{outcome}"));
        expected.insert(format!("check/{check}/{outcome}"));
        if let Some(reason) = words
            .next()
            .and_then(|reason| reason.strip_prefix("login/"))
        {
            expected.extend(codes(&format!("login-error/{reason}")));
        }
    }
    match &attempt.expect.ok {
        Some(Value::String(text)) if attempt.call == "claims.compare-email" => {
            expected.insert(format!("email-match/{text}"));
        }
        Some(ok) => {
            let corrections = ok["corrections"].as_array();
            expected.extend(listed("correction", corrections.unwrap_or(&Vec::new())));
        }
        None => {}
    }
}

/// `login-error/token-rejected/expired` expects `login-error/token-rejected` and `token-rejected/expired`; of several
/// enums the last one decides.
fn codes(code: &str) -> Vec<String> {
    let parts: Vec<&str> = code.split('/').collect();
    match parts.as_slice() {
        [interface, name] => vec![format!("{interface}/{name}")],
        [interface, name, .., last] => {
            vec![format!("{interface}/{name}"), format!("{name}/{last}")]
        }
        _ => Vec::new(),
    }
}

fn listed(name: &str, items: &[Value]) -> Vec<String> {
    let codes = items.iter().filter_map(|item| item["code"].as_str());
    codes.map(|code| format!("{name}/{code}")).collect()
}

/// Every error that a host answered the component with while the cases ran, as `http/timeout`.
///
/// # Errors
/// When a case does not run.
pub async fn answered(plugin: &Plugin) -> Result<BTreeSet<String>> {
    let mut answered = BTreeSet::new();
    for file in CaseFile::names()? {
        for case in CaseFile::read(&file)? {
            for recording in crate::run::recorded(plugin, &case).await? {
                for exchange in recording.trace {
                    let interface = exchange.import.split('.').next().unwrap_or_default();
                    let error = exchange.result["error"].as_str();
                    answered.extend(error.map(|error| format!("{interface}/{error}")));
                }
            }
        }
    }
    Ok(answered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_warning_is_no_failure_provoked() {
        let attempt = json!({ "call": "config.probe", "expect": { "findings": ["scopes warn"] } });
        let attempt: Attempt = serde_json::from_value(attempt).unwrap();
        let mut expected = BTreeSet::new();
        expect(&attempt, &mut expected);
        let expected: Vec<String> = expected.into_iter().collect();
        assert_eq!(expected, ["check/scopes/warn", "outcome/warn"]);
    }
}
