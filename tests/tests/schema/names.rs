//! The names that a type reads, as serde tells them of a value with another name.

use std::collections::BTreeSet;

use okta_sso_conformance::case::{self, CaseFile};
use okta_sso_conformance::flat;
use okta_sso_host::record::{Exchange, Recording};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What serde expects instead of a name that no type has.
fn known<T: DeserializeOwned>(value: Value) -> BTreeSet<String> {
    let error = serde_json::from_value::<T>(value)
        .err()
        .unwrap()
        .to_string();
    let (_, expected) = error
        .split_once("expected ")
        .unwrap_or_else(|| panic!("{} reads any name: {error}", std::any::type_name::<T>()));
    let names = expected.split('`').skip(1).step_by(2);
    names.map(str::to_owned).collect()
}

fn members<T: DeserializeOwned>() -> BTreeSet<String> {
    known::<T>(json!({ "no-such-name": 0 }))
}

fn variants<T: DeserializeOwned>() -> BTreeSet<String> {
    known::<T>(json!("no-such-name"))
}

fn keys(schema: &Value) -> BTreeSet<String> {
    schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// The names of an `enum`, wherever it stands in the schema.
fn enumerated(schema: &Value) -> BTreeSet<String> {
    let names = schema["enum"].as_array().unwrap();
    names
        .iter()
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

/// Compares every object and enum of the schemas with its type.
pub(crate) fn compare(schemas: &[(&str, Value)]) {
    let schema = |name: &str| &schemas.iter().find(|(other, _)| *other == name).unwrap().1;
    let cases = schema("cases");
    let defs = &cases["$defs"];
    assert_eq!(keys(cases), members::<CaseFile>());
    assert_eq!(keys(&defs["Attempt"]), members::<case::Attempt>());
    let mut of_case = members::<case::About>();
    of_case.extend(members::<case::Attempt>());
    of_case.insert("before".to_owned());
    assert_eq!(keys(&defs["Case"]), of_case);
    for (name, members) in [
        ("Host", members::<case::HostScript>()),
        ("Input", members::<case::Input>()),
        ("Callback", members::<case::CallbackScript>()),
        ("Token", members::<case::TokenScript>()),
        ("Patch", members::<case::Patch>()),
        ("Signing", members::<case::Signing>()),
        ("Answer", members::<case::Answer>()),
        ("Key", members::<case::KeyScript>()),
        ("Expect", members::<case::Expect>()),
    ] {
        assert_eq!(keys(&defs[name]), members, "{name} of cases");
    }
    let host = &defs["Host"]["properties"];
    assert_eq!(
        enumerated(&host["random"]),
        variants::<case::RandomScript>()
    );
    assert_eq!(
        enumerated(&host["storage"]),
        variants::<case::StorageScript>()
    );
    let stored = &defs["Expect"]["properties"]["storage"];
    assert_eq!(enumerated(stored), variants::<case::Stored>());
    let mut signatures = enumerated(&defs["Signature"]["anyOf"][0]);
    signatures.extend(keys(&defs["Signature"]["anyOf"][1]));
    assert_eq!(signatures, variants::<case::Signature>());

    let contract = schema("contract-case");
    assert_eq!(kindless(contract), members::<flat::ContractCase>());
    let defs = &contract["$defs"];
    for (name, members) in [
        ("About", members::<flat::About>()),
        ("Step", members::<flat::Step>()),
        ("HttpExchange", members::<flat::HttpExchange>()),
        ("HttpRequest", members::<flat::HttpRequest>()),
        ("Verdict", members::<flat::Verdict>()),
        ("Expectation", members::<flat::Expectation>()),
    ] {
        assert_eq!(keys(&defs[name]), members, "{name} of contract cases");
    }
    let storage = &defs["Step"]["properties"]["storage"];
    assert_eq!(enumerated(storage), variants::<flat::StorageMode>());
    let stored = &defs["Expectation"]["properties"]["storage"];
    assert_eq!(enumerated(stored), variants::<flat::Stored>());
    let sources = defs["Source"]["oneOf"].as_array().unwrap();
    let sources: BTreeSet<String> = sources.iter().flat_map(keys).collect();
    assert_eq!(sources, variants::<flat::Source>());

    let trace = schema("trace-case");
    assert_eq!(kindless(trace), members::<flat::TraceCase>());
    assert_eq!(keys(&trace["$defs"]["About"]), members::<flat::About>());
    let recording = schema("recording");
    assert_eq!(keys(recording), members::<Recording>());
    for schema in [trace, recording] {
        assert_eq!(keys(&schema["$defs"]["Exchange"]), members::<Exchange>());
    }
}

/// The members of a flat case without the one that tells its kind.
fn kindless(schema: &Value) -> BTreeSet<String> {
    let mut keys = keys(schema);
    assert!(keys.remove("kind"));
    keys
}
