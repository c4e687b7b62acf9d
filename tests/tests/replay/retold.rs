//! A recording made into a case: the same ending, on every host, and nothing of whom it was about.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::flat::{FlatCase, TraceCase};
use okta_sso_conformance::replay::case::make;
use okta_sso_conformance::replay::ending;
use okta_sso_conformance::{kit, run};
use okta_sso_host::contract::Algorithm;
use okta_sso_host::{AwsLcSignatures, SignatureError, Signatures};
use serde_json::{Value, json};

/// Who and what the authored cases are about.
const NAMES: [&str; 7] = [
    "anna@acme",
    "anna berg",
    "acme.com",
    "acme.okta",
    "00u1anna",
    "0oa1acme2client3id4567",
    "ledgerline",
];

/// A value's text, and what is in it in base64 of either alphabet, in base64 of that and once more.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    let mut texts = vec![value.to_string()];
    let mut new = 0;
    for _ in 0..3 {
        let last = texts.split_off(new);
        new += last.len();
        let parts = last.iter().flat_map(|text| {
            text.split(|c: char| !c.is_ascii_alphanumeric() && !"+/=-_".contains(c))
        });
        let decoded = parts.flat_map(|part| [STANDARD.decode(part), URL_SAFE_NO_PAD.decode(part)]);
        let inner: Vec<_> = decoded
            .flatten()
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .collect();
        texts.extend(last);
        texts.extend(inner);
    }
    texts
}

/// What is found of `names` in a value, in the clear or encoded, whatever its capitals.
pub(crate) fn found<'a>(value: &Value, names: &[&'a str]) -> Vec<&'a str> {
    let texts: Vec<_> = texts(value)
        .iter()
        .map(|text| text.to_lowercase())
        .collect();
    let is_found = |name: &&str| texts.iter().any(|text| text.contains(&name.to_lowercase()));
    names.iter().copied().filter(is_found).collect()
}

/// Checks signatures as a host would that does not take the case's word for them.
fn signatures_are(case: &TraceCase) {
    for exchange in &case.trace {
        if exchange.import != "signatures.verify" {
            continue;
        }
        let text = |index: usize| exchange.arguments[index].as_str().unwrap();
        let bytes = |index: usize| STANDARD.decode(text(index)).unwrap();
        let algorithm = match text(0) {
            "rs256" => Algorithm::Rs256,
            "es256" => Algorithm::Es256,
            other => panic!("{other}"),
        };
        let found = AwsLcSignatures::default().verify(algorithm, text(1), &bytes(2), &bytes(3));
        let found = match found {
            Ok(()) => json!({ "ok": null }),
            Err(SignatureError::Mismatch) => json!({ "error": "mismatch" }),
            Err(SignatureError::UnusableKey) => json!({ "error": "unusable-key" }),
        };
        assert_eq!(found, exchange.result, "{}", case.about.id);
    }
}

#[test]
fn the_search_itself_finds_what_is_encoded() {
    let token = URL_SAFE_NO_PAD.encode(r#"{"email":"anna@acme.com"}"#);
    let body = STANDARD.encode(format!(r#"{{"id_token":"e30.{token}.x"}}"#));
    let value = json!([{ "body": body }]);
    assert_eq!(found(&value, &["anna@acme.com", "carl"]), ["anna@acme.com"]);
}

#[tokio::test]
async fn every_kind_of_recording_becomes_a_case_without_its_names() {
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let sandbox = Sandbox::load(&run::component_path()).unwrap();
    let mut endings: BTreeMap<String, u32> = BTreeMap::new();
    let mut refused = BTreeMap::new();
    for file in ["callback", "rotation", "user-info", "rehearse", "id-token"] {
        for case in CaseFile::read(file).unwrap() {
            let id = &case.about.id;
            let recordings = run::recorded(&plugin, &case).await.unwrap();
            let Some(last) = recordings.last().filter(|last| last.call != "login.begin") else {
                continue;
            };
            if last.connection.is_empty() {
                continue;
            }
            let before = serde_json::to_value(last).unwrap();
            assert!(found(&before, &NAMES).contains(&"acme.okta"), "{id}");
            match make(last, &sandbox, id) {
                Ok(retold) => {
                    let ended = ending(&retold.outcome);
                    assert_eq!(ended, ending(&last.outcome), "{id}");
                    let text = serde_json::to_value(&retold).unwrap();
                    let mut members = text.clone();
                    members["about"] = Value::Null;
                    let left = found(&members, &NAMES);
                    assert!(left.is_empty(), "{id}: {left:?}");
                    signatures_are(&retold);
                    let verdict = kit::play(&sandbox, &FlatCase::Trace(retold));
                    assert!(verdict.failures.is_empty(), "{id}: {:?}", verdict.failures);
                    *endings.entry(ended).or_default() += 1;
                }
                Err(error) => {
                    refused.insert(id.clone(), format!("{error:#}"));
                }
            }
        }
    }
    println!("{endings:#?}\n{refused:#?}");
    let retold: u32 = endings.values().sum();
    assert!(retold > 130 && refused.is_empty());
    assert!(endings.len() > 40, "only {} endings", endings.len());
}
