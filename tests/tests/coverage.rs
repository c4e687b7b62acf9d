//! Every answer that the contract knows is expected by a case, or `skipped.toml` says why not; and every module of the
//! OpenID Foundation is a case of its own name, or `openid-foundation.toml` says why not.

use std::collections::BTreeSet;

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::{coverage, run};

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

#[test]
fn every_module_of_the_openid_foundation_is_a_case() {
    let mut ids = BTreeSet::new();
    for file in CaseFile::names().unwrap() {
        for case in CaseFile::read(&file).unwrap() {
            ids.insert(case.about.id);
        }
    }
    let modules = coverage::modules().unwrap();
    let named: BTreeSet<&String> = modules.plans.values().flatten().collect();
    let missing: Vec<_> = named
        .iter()
        .filter(|module| !ids.contains(**module) && !modules.deviations.contains_key(**module))
        .collect();
    assert!(
        missing.is_empty(),
        "neither case nor deviation: {missing:#?}"
    );
    assert!(
        modules.deviations.values().all(|reason| reason.len() > 20),
        "a deviation needs a reason"
    );
    println!(
        "{} modules, {} deviations",
        named.len(),
        modules.deviations.len()
    );
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
    let mut named = BTreeSet::new();
    for point in &taught.point {
        let held = !point.cases.is_empty() || point.elsewhere.is_some();
        assert!(held, "nothing holds: {}", point.taught);
        named.extend(point.cases.iter().cloned());
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
fn ids_are_unique_in_all_files() {
    let mut ids = BTreeSet::new();
    for file in CaseFile::names().unwrap() {
        for case in CaseFile::read(&file).unwrap() {
            let id = case.about.id;
            assert!(ids.insert(id.clone()), "{file}: {id} is used twice");
        }
    }
}
