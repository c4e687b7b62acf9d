//! Components and hosts that are wrong in one thing each pass every case but those that `broken/` names.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::flat::FlatCase;
use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::host::ScriptedHost;
use okta_sso_conformance::hosts::broken::Fixtures;
use okta_sso_conformance::hosts::{Start, probe};
use okta_sso_conformance::rig::Scripted;
use okta_sso_conformance::{broken, kit, run};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// Hosts that are tried at the same time: most of a trial is waiting.
const AT_A_TIME: usize = 4;

/// The contract cases that a component fails.
fn failures(component: &[u8], cases: &[FlatCase]) -> BTreeSet<String> {
    let sandbox = Sandbox::new(component).unwrap_or_else(|error| panic!("{error:#}"));
    let contract = cases
        .iter()
        .filter(|case| matches!(case, FlatCase::Contract(_)));
    contract
        .map(|case| kit::play(&sandbox, case))
        .filter(|verdict| !verdict.failures.is_empty())
        .map(|verdict| verdict.about.id)
        .collect()
}

#[test]
fn every_broken_component_fails_the_cases_that_it_names() {
    let cases = kit::cases("").unwrap_or_else(|error| panic!("{error:#}"));
    let changes = broken::changes().unwrap();
    let components = broken::components().unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(
        failures(&components.right, &cases),
        BTreeSet::new(),
        "the copy itself"
    );
    assert!(
        components.broken.len() >= 12,
        "only {} broken components",
        components.broken.len()
    );

    let queue = Mutex::new(components.broken.iter());
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((name, component)) = next else { break };
                    let named: BTreeSet<String> = changes[name].fails.iter().cloned().collect();
                    let failed = failures(component, &cases);
                    println!(
                        "{name}: fails {} cases of {}",
                        failed.len(),
                        cases.len() / 2
                    );
                    if failed.is_empty() || failed != named {
                        wrong
                            .lock()
                            .unwrap()
                            .push(format!("[{name}]\nfails = {failed:?}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "other cases fail than are named:\n{}",
        wrong.join("\n\n")
    );
}

#[tokio::test]
async fn every_broken_host_fails_the_cases_that_it_names() {
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let mut wrong = Vec::new();
    for (fault, named) in broken::hosts().unwrap() {
        let mut failed = BTreeSet::new();
        for file in CaseFile::names().unwrap() {
            for case in CaseFile::read(&file).unwrap() {
                let host = ScriptedHost::broken(fault);
                let rig = Scripted::new(&plugin, &host);
                if run::case_on(&rig, &case).await.is_err() {
                    failed.insert(case.about.id);
                }
            }
        }
        println!("{fault:?}: fails {} cases", failed.len());
        if failed.is_empty() || failed != named {
            wrong.push(format!("[{fault:?}]\nfails = {failed:?}"));
        }
    }
    assert!(
        wrong.is_empty(),
        "other cases fail than are named:\n{}",
        wrong.join("\n\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_broken_host_breaks_the_promises_that_it_names() {
    let fixtures = Fixtures::read().unwrap_or_else(|error| panic!("{error:#}"));
    let hosts = fixtures.broken.len();
    let all = hosts + broken::hosts().unwrap().len();
    assert!(all >= 12, "only {all} broken hosts");

    let places = Arc::new(Semaphore::new(AT_A_TIME));
    let mut trials = JoinSet::new();
    for (fault, named) in fixtures.broken {
        let places = Arc::clone(&places);
        trials.spawn(async move {
            let _place = places.acquire().await;
            // Compiling is no work for the threads that answer and keep time.
            let start = move |start: Start| async move {
                tokio::task::spawn_blocking(move || fault.start(&start)).await?
            };
            let found = probe::try_host(&|about| Box::pin(start(about))).await;
            (fault, named, found)
        });
    }
    let (mut broken, mut wrong) = (BTreeSet::new(), Vec::new());
    for (fault, named, found) in trials.join_all().await {
        let found = found.unwrap_or_else(|error| panic!("{fault:?}: {error:#}"));
        let names: BTreeSet<String> = found.keys().map(ToString::to_string).collect();
        println!("{fault:?} breaks {names:?}");
        if names.is_empty() || names != named {
            wrong.push(format!("{fault:?}: {found:#?}"));
        }
        broken.extend(names);
    }
    assert!(
        wrong.is_empty(),
        "other promises are broken than are named:\n{}",
        wrong.join("\n")
    );

    let promises: BTreeSet<String> = probe::PROMISES.map(str::to_owned).into();
    let unbroken: BTreeSet<String> = promises.difference(&broken).cloned().collect();
    let kept: BTreeSet<String> = fixtures.kept.keys().cloned().collect();
    assert_eq!(
        unbroken, kept,
        "the promises that no broken host breaks are not those of [kept]"
    );
    let mut reasons = fixtures.kept.values();
    assert!(
        reasons.all(|reason| reason.len() > 20),
        "a promise that is not broken needs a reason"
    );
    println!(
        "{hosts} hosts, {} promises, each broken; {} more explained",
        broken.len(),
        kept.len()
    );
}
