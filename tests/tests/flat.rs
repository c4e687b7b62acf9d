//! The same cases in the flat form, on a host that shares no code with `okta-sso-host`.

use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::flat::{FlatCase, types};
use okta_sso_conformance::{kit, report, run};

#[test]
fn every_flat_case_passes() {
    let cases = kit::cases().unwrap_or_else(|error| panic!("{error:#}"));
    let sandbox = Sandbox::load(&run::component_path()).unwrap();
    let mut failed = Vec::new();
    for case in &cases {
        // As another host would read it.
        let line = serde_json::to_string(case).unwrap();
        let case: FlatCase = serde_json::from_str(&line).unwrap();
        let verdict = kit::play(&sandbox, &case);
        if !verdict.failures.is_empty() {
            failed.push(report::failure(&verdict));
        }
    }
    println!(
        "{} of {} flat cases passed",
        cases.len() - failed.len(),
        cases.len()
    );
    assert!(
        failed.is_empty(),
        "{} failed\n{}",
        failed.len(),
        failed.join("\n")
    );
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
