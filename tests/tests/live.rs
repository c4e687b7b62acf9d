//! The cases over real hosts: HTTP over TCP, storage, randomness and signature checks are each host's own.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

use std::io::{Write, stderr};
use std::time::Instant;

use okta_sso_conformance::case::Case;
use okta_sso_conformance::hosts::Language;
use okta_sso_conformance::{kit, live, report, run};

/// Runs every case on a host, and says how many passed.
async fn passes_every_case(host: Language) {
    if !host.bring().unwrap_or_else(|error| panic!("{error:#}")) {
        return;
    }
    let cases = live::cases("").unwrap_or_else(|error| panic!("{error:#}"));
    let start = Instant::now();
    let mut verdicts = Vec::new();
    let component = run::component_path();
    let ran = live::run(host, &component, &cases, |verdict| verdicts.push(verdict));
    ran.await.unwrap_or_else(|error| panic!("{error:#}"));
    let (summary, took) = (report::summary(host, &verdicts), start.elapsed().as_secs());
    // Past the capture of a test that passes: this is what the run reports.
    let mut report = stderr();
    writeln!(report, "live cases on {summary}, {took} s").unwrap();
    let failed = verdicts
        .iter()
        .filter(|verdict| !verdict.failures.is_empty());
    let failed: Vec<String> = failed.map(report::failure).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert_eq!(verdicts.len(), cases.len());
    assert!(cases.len() >= 500, "only {} cases are left", cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn rust() {
    passes_every_case(Language::Rust).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node() {
    passes_every_case(Language::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python() {
    passes_every_case(Language::Python).await;
}

/// What `live.toml` leaves out is a case that would be run, and that no real host can pass.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_cannot_run() {
    let mut left_out = live::left_out().unwrap();
    let mut cases = kit::authored("").unwrap();
    cases.retain(|case: &Case| live::is_live(case) && left_out.remove(&case.about.id).is_some());
    assert!(left_out.is_empty(), "no such cases: {:?}", left_out.keys());
    let mut passed = Vec::new();
    let component = run::component_path();
    let ran = live::run(Language::Rust, &component, &cases, |verdict| {
        if verdict.failures.is_empty() {
            passed.push(verdict.about.id);
        }
    });
    ran.await.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(passed.is_empty(), "need not be left out: {passed:?}");
}
