//! Every misbehaviour of a provider that the component has a name for can be played by the development Okta, and ends in a page
//! and in a history that name exactly that.

use std::collections::{BTreeMap, BTreeSet};

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::run;
use okta_sso_demo::dev_okta::Switch;
use okta_sso_host::contract::Explanation;
use serde_json::Value;

use crate::browser::Page;
use crate::stage::Stage;

/// The switches that are on, and the code of what follows. A provider that is busy is left alone for a while: that is last.
const ENDS: [(&str, &str); 93] = [
    ("no-email", "email-missing"),
    ("odd-email", "email-malformed"),
    ("other-domain", "email-domain-not-approved"),
    ("email-unverified", "email-unverified"),
    ("trailing-space", "email-malformed"),
    ("look-alike", "email-malformed"),
    ("wrong-nonce", "token-rejected/nonce-mismatch"),
    ("missing-nonce", "token-rejected/nonce-missing"),
    ("wrong-audience", "token-rejected/audience-mismatch"),
    ("several-audiences", "token-rejected/audience-mismatch"),
    ("other-party", "token-rejected/authorized-party-mismatch"),
    ("wrong-issuer", "token-rejected/issuer-mismatch"),
    ("expired-token", "token-rejected/expired"),
    ("future-token", "token-rejected/issued-at-unacceptable"),
    ("early-token", "token-rejected/not-yet-valid"),
    ("long-token", "token-rejected/lifetime-unacceptable"),
    ("no-expiry", "token-rejected/member-missing"),
    ("expiry-text", "token-rejected/member-mistyped"),
    ("empty-subject", "token-rejected/subject-invalid"),
    (
        "wrong-token-hash",
        "token-rejected/access-token-hash-mismatch",
    ),
    ("subject-twice", "token-rejected/duplicate-member"),
    ("unsigned-token", "token-rejected/algorithm-not-allowed"),
    ("shared-key-token", "token-rejected/algorithm-not-allowed"),
    ("unknown-key", "token-rejected/key-not-found"),
    ("carried-key", "token-rejected/key-not-found"),
    ("pointed-key", "token-rejected/key-not-found"),
    ("unnamed-key", "token-rejected/key-ambiguous"),
    ("critical-header", "token-rejected/critical-header"),
    ("other-type", "token-rejected/wrong-type"),
    ("tampered-signature", "token-rejected/signature-mismatch"),
    ("cut-token", "token-rejected/malformed"),
    ("encrypted-token", "token-rejected/encrypted"),
    ("huge-token", "token-rejected/too-large"),
    (
        "thin-tokens userinfo-other-subject",
        "provider-misbehaved/user-info/subject-mismatch",
    ),
    (
        "thin-tokens userinfo-other-issuer",
        "provider-misbehaved/user-info/issuer-mismatch",
    ),
    (
        "thin-tokens userinfo-no-subject",
        "provider-misbehaved/user-info/missing-member",
    ),
    (
        "thin-tokens userinfo-subject-number",
        "provider-misbehaved/user-info/mistyped-member",
    ),
    (
        "thin-tokens userinfo-refused",
        "provider-misbehaved/user-info/status",
    ),
    (
        "thin-tokens userinfo-signed",
        "provider-misbehaved/user-info/content-type",
    ),
    (
        "thin-tokens userinfo-garbled",
        "provider-misbehaved/user-info/not-json",
    ),
    (
        "thin-tokens userinfo-huge",
        "provider-misbehaved/user-info/too-large",
    ),
    (
        "thin-tokens userinfo-down",
        "provider-unavailable/user-info",
    ),
    ("token-invalid-client", "client-rejected"),
    ("token-invalid-grant", "code-rejected"),
    ("token-invalid-request", "provider-misbehaved/token/status"),
    ("token-server-error", "provider-unavailable/token"),
    ("token-html", "provider-misbehaved/token/content-type"),
    ("token-garbled", "provider-misbehaved/token/not-json"),
    ("token-huge", "provider-misbehaved/token/too-large"),
    ("no-id-token", "provider-misbehaved/token/missing-member"),
    (
        "id-token-number",
        "provider-misbehaved/token/mistyped-member",
    ),
    ("token-mac", "provider-misbehaved/token/unsupported"),
    ("callback-other-issuer", "response-issuer-mismatch"),
    ("callback-other-state", "transaction-not-found"),
    ("callback-no-code", "callback-malformed"),
    ("denied-unassigned", "provider-denied/user-not-assigned"),
    ("denied-policy", "provider-denied/policy"),
    ("denied-consent", "provider-denied/consent"),
    ("denied-authentication", "provider-denied/authentication"),
    ("denied-scope", "provider-denied/scope"),
    ("denied-client", "provider-denied/client-configuration"),
    ("denied-trouble", "provider-denied/provider-trouble"),
    ("denied-unknown", "provider-denied/unknown"),
    (
        "metadata-other-issuer",
        "provider-misbehaved/metadata/issuer-mismatch",
    ),
    (
        "metadata-off-host",
        "provider-misbehaved/metadata/endpoint-off-host",
    ),
    (
        "metadata-token-off-host",
        "provider-misbehaved/metadata/endpoint-off-host",
    ),
    (
        "metadata-shared-key-alone",
        "provider-misbehaved/metadata/unsupported",
    ),
    (
        "metadata-no-code",
        "provider-misbehaved/metadata/unsupported",
    ),
    (
        "metadata-no-keys",
        "provider-misbehaved/metadata/missing-member",
    ),
    (
        "metadata-issuer-number",
        "provider-misbehaved/metadata/mistyped-member",
    ),
    ("metadata-promises-issuer", "response-issuer-missing"),
    ("metadata-html", "provider-misbehaved/metadata/content-type"),
    ("metadata-garbled", "provider-misbehaved/metadata/not-json"),
    ("metadata-huge", "provider-misbehaved/metadata/too-large"),
    ("metadata-missing", "provider-misbehaved/metadata/status"),
    ("metadata-down", "provider-unavailable/metadata"),
    ("keys-empty", "provider-misbehaved/keys/no-usable-key"),
    ("keys-null", "provider-misbehaved/keys/mistyped-member"),
    ("keys-no-member", "provider-misbehaved/keys/missing-member"),
    ("keys-weak", "token-rejected/key-unusable"),
    ("keys-html", "provider-misbehaved/keys/content-type"),
    ("keys-garbled", "provider-misbehaved/keys/not-json"),
    ("keys-huge", "provider-misbehaved/keys/too-large"),
    ("keys-missing", "provider-misbehaved/keys/status"),
    ("keys-down", "provider-unavailable/keys"),
    (
        "pushed-no-name",
        "provider-misbehaved/pushed-authorization/missing-member",
    ),
    (
        "pushed-name-number",
        "provider-misbehaved/pushed-authorization/mistyped-member",
    ),
    (
        "pushed-html",
        "provider-misbehaved/pushed-authorization/content-type",
    ),
    (
        "pushed-garbled",
        "provider-misbehaved/pushed-authorization/not-json",
    ),
    (
        "pushed-refused",
        "provider-misbehaved/pushed-authorization/status",
    ),
    ("pushed-down", "provider-unavailable/pushed-authorization"),
    ("slow-answers", "provider-unavailable/token"),
    ("token-rate-limited", "provider-busy"),
];

/// A sound sign-in, of an address that nobody here is invited with. It is the product that refuses.
const UNINVITED: [&str; 3] = ["other-case", "tagged", "thin-tokens userinfo-other-email"];

/// What no answer of a provider leads to.
const NOT_BY_A_PROVIDER: [(&str, &str); 8] = [
    ("connection-changed", "the settings were changed meanwhile"),
    ("connection-invalid", "the product keeps what is checked"),
    ("storage-unavailable", "the product's own"),
    ("randomness-unavailable", "the product's own"),
    ("login-required", "the product asks nobody in silence"),
    (
        "token-rejected/acr-unmet",
        "no connection of the product asks for a level",
    ),
    (
        "token-rejected/auth-time-missing",
        "no connection of the product asks for an age",
    ),
    (
        "token-rejected/authentication-too-old",
        "no connection of the product asks for an age",
    ),
];

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
