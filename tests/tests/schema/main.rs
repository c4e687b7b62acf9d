//! The schemas of `schema/` name what the types that read the data name, every case and recording is valid by them, and
//! they refuse what the readers refuse. The part `schema` of `tests/part`: npm's `ajv`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

mod names;
mod validator;

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::flat::FlatCase;
use okta_sso_conformance::{kit, part, run};
use okta_sso_host::record::Recording;
use serde_json::{Value, json};

use crate::validator::Trials;

fn read(name: &str) -> Value {
    let text = std::fs::read_to_string(kit::schema(name)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_type_has_the_members_of_its_schema() {
    let schemas = kit::SCHEMAS.map(|name| (name, read(name)));
    names::compare(&schemas);
}

#[tokio::test]
async fn schemas_and_readers_accept_the_same() {
    if !part::bring("schema").unwrap_or_else(|error| panic!("{error:#}")) {
        return;
    }
    let mut trials = Trials::default();
    for name in CaseFile::names().unwrap() {
        let path = CaseFile::folder().join(format!("{name}.json"));
        let whole: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        trials.add("cases", whole.clone(), true);
        for case in whole["cases"].as_array().unwrap() {
            let mut one = whole.clone();
            one["cases"] = json!([case]);
            trials.with_unknown_names("cases", &one, |value| reads(&name, value));
        }
    }
    let flat = tokio::task::spawn_blocking(|| kit::cases("").unwrap());
    for (number, case) in flat.await.unwrap().iter().enumerate() {
        let value = serde_json::to_value(case).unwrap();
        let schema = match case {
            FlatCase::Contract(_) => "contract-case",
            FlatCase::Trace(_) => "trace-case",
        };
        // Of every case both kinds; of some, every name more or less.
        if number % 70 < 2 {
            let reads = |value: &Value| serde_json::from_value::<FlatCase>(value.clone()).is_ok();
            trials.with_unknown_names(schema, &value, reads);
            trials.without_names(schema, &value, reads);
        }
        trials.add(schema, value, true);
    }
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let case = CaseFile::read("id-token").unwrap().swap_remove(0);
    for recording in run::recorded(&plugin, &case).await.unwrap() {
        let value = serde_json::to_value(recording).unwrap();
        let reads = |value: &Value| serde_json::from_value::<Recording>(value.clone()).is_ok();
        trials.with_unknown_names("recording", &value, reads);
        trials.without_names("recording", &value, reads);
        trials.add("recording", value, true);
    }
    trials.hold();
}

/// Whether the runner reads a file and all its cases.
fn reads(name: &str, file: &Value) -> bool {
    let file = serde_json::from_value::<CaseFile>(file.clone());
    file.is_ok_and(|file| file.cases.iter().all(|case| file.case(name, case).is_ok()))
}
