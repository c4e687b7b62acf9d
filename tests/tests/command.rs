//! `okta-sso-conformance` as it is called: what it prints, and its exit status.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use okta_sso_conformance::hosts::Language;
use okta_sso_conformance::part::workspace;
use serde_json::Value;

fn run(component: &str, host: Language, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_okta-sso-conformance"))
        .args(["run", "--component", component, "--host", host.name()])
        .args(more)
        .current_dir(workspace())
        .output()
        .unwrap()
}

fn hosts() -> impl Iterator<Item = Language> {
    let hosts = Language::ALL.into_iter();
    hosts.filter(|host| host.bring().unwrap_or_else(|error| panic!("{error:#}")))
}

#[test]
fn a_report_names_its_host() {
    for host in hosts() {
        let component = "target/plugin/okta_sso.wasm";
        let more = ["--filter", "invalid-aud", "--report", "json"];
        let output = run(component, host, &more);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{words}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["host"], host.name());
        let passed = report["passed"].as_u64().unwrap();
        assert!(passed > 0 && report["failed"] == 0, "{report}");
        let summary = format!("{}: {passed} passed, 0 failed\n", host.name());
        assert!(words.ends_with(&summary), "{words}");
    }
}

/// The probe is a component of the contract, and signs nobody in.
#[test]
fn a_failure_names_case_section_expected_and_got() {
    for host in hosts() {
        let component = "target/plugin/host_probe.wasm";
        let more = ["--filter", "BI-110-aud-other", "--report", "junit"];
        let output = run(component, host, &more);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}");
        for part in [
            "FAILED BI-110-aud-other (contract, cases/id-token.json)",
            "OpenID Connect Core 1.0 section 3.1.3.7 step 3",
            "expected",
            "got",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        let xml = String::from_utf8(output.stdout).unwrap();
        let suites = format!(
            "<testsuites name=\"{}\" tests=\"1\" failures=\"1\">",
            host.name()
        );
        assert!(xml.contains(&suites), "{xml}");
    }
}

/// A file for a run.
fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// A component with nothing in its interfaces.
fn hollow(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let imports = imports
        .iter()
        .map(|name| format!("(import \"{name}\" (instance))"));
    let exports = exports
        .iter()
        .map(|name| format!("(export \"{name}\" (instance $hollow))"));
    let (imports, exports): (String, String) = (imports.collect(), exports.collect());
    wat::parse_str(format!(
        "(component {imports} (instance $hollow) {exports})"
    ))
    .unwrap()
}

/// The sentence is the same whatever the host, and says which interface in which version.
#[test]
fn what_is_no_component_of_this_contract_is_told_what_it_lacks() {
    let [config, login, claims, logout, messages] = [
        "sso:provider/config@0.1.0",
        "sso:provider/login@0.1.0",
        "sso:provider/claims@0.1.0",
        "sso:provider/logout@0.1.0",
        "sso:provider/messages@0.1.0",
    ];
    let about = "this component cannot be tested, because the cases are about version 0.1.0 of sso:provider.";
    let please = "Please build it against that version, which is in `wit/`.";
    let newer = hollow(
        &[],
        &[config, "sso:provider/login@0.2.0", claims, logout, messages],
    );
    let newer_offers =
        format!("{config}, sso:provider/login@0.2.0, {claims}, {logout}, {messages}");
    let lacking = hollow(&[], &[config, login, claims, messages]);
    let lacking_offers = format!("{config}, {login}, {claims}, {messages}");
    let all = [config, login, claims, logout, messages];
    let greedy = hollow(
        &["sso:provider/clock@0.1.0", "wasi:clocks/wall-clock@0.2.0"],
        &all,
    );
    let granted = [
        "cache",
        "clock",
        "http",
        "log",
        "random",
        "signatures",
        "storage",
        "types",
    ];
    let granted = granted
        .map(|name| format!("sso:provider/{name}@0.1.0"))
        .join(", ");
    let none = all.join(", ");
    let refusals = [
        (
            "newer.wasm",
            newer,
            format!("{about} It does not export {login}. What it exports: {newer_offers}. {please}"),
        ),
        (
            "lacking.wasm",
            lacking,
            format!("{about} It does not export {logout}. What it exports: {lacking_offers}. {please}"),
        ),
        (
            "greedy.wasm",
            greedy,
            format!(
                "{about} It imports wasi:clocks/wall-clock@0.2.0. What it may import: {granted}. {please}"
            ),
        ),
        (
            "hollow.wasm",
            hollow(&[], &[]),
            format!("{about} It does not export {none}. What it exports: nothing. {please}"),
        ),
        (
            "core.wasm",
            wat::parse_str("(module)").unwrap(),
            "this is a core module of WebAssembly: make a component of it, for example with `wasm-tools component new`"
                .to_owned(),
        ),
        (
            "text.wat",
            b"(component)".to_vec(),
            "this is no WebAssembly: give the file of a component, in its binary form".to_owned(),
        ),
        (
            "empty.wasm",
            Vec::new(),
            "this file is empty: build the component again".to_owned(),
        ),
    ];
    for host in hosts() {
        for (name, bytes, sentence) in &refusals {
            let path = file(&format!("{}-{name}", host.name()), bytes);
            let path = path.to_str().unwrap();
            let output = run(path, host, &[]);
            let words = String::from_utf8(output.stderr).unwrap();
            assert_eq!(words, format!("okta-sso-conformance: {path}: {sentence}\n"));
            assert_eq!(output.status.code(), Some(2));
            assert!(output.stdout.is_empty());
        }
        let output = run("absent.wasm", host, &[]);
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(
            words.contains("cannot read the component absent.wasm"),
            "{words}"
        );
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn what_is_cut_off_is_told_so() {
    let whole = std::fs::read(workspace().join("target/plugin/okta_sso.wasm")).unwrap();
    let half = file("half.wasm", &whole[..whole.len() / 2]);
    let output = run(half.to_str().unwrap(), Language::Rust, &[]);
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(
        words.contains("half.wasm: this component is broken: "),
        "{words}"
    );
    assert_eq!(output.status.code(), Some(2));
}

/// Live cases run on hosts as they are, and those want a pin.
#[test]
fn a_live_run_says_that_a_digest_is_missing() {
    let whole = std::fs::read(workspace().join("target/plugin/okta_sso.wasm")).unwrap();
    let copy = file("unpinned.wasm", &whole);
    let more = ["--kind", "live", "--filter", "BI-110-aud-other"];
    for host in hosts() {
        let output = run(copy.to_str().unwrap(), host, &more);
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(
            words.contains("unpinned.wasm.sha256: write it with `sha256sum`"),
            "{words}"
        );
        assert_eq!(output.status.code(), Some(2));
    }
}

#[test]
fn what_cannot_run_ends_with_2() {
    let none = run(
        "target/plugin/okta_sso.wasm",
        Language::Rust,
        &["--filter", "no such case"],
    );
    assert_eq!(none.status.code(), Some(2));
    let words = String::from_utf8(none.stderr).unwrap();
    assert!(words.contains("no such case"), "{words}");
    let left_out = Command::new(env!("CARGO_BIN_EXE_okta-sso-conformance"))
        .args([
            "run",
            "--component",
            "target/plugin/okta_sso.wasm",
            "--host",
            "node",
        ])
        .args(["--filter", "invalid-aud"])
        .env("SKIP", "node")
        .current_dir(workspace())
        .output()
        .unwrap();
    assert_eq!(left_out.status.code(), Some(2));
    let words = String::from_utf8(left_out.stderr).unwrap();
    assert!(words.contains("SKIP leaves out node"), "{words}");
}
