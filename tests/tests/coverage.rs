//! Every answer that the contract knows is expected by a case, or `skipped.toml` says why not; and every module of the
//! OpenID Foundation is a case of its own name, or `openid-foundation.toml` says why not. What real providers taught, and every
//! bad input of `inputs/`, is shown by cases and tests that exist.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

use std::collections::{BTreeMap, BTreeSet};

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::coverage::Modules;
use okta_sso_conformance::inventory::inventory;
use okta_sso_conformance::neighbour::refuses;
use okta_sso_conformance::{coverage, inputs, run};

#[tokio::test]
async fn every_answer_is_expected() {
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let known = coverage::known().unwrap();
    let mut expected = coverage::expected().unwrap();
    expected.extend(coverage::answered(&plugin).await.unwrap());
    let skipped = coverage::skipped().unwrap();

    let missing: Vec<_> = known
        .iter()
        .filter(|name| !expected.contains(*name) && !skipped.contains_key(*name))
        .collect();
    assert!(missing.is_empty(), "no case expects {missing:#?}");
    let dead: Vec<_> = skipped
        .keys()
        .filter(|name| !known.contains(*name) || expected.contains(*name))
        .collect();
    assert!(dead.is_empty(), "skipped.toml need not name {dead:#?}");
    assert!(
        skipped.values().all(|reason| !reason.is_empty()),
        "a skip needs a reason"
    );
    println!("{} answers, {} of them skipped", known.len(), skipped.len());
}

/// Of each case's id whether it expects a refusal.
fn refusals() -> BTreeMap<String, bool> {
    let mut refusals = BTreeMap::new();
    for file in CaseFile::names().unwrap() {
        for case in CaseFile::read(&file).unwrap() {
            let refuses = refuses(&case);
            refusals.insert(case.about.id, refuses);
        }
    }
    refusals
}

#[test]
fn every_module_of_the_openid_foundation_is_a_case() {
    let modules = coverage::modules().unwrap();
    let wrong = modules.contradictions(&refusals());
    assert!(wrong.is_empty(), "{wrong:#?}");
    println!(
        "{} modules, {} deviations",
        modules.wanted().len(),
        modules.deviations.len()
    );
}

/// What the test above is for: each of these files or cases would be wrong.
#[test]
fn a_module_without_its_case_is_noticed_and_so_is_a_deviation_in_vain() {
    let (right, cases) = (coverage::modules().unwrap(), refusals());
    let reason = || "A reason that is long enough.".to_owned();
    let change = |change: &dyn Fn(&mut Modules, &mut BTreeMap<String, bool>)| {
        let (mut modules, mut cases) = (right.clone(), cases.clone());
        change(&mut modules, &mut cases);
        modules.contradictions(&cases)
    };
    let nonce = "oidcc-client-test-nonce-invalid";
    let unsigned = "oidcc-client-test-idtoken-sig-none";
    for (wrong, told) in [
        (
            change(&|_, cases| _ = cases.remove(nonce)),
            format!("{nonce}: neither case nor deviation"),
        ),
        (
            change(&|_, cases| _ = cases.insert(nonce.into(), false)),
            format!("{nonce}: its case ends otherwise than it wants, and no deviation says why"),
        ),
        (
            change(&|modules, _| drop(modules.deviations.insert(nonce.into(), reason()))),
            format!("{nonce}: its case ends as it wants, so the deviation need not be there"),
        ),
        (
            change(&|_, cases| _ = cases.insert(unsigned.into(), false)),
            format!("{unsigned}: its case ends as it wants, so the deviation need not be there"),
        ),
        (
            change(&|modules, _| drop(modules.deviations.insert("x".into(), reason()))),
            "x: a deviation, and in no plan".to_owned(),
        ),
        (
            change(&|modules, _| drop(modules.deviations.insert(unsigned.into(), "no".into()))),
            format!("{unsigned}: a deviation needs a reason"),
        ),
    ] {
        assert_eq!(wrong, [told]);
    }
}

#[test]
fn every_point_that_providers_taught_is_a_case() {
    let mut ids = BTreeSet::new();
    for file in CaseFile::names().unwrap() {
        for case in CaseFile::read(&file).unwrap() {
            ids.insert(case.about.id);
        }
    }
    let taught = coverage::taught().unwrap();
    let inventory = inventory().unwrap();
    let mut named = BTreeSet::new();
    for point in &taught.point {
        let held = !point.cases.is_empty() || !point.tests.is_empty();
        assert!(held, "nothing holds: {}", point.taught);
        named.extend(point.cases.iter().cloned());
        for test in &point.tests {
            assert!(inventory.contains(test), "there is no test {test}");
        }
    }
    let missing: Vec<_> = named.iter().filter(|id| !ids.contains(*id)).collect();
    assert!(missing.is_empty(), "there is no case {missing:#?}");
    let cases = CaseFile::read("providers").unwrap();
    let unnamed: Vec<_> = cases
        .iter()
        .map(|case| &case.about.id)
        .filter(|id| !named.contains(*id))
        .collect();
    assert!(unnamed.is_empty(), "no point names {unnamed:#?}");
    println!("{} points, {} cases", taught.point.len(), named.len());
}

#[test]
fn every_bad_input_is_shown() {
    let rows = inputs::rows().unwrap();
    let wrong = inputs::wrong(&rows, &inventory().unwrap());
    assert!(wrong.is_empty(), "{wrong:#?}");
    let (cases, tests) = inputs::counts(&rows);
    println!(
        "{} bad inputs in {cases} cases; {tests} tests beside them",
        rows.len()
    );
}

#[test]
fn ids_are_unique_in_all_files() {
    let mut ids = BTreeSet::new();
    for file in CaseFile::names().unwrap() {
        for case in CaseFile::read(&file).unwrap() {
            let id = case.about.id;
            assert!(ids.insert(id.clone()), "{file}: {id} is used twice");
        }
    }
}
