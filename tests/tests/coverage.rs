//! Every refusal of the contract is provoked by a case, or `skipped.toml` says why not.

use okta_sso_conformance::{coverage, run};

#[test]
fn every_refusal_is_provoked() {
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let known = coverage::known(&plugin).unwrap();
    let expected = coverage::expected().unwrap();
    let skipped = coverage::skipped().unwrap();

    let missing: Vec<_> = known
        .iter()
        .filter(|name| !expected.contains(*name) && !skipped.contains_key(*name))
        .collect();
    assert!(missing.is_empty(), "no case provokes {missing:#?}");
    let dead: Vec<_> = skipped
        .keys()
        .filter(|name| !known.contains(*name) || expected.contains(*name))
        .collect();
    assert!(dead.is_empty(), "skipped.toml need not name {dead:#?}");
    assert!(
        skipped.values().all(|reason| !reason.is_empty()),
        "a skip needs a reason"
    );
}
