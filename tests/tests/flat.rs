//! The same cases in the flat form, on hosts in three languages. None of them shares code with `okta-sso-host`.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

use std::io::{Write, stderr};
use std::thread;
use std::time::Instant;

use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::flat::{FlatCase, types};
use okta_sso_conformance::hosts::Language;
use okta_sso_conformance::kit::{self, Verdict};
use okta_sso_conformance::{report, run};

fn verdicts(host: Language, cases: &[FlatCase]) -> Vec<Verdict> {
    let start = Instant::now();
    let mut verdicts = Vec::new();
    let component = run::component_path();
    let ran = Sandbox::load(&component).and_then(|sandbox| {
        kit::run(host, &component, &sandbox, cases, |verdict| {
            verdicts.push(verdict)
        })
    });
    ran.unwrap_or_else(|error| panic!("{error:#}"));
    let (summary, took) = (report::summary(host, &verdicts), start.elapsed().as_secs());
    // Past the capture of a test that passes: this is what the run reports.
    let mut report = stderr();
    writeln!(report, "flat cases on {summary}, {took} s").unwrap();
    verdicts
}

#[test]
fn every_host_passes_every_case() {
    let made = kit::cases("").unwrap_or_else(|error| panic!("{error:#}"));
    let cases: Vec<FlatCase> = made.iter().map(read_back).collect();
    let hosts = Language::ALL.into_iter();
    let hosts = hosts.filter(|host| host.bring().unwrap_or_else(|error| panic!("{error:#}")));
    let of_hosts: Vec<Vec<Verdict>> = thread::scope(|scope| {
        let running: Vec<_> = hosts
            .map(|host| {
                scope.spawn({
                    let cases = &cases;
                    move || verdicts(host, cases)
                })
            })
            .collect();
        let running = running.into_iter();
        running.map(|host| host.join().unwrap()).collect()
    });
    let failed: Vec<String> = of_hosts
        .iter()
        .flatten()
        .filter(|verdict| !verdict.failures.is_empty())
        .map(report::failure)
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    for verdicts in &of_hosts {
        assert_eq!(verdicts.len(), cases.len());
    }
}

/// A case as another host reads it.
fn read_back(case: &FlatCase) -> FlatCase {
    serde_json::from_str(&serde_json::to_string(case).unwrap()).unwrap()
}

#[test]
fn unknown_names_are_refused() {
    let line = r#"{"kind":"trace","about":{"id":"x","file":"x","spec":null,"comment":null},
        "call":"messages.codes","arguments":[],"trace":[],"outcome":[]}"#;
    assert!(serde_json::from_str::<FlatCase>(line).is_ok());
    for (known, unknown) in [
        ("\"trace\":[]", "\"trace\":[],\"x\":1"),
        ("\"spec\"", "\"sec\""),
    ] {
        let line = line.replace(known, unknown);
        assert!(serde_json::from_str::<FlatCase>(&line).is_err(), "{line}");
    }
}

#[test]
fn the_types_name_every_function() {
    let contract = types::contract().unwrap();
    let names = |side: &str| -> Vec<String> {
        contract[side]
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(names("exports").len(), 14, "{:?}", names("exports"));
    assert_eq!(names("imports").len(), 9, "{:?}", names("imports"));
}
