//! Verdicts on ID tokens beside those of two other libraries: ours may be stricter, for a reason that
//! `differential/stricter.toml` names, and never looser.
//!
//! The libraries are `openidconnect` and, for its OpenID certification and its having no dependency, npm's `oauth4webapi`.
//! Where one has no leeway its clock is put back by ours. Tokens come from every case that has one, and from changes made
//! before signing with a trusted key, so that it is the claims that decide.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

mod changes;
mod libraries;
mod native;
mod stricter;
mod trial;
mod variation;

use std::collections::BTreeMap;

use fastrand::Rng;
use okta_sso_conformance::part;

use crate::libraries::{Library, oauth4webapi, openidconnect};
use crate::native::Begun;
use crate::stricter::Rules;
use crate::trial::{Trial, Verdict, of_cases};
use crate::variation::{CLAIMS, Variation};

/// Where the variations come from. Another seed gives others, as many.
const SEED: u64 = 0x0ca7_a551;
const VARIATIONS: usize = 10_000;

/// Judges everything with both libraries at once; the answers are in the order of `trials`.
fn judged(trials: &[&Trial]) -> Vec<[(Library, Verdict); 2]> {
    std::thread::scope(|scope| {
        let theirs = scope.spawn(|| oauth4webapi(trials));
        let first: Vec<Verdict> = trials.iter().map(|trial| openidconnect(trial)).collect();
        let second = theirs
            .join()
            .unwrap()
            .unwrap_or_else(|error| panic!("{error:#}"));
        let both = first.into_iter().zip(second);
        both.map(|(first, second)| {
            [
                (Library::Openidconnect, first),
                (Library::Oauth4webapi, second),
            ]
        })
        .collect()
    })
}

#[tokio::test]
async fn ours_is_never_looser() {
    if !part::bring("differential").unwrap_or_else(|error| panic!("{error:#}")) {
        return;
    }
    let mut rules = Rules::read().unwrap();
    let mut wrong = Vec::new();

    let cases = of_cases().await.unwrap_or_else(|error| panic!("{error:#}"));
    let verdicts = judged(&cases.iter().map(|case| &case.trial).collect::<Vec<_>>());
    for (case, theirs) in cases.iter().zip(&verdicts) {
        rules.compare(&case.id, &[], &case.ours, theirs, &mut wrong);
    }
    println!("{} tokens of cases", cases.len());

    println!("seed {SEED:#x}");
    let mut random = Rng::with_seed(SEED);
    let begun = Begun::prepare();
    let variations: Vec<Variation> = (0..VARIATIONS)
        .map(|_| Variation::draw(&mut random, &begun))
        .collect();
    let verdicts = judged(
        &variations
            .iter()
            .map(|variation| &variation.trial)
            .collect::<Vec<_>>(),
    );
    let mut passed = 0;
    // Claim to how many tokens that differ in it passed both libraries, and how many did not.
    let mut hit: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (variation, theirs) in variations.iter().zip(&verdicts) {
        let ours = variation.begun.judge(&variation.trial);
        let names: Vec<&str> = variation.changes.iter().map(|change| change.name).collect();
        let title = format!("{names:?}");
        rules.compare(&title, &names, &ours, theirs, &mut wrong);
        let good = theirs.iter().all(|(_, verdict)| verdict.is_ok());
        passed += usize::from(good);
        for change in &variation.changes {
            let (passes, refusals) = hit.entry(change.claim).or_default();
            *(if good { passes } else { refusals }) += 1;
        }
    }
    println!("{VARIATIONS} variations, {passed} of them pass both libraries");
    println!("per claim, how many passed and how many did not: {hit:?}");

    let stale = rules.stale();
    assert!(
        wrong.is_empty() && stale.is_empty(),
        "{} verdicts differ\n{}\nrules that excuse nothing: {stale:#?}",
        wrong.len(),
        stricter::summary(&wrong)
    );
    assert!(passed * 10 >= VARIATIONS * 3, "only {passed} pass both");
    for claim in CLAIMS {
        let (passes, refusals) = hit.get(claim).copied().unwrap_or_default();
        assert!(
            passes >= 20 && refusals >= 20,
            "{claim}: {passes} pass, {refusals} do not"
        );
    }
}
