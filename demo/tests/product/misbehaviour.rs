//! Every misbehaviour of a provider that the component has a name for can be played by the development Okta, and ends in a page
//! and in a history that name exactly that.

mod ends;
mod inputs;

use std::collections::{BTreeMap, BTreeSet};

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::run;
use okta_sso_demo::dev_okta::Switch;
use okta_sso_host::contract::Explanation;
use serde_json::Value;

use self::ends::{ENDS, NOT_BY_A_PROVIDER, UNINVITED};
use crate::browser::Page;
use crate::stage::Stage;

/// Nobody's history has them: the callback belongs to no attempt that is known.
const OF_NO_COMPANY: [&str; 2] = ["login/callback-malformed", "login/transaction-not-found"];

/// What programs read of a refusal, by the head of its code.
fn status(code: &str) -> u16 {
    let code = code.trim_start_matches("login/");
    match code.split('/').next().unwrap() {
        "callback-malformed" | "transaction-not-found" | "code-rejected" => 400,
        "response-issuer-missing" | "response-issuer-mismatch" => 400,
        "provider-misbehaved" | "token-rejected" | "client-rejected" => 502,
        "provider-unavailable" | "provider-busy" => 503,
        _ => 403,
    }
}

/// Those of the metadata and the keys have to come before anything is learnt of them.
fn fresh(switches: &str) -> bool {
    let first = ["metadata-", "keys-", "pushed-"];
    first.iter().any(|start| switches.starts_with(start))
}

fn switch(id: &str) -> Switch {
    let mut all = Switch::ALL.iter();
    *all.find(|switch| switch.id() == id)
        .unwrap_or_else(|| panic!("no switch {id}"))
}

/// Each row of [`ENDS`] and [`UNINVITED`], with the code as the history has it.
fn rows() -> impl Iterator<Item = (&'static str, String)> {
    let ends = ENDS.iter();
    let uninvited = UNINVITED.iter();
    ends.map(|(switches, code)| (*switches, format!("login/{code}")))
        .chain(uninvited.map(|switches| (*switches, "account/not-invited".to_owned())))
}

/// What people are told of a refused sign-in.
async fn explain(code: &str) -> Explanation {
    let plugin = run::plugin().unwrap();
    plugin.explain(code, "en").await.unwrap().unwrap()
}

/// Bo's way in, as far as it goes.
async fn try_to_sign_in(stage: &Stage) -> Page {
    let bo = stage.browser();
    let page = stage.press_okta(&bo).await;
    let page = if page.url.origin() == stage.public_url.origin() {
        page
    } else {
        let callback = stage.identify(&bo, &page, "bo@acme.example").await;
        bo.visit(&callback).await
    };
    stage.is_signed_out(&bo);
    page
}

/// Plays one row: Bo's page and the history say what they should.
async fn play(stage: &Stage, switches: &str, code: &str) {
    stage.okta.switches().turn_all_off();
    for id in switches.split(' ') {
        stage.okta.switches().turn_on(switch(id));
    }
    let page = try_to_sign_in(stage).await;
    stage.okta.switches().turn_all_off();
    assert_eq!(page.status, status(code), "{switches}");
    let told = explain(code).await;
    for words in [&told.for_person, &told.next_step_for_person] {
        let text = page.text();
        assert!(
            text.contains(&**words),
            "{switches}: {words}\nis not in\n{text}"
        );
    }
    if !OF_NO_COMPANY.contains(&code) {
        let (found, ..) = stage.history("acme", &page.number()).await;
        assert_eq!(found, code, "{switches}");
    }
}

#[tokio::test]
async fn each_misbehaviour_ends_under_its_name() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    // Okta is busy last.
    let (busy, mut played): (Vec<_>, Vec<_>) = rows()
        .filter(|(switches, _)| !fresh(switches))
        .partition(|(_, code)| code == "login/provider-busy");
    played.extend(busy);
    for (switches, code) in &played {
        play(&stage, switches, code).await;
    }
    assert_eq!(stage.count("SELECT count(*) FROM links").await, 1, "Anna's");
    // She reads of each.
    let history = anna.visit(&stage.at("/history.csv")).await;
    for (_, code) in played {
        if !OF_NO_COMPANY.contains(&&*code) {
            let told = explain(&code).await;
            assert!(history.body.contains(&told.for_administrator), "{code}");
        }
    }
}

#[tokio::test]
async fn each_misbehaviour_of_metadata_and_keys_ends_under_its_name() {
    for (switches, code) in rows().filter(|(switches, _)| fresh(switches)) {
        let stage = Stage::open().await;
        play(&stage, switches, &code).await;
    }
}

/// The full name that a case expects of a sign-in.
fn name(error: &Value) -> String {
    let Some(members) = error.as_object() else {
        return error.as_str().unwrap().to_owned();
    };
    let (name, payload) = members.iter().next().unwrap();
    let parts = ["endpoint", "fault", "hint", "problem"];
    let parts = parts.iter().filter_map(|part| payload[part].as_str());
    [name.as_str()]
        .into_iter()
        .chain(parts)
        .collect::<Vec<_>>()
        .join("/")
}

#[test]
fn every_name_that_a_case_expects_can_be_played() {
    let mut expected = BTreeSet::new();
    for file in CaseFile::names().unwrap() {
        for attempt in CaseFile::read(&file)
            .unwrap()
            .iter()
            .flat_map(|case| &case.attempts)
        {
            if ["login.begin", "login.complete"].contains(&&*attempt.call) {
                expected.extend(attempt.expect.error.as_ref().map(name));
            }
        }
    }
    assert!(expected.len() > 70, "{expected:?}");
    let played: BTreeSet<_> = ENDS.iter().map(|(_, code)| (*code).to_owned()).collect();
    let others: BTreeSet<_> = NOT_BY_A_PROVIDER
        .iter()
        .map(|(code, _)| (*code).to_owned())
        .collect();
    let known: BTreeSet<_> = played.union(&others).cloned().collect();
    let (missing, dead): (Vec<_>, Vec<_>) = (
        expected.difference(&known).collect(),
        known.difference(&expected).collect(),
    );
    assert!(missing.is_empty(), "no switch leads to {missing:#?}");
    assert!(dead.is_empty(), "no case expects {dead:#?}");
    let used: BTreeSet<_> = rows()
        .flat_map(|(switches, _)| switches.split(' '))
        .collect();
    let all: BTreeSet<_> = Switch::ALL.iter().map(|switch| switch.id()).collect();
    assert_eq!(used, all);
}

/// `demo/README.md` lists every switch beside what the person reads.
#[tokio::test]
async fn the_readme_lists_them() {
    let mut rows = BTreeMap::<String, Vec<String>>::new();
    for (switches, code) in self::rows() {
        let switch = switches.split(' ').next_back().unwrap();
        let row = rows.entry(explain(&code).await.for_person).or_default();
        row.push(format!("`{switch}`"));
    }
    let readme = include_str!("../../README.md");
    let rows = rows.iter();
    let rows = rows.map(|(text, switches)| format!("| {} | {text} |", switches.join(", ")));
    let missing: Vec<String> = rows.filter(|row| !readme.contains(row)).collect();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
