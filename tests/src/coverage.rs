//! Which refusals the contract knows, and which of them some case provokes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use okta_sso_host::Plugin;
use serde_json::Value;
use wasmtime::component::Type;

use crate::case::CaseFile;

/// `skipped.toml` as JSON would have it: name of the refusal to the reason why no case provokes it.
///
/// # Errors
/// When the file cannot be read or a line is no `name = "reason"`.
pub fn skipped() -> Result<BTreeMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("skipped.toml");
    let text = std::fs::read_to_string(path)?;
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, reason) = line.split_once('=').with_context(|| line.to_owned())?;
            Ok((
                name.trim().trim_matches('"').to_owned(),
                reason.trim().trim_matches('"').to_owned(),
            ))
        })
        .collect()
}

/// Every refusal of the component's own types, as `login-error/expired` or `problem-code/missing`.
///
/// # Errors
/// When the component exports another contract.
pub fn known(plugin: &Plugin) -> Result<BTreeSet<String>> {
    let mut known = BTreeSet::new();
    for (interface, function, name) in [
        ("login", "complete", "login-error"),
        ("logout", "receive-logout-token", "logout-error"),
        ("config", "check", "problem"),
    ] {
        let signature = plugin
            .signature(interface, function)
            .context("another contract")?;
        let Some(Type::Result(result)) = signature.results.first() else {
            anyhow::bail!("{interface}.{function} gives no result");
        };
        if let Some(refusal) = result.err() {
            gather(&refusal, name, &mut known);
        }
        if let (Some(good), "check") = (result.ok(), function)
            && let Type::Record(checked) = good
        {
            checked
                .fields()
                .filter(|field| field.name == "corrections")
                .for_each(|field| gather(&field.ty, "correction", &mut known));
        }
    }
    Ok(known)
}

fn gather(kind: &Type, name: &str, known: &mut BTreeSet<String>) {
    match kind {
        Type::Variant(variant) => {
            for case in variant.cases() {
                known.insert(format!("{name}/{}", case.name));
                if let Some(payload) = case.ty {
                    gather(&payload, case.name, known);
                }
            }
        }
        Type::List(list) => gather(&list.ty(), name, known),
        Type::Record(record) => {
            for field in record
                .fields()
                .filter(|field| ["problem", "fault", "hint", "code"].contains(&field.name))
            {
                if let Type::Enum(cases) = field.ty {
                    known.extend(cases.names().map(|case| format!("{name}/{case}")));
                }
            }
        }
        _ => {}
    }
}

/// Every refusal that some case expects, in the same names.
///
/// # Errors
/// When a file does not read.
pub fn expected() -> Result<BTreeSet<String>> {
    let mut expected = BTreeSet::new();
    for file in CaseFile::names()? {
        for case in CaseFile::read(&file)? {
            for attempt in &case.attempts {
                let expect = &attempt.expect;
                let error = if attempt.call.starts_with("logout.") {
                    "logout-error"
                } else {
                    "login-error"
                };
                match &expect.error {
                    Some(Value::String(code)) => {
                        let mut parts = code.split('/');
                        let first = parts.next().unwrap_or_default();
                        expected.insert(format!("{error}/{first}"));
                        expected.extend(parts.next_back().map(|last| format!("{first}/{last}")));
                    }
                    Some(Value::Object(members)) => {
                        for (name, payload) in members {
                            expected.insert(format!("{error}/{name}"));
                            for member in ["fault", "hint", "problem"] {
                                expected.extend(
                                    payload[member]
                                        .as_str()
                                        .map(|last| format!("{name}/{last}")),
                                );
                            }
                        }
                    }
                    Some(Value::Array(problems)) => {
                        expected.extend(codes(problems).map(|code| format!("problem/{code}")));
                    }
                    _ => {}
                }
                for finding in expect.findings.iter().flatten() {
                    let reason = finding.split("login/").nth(1).unwrap_or_default();
                    if let Some((first, rest)) = reason.split_once('/') {
                        expected.extend(
                            rest.rsplit('/')
                                .next()
                                .map(|last| format!("{first}/{last}")),
                        );
                    }
                }
                if let Some(Value::Array(corrections)) =
                    expect.ok.as_ref().map(|ok| &ok["corrections"])
                {
                    expected.extend(codes(corrections).map(|code| format!("correction/{code}")));
                }
            }
        }
    }
    Ok(expected)
}

fn codes(items: &[Value]) -> impl Iterator<Item = &str> {
    items.iter().filter_map(|item| item["code"].as_str())
}
