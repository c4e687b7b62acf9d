//! The native core beside the component: the same inputs give the same answers, and the same questions to the host in
//! the same order.
//!
//! So what unit tests, fuzzing and the comparison with other libraries show of the core is true of the component.
#![expect(
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

mod core;
mod host;
mod values;

use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;
use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::flat::{FlatCase, TraceCase, trace, types};
use okta_sso_conformance::{kit, report, run};
use serde_json::{Value, json};

use crate::core::Core;
use crate::host::{Asked, Host};
use crate::values::Change;

/// Where the changes come from. Another seed gives others, as many.
const SEED: u64 = 0x0ca7_a551;
const CHANGED: usize = 10_000;

/// Every call under test, with what the component asked in it.
fn traces() -> Vec<TraceCase> {
    let cases = kit::cases("").unwrap_or_else(|error| panic!("{error:#}"));
    cases
        .into_iter()
        .filter_map(|case| match case {
            FlatCase::Trace(case) => Some(case),
            FlatCase::Contract(_) => None,
        })
        .collect()
}

#[test]
fn the_core_does_in_every_case_what_the_component_does() {
    let traces = traces();
    let core = Core::new().unwrap();
    for case in &traces {
        let failures = trace::play_with(case, |tape| core.call(&case.call, &case.arguments, tape));
        let told: String = failures.iter().map(report::difference).collect();
        assert!(failures.is_empty(), "{}\n{told}", case.about.id);
    }
    println!("{} calls", traces.len());
}

#[test]
fn the_core_does_the_same_when_anything_is_changed() {
    let traces = traces();
    let core = Core::new().unwrap();
    let sandbox = Sandbox::load(&run::component_path()).unwrap();
    let types = types::contract().unwrap();
    let mut random = Rng::with_seed(SEED);
    println!("seed {SEED:#x}");
    let (mut questions, mut outcomes) = (0, std::collections::BTreeSet::new());
    for number in 0..CHANGED {
        let mut case = traces[random.usize(..traces.len())].clone();
        let changes: Vec<Change> = (0..random.usize(1..=3))
            .filter_map(|_| values::change(&mut random, &types, &mut case))
            .collect();
        let (ours, asked_ours) = run_on(&case, |host| core.call(&case.call, &case.arguments, host));
        let (theirs, asked) = run_on(&case, |host| {
            sandbox.call(&case.call, &case.arguments, host)
        });
        let title = || format!("{} after change {number}: {changes:?}", case.about.id);
        assert_eq!(asked_ours, asked, "{}", title());
        assert_eq!(ours, theirs, "{}", title());
        assert!(ours.is_ok(), "{}: {ours:?}", title());
        questions += asked.len();
        outcomes.insert(ours.map(|outcome| outline(&outcome)).unwrap_or_default());
    }
    println!(
        "{CHANGED} changed calls, {questions} questions, {} different outcomes",
        outcomes.len()
    );
    assert!(questions > CHANGED && outcomes.len() > 100);
}

/// The outcome and the questions of one call over a fresh host.
fn run_on(
    case: &TraceCase,
    call: impl FnOnce(&Arc<Mutex<Host>>) -> anyhow::Result<Value>,
) -> (Result<Value, String>, Vec<Asked>) {
    let host = Arc::new(Mutex::new(Host::new(case)));
    let outcome = call(&host).map_err(|error| format!("{error:#}"));
    let mut host = host.lock().unwrap_or_else(PoisonError::into_inner);
    (outcome, std::mem::take(&mut host.asked))
}

/// The names of an outcome without its texts.
fn outline(outcome: &Value) -> String {
    match &outcome["error"] {
        Value::Null => json!(
            outcome
                .as_object()
                .map(|members| members.keys().collect::<Vec<_>>())
        ),
        Value::Object(refusal) => {
            let inner: Vec<_> = refusal
                .values()
                .map(|payload| {
                    [
                        &payload["problem"],
                        &payload["endpoint"],
                        &payload["fault"],
                        &payload["hint"],
                    ]
                })
                .collect();
            json!([refusal.keys().collect::<Vec<_>>(), inner])
        }
        other => other.clone(),
    }
    .to_string()
}
