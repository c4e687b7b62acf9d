//! Every case that refuses has a neighbour that is accepted: one thing in it taken back, or moved by one. And every refusal
//! that has to do with numbers or lengths has a case at the boundary, accepted when one of these is moved by one.

use std::collections::{BTreeMap, BTreeSet};

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::neighbour::{Neighbour, Step, accepted, boundary, neighbours, refuses};
use okta_sso_conformance::part::workspace;
use okta_sso_conformance::run;
use serde::Deserialize;

/// `boundary.toml`: what has none, and why.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Exceptions {
    /// Id of a case to the one that stands in, and the reason.
    alone: BTreeMap<String, Alone>,
    /// Call and refusal to the reason.
    boundless: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alone {
    /// An accepted case that differs in the one thing that counts.
    neighbour: String,
    why: String,
}

#[tokio::test]
async fn every_refusal_has_an_accepted_neighbour() {
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let path = workspace().join("tests/boundary.toml");
    let exceptions: Exceptions = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();

    let (mut refusing, mut alone, mut accepting) = (0, BTreeSet::new(), BTreeSet::new());
    // Boundary to whether a case stands at it.
    let mut boundaries = BTreeMap::<String, bool>::new();
    for name in CaseFile::names().unwrap() {
        let file = CaseFile::load(&name).unwrap();
        for object in &file.cases {
            let case = file.case(&name, object).unwrap();
            if !refuses(&case) {
                accepting.insert(case.about.id);
                continue;
            }
            refusing += 1;
            let found = accepted(&plugin, &file, &name, object).await.unwrap();
            if found.is_empty() {
                alone.insert(case.about.id.clone());
            }
            let moves = |neighbours: &[Neighbour]| {
                neighbours
                    .iter()
                    .any(|neighbour| neighbour.step == Step::Moved)
            };
            if moves(&neighbours(object)) {
                *boundaries.entry(boundary(&case).unwrap()).or_default() |= moves(&found);
            }
        }
    }
    let boundless: BTreeSet<String> = boundaries
        .iter()
        .filter(|(_, stands)| !**stands)
        .map(|(boundary, _)| boundary.clone())
        .collect();
    println!(
        "{refusing} refusing cases, {} of them explained; {} boundaries, {} explained",
        alone.len(),
        boundaries.len(),
        boundless.len()
    );
    let named: BTreeSet<String> = exceptions.alone.keys().cloned().collect();
    let known: BTreeSet<String> = exceptions.boundless.keys().cloned().collect();
    assert!(
        alone == named && boundless == known,
        "without a neighbour, and not in boundary.toml: {:#?}\nthere in vain: {:#?}\n\
         without a case at the boundary, and not there: {:#?}\nthere in vain: {:#?}",
        alone.difference(&named).collect::<Vec<_>>(),
        named.difference(&alone).collect::<Vec<_>>(),
        boundless.difference(&known).collect::<Vec<_>>(),
        known.difference(&boundless).collect::<Vec<_>>(),
    );
    for (id, Alone { neighbour, why }) in &exceptions.alone {
        assert!(
            accepting.contains(neighbour),
            "{id}: no accepted case is called {neighbour}"
        );
        assert!(why.len() > 20, "{id}: an exception needs a reason");
    }
    let mut reasons = exceptions.boundless.values();
    assert!(
        reasons.all(|reason| reason.len() > 20),
        "an exception needs a reason"
    );
}
