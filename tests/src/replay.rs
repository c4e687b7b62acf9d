//! Recordings: opened, run again offline, and made into cases that name nobody.

pub mod case;
mod keys;
mod pseudonyms;
mod words;

use std::path::Path;

use anyhow::{Context, Result, anyhow, ensure};
use okta_sso_host::record::{self, Recording};
use serde_json::Value;

use crate::flat::sandbox::Sandbox;
use crate::flat::{About, Failure, TraceCase, trace};

/// Reads a recording: as a host sealed it where there is a key, else as plain JSON.
///
/// # Errors
/// Why it does not open, in words for whoever named it.
pub fn read(file: &Path, key_file: Option<&Path>, now: u64) -> Result<Recording> {
    let name = file.display();
    let Some(key_file) = key_file else {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {name}"))?;
        return serde_json::from_slice(&bytes).with_context(|| {
            format!(
                "{name} is no recording in the clear; one that a host has sealed needs --key-file"
            )
        });
    };
    let key = std::fs::read(key_file)
        .with_context(|| format!("cannot read the key {}", key_file.display()))?;
    let key = key
        .try_into()
        .map_err(|_| anyhow!("the key {} is not of 32 bytes", key_file.display()))?;
    record::open(file, &key, now).map_err(|error| anyhow!("the recording {name}: {error}"))
}

/// Plays a recording against the component that it names.
///
/// # Errors
/// When this is another component.
pub fn play(recording: &Recording, sandbox: &Sandbox) -> Result<Vec<Failure>> {
    belong_together(recording, sandbox)?;
    let about = About {
        id: "recording".into(),
        file: String::new(),
        spec: None,
        comment: None,
    };
    let recording = recording.clone();
    let case = TraceCase {
        about,
        call: recording.call,
        arguments: recording.arguments,
        trace: recording.trace,
        outcome: recording.outcome,
    };
    Ok(trace::play(sandbox, &case))
}

fn belong_together(recording: &Recording, sandbox: &Sandbox) -> Result<()> {
    ensure!(
        sandbox.sha256() == recording.component,
        "the recording is of another component: its SHA-256 is {}, and that of the one given here {}. Name the one \
         that was recorded with --component",
        recording.component,
        sandbox.sha256()
    );
    Ok(())
}

/// What a call ended in, by names of the contract alone: a recording's own words may be somebody's.
#[must_use]
pub fn ending(outcome: &Value) -> String {
    if let Some(fault) = outcome["fault"].as_str() {
        return format!("the host ended it: {fault}");
    }
    if let Some(checks) = outcome["checks"].as_array() {
        let failed = checks.iter().filter(|check| check["outcome"] == "fail");
        let failed: Vec<_> = failed
            .map(|check| {
                let reason = check["reason"].as_str().unwrap_or("no reason");
                format!("{} ({reason})", check["check"].as_str().unwrap_or_default())
            })
            .collect();
        return match failed.as_slice() {
            [] => "no check failed".into(),
            failed => format!("failed: {}", failed.join(", ")),
        };
    }
    match &outcome["error"] {
        Value::String(name) => name.clone(),
        Value::Object(variant) => variant
            .iter()
            .map(|(name, payload)| detailed(name, payload))
            .collect(),
        _ => "ok".into(),
    }
}

/// A refusal's code: its case, then each enum that it carries.
fn detailed(name: &str, payload: &Value) -> String {
    let enums = ["problem", "endpoint", "fault", "hint"];
    let carried = enums.iter().filter_map(|member| payload[member].as_str());
    let carried = payload.as_str().into_iter().chain(carried);
    carried.fold(name.to_owned(), |code, part| format!("{code}/{part}"))
}

#[cfg(test)]
mod tests {
    use super::ending;
    use serde_json::json;

    #[test]
    fn an_ending_names_no_value() {
        for (outcome, expected) in [
            (json!({ "ok": { "identity": { "email": "a@b.c" } } }), "ok"),
            (json!({ "error": "email-missing" }), "email-missing"),
            (
                json!({ "error": { "token-rejected": { "problem": "expired", "expected": "1", "found": "2" } } }),
                "token-rejected/expired",
            ),
            (
                json!({ "error": { "provider-misbehaved": {
                    "fault": "status", "endpoint": "token", "expected": null, "found": "418" } } }),
                "provider-misbehaved/token/status",
            ),
            (
                json!({ "error": { "email-malformed": { "found": "a@b.c " } } }),
                "email-malformed",
            ),
            (
                json!({ "error": { "provider-unavailable": "keys" } }),
                "provider-unavailable/keys",
            ),
            (
                json!({ "fault": "limit: wall" }),
                "the host ended it: limit: wall",
            ),
            (
                json!({ "checks": [{ "check": "email", "outcome": "fail", "reason": "login/email-missing" },
                    { "check": "metadata", "outcome": "pass", "reason": null }] }),
                "failed: email (login/email-missing)",
            ),
        ] {
            assert_eq!(ending(&outcome), expected);
        }
    }
}
