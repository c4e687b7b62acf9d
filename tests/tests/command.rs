//! `okta-sso-conformance` as it is called: what it prints, and its exit status.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

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
        let more = ["--filter", "BI-110-invalid-aud", "--report", "junit"];
        let output = run(component, host, &more);
        let words = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{words}");
        for part in [
            "FAILED BI-110-invalid-aud (contract, cases/id-token.json)",
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

#[test]
fn what_cannot_run_ends_with_2() {
    let absent = run("absent.wasm", Language::Rust, &[]);
    let none = run(
        "target/plugin/okta_sso.wasm",
        Language::Rust,
        &["--filter", "no such case"],
    );
    for (output, word) in [(absent, "absent.wasm"), (none, "no such case")] {
        assert_eq!(output.status.code(), Some(2));
        let words = String::from_utf8(output.stderr).unwrap();
        assert!(words.contains(word), "{words}");
    }
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
