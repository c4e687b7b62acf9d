//! Every row of `faults.toml` names tests that exist, none is missing, and every test named after a row stands in it.

use std::collections::{BTreeMap, BTreeSet};

use okta_sso_conformance::inventory::inventory;
use okta_sso_conformance::part;
use serde::Deserialize;

/// The numbers of the rows; what is between them is tried under another row.
const FAULTS: [u32; 42] = [
    1, 2, 3, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 20, 21, 22, 23, 24, 30, 31, 33, 34, 35, 36, 37,
    38, 40, 41, 42, 44, 50, 51, 52, 54, 55, 56, 58, 59, 60, 61, 62, 63,
];
const TENANTS: [u32; 29] = [
    1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 14, 16, 18, 19, 20, 21, 23, 24, 25, 27, 28, 29, 30, 31,
    32, 34, 35, 36,
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    fault: String,
    tests: Vec<String>,
}

#[test]
fn every_row_names_its_tests() {
    let path = part::workspace().join("tests/faults.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: BTreeMap<String, Row> = toml::from_str(&text).unwrap();
    let expected: BTreeSet<String> = FAULTS
        .iter()
        .map(|number| format!("F-{number:02}"))
        .chain(TENANTS.iter().map(|number| format!("MT-{number:02}")))
        .collect();
    let found: BTreeSet<String> = rows.keys().cloned().collect();
    assert_eq!(found, expected, "rows");

    let tests = inventory().unwrap();
    let mut wrong = Vec::new();
    for (id, row) in &rows {
        if row.tests.is_empty() || row.fault.is_empty() {
            wrong.push(format!("{id} names no test"));
        }
        for test in &row.tests {
            if !tests.contains(test) {
                wrong.push(format!("{id} names {test}, which does not exist"));
            }
        }
    }
    for test in &tests {
        for id in ids(test) {
            if !rows.get(&id).is_some_and(|row| row.tests.contains(test)) {
                wrong.push(format!("{test} is not in the row {id}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let named: usize = rows.values().map(|row| row.tests.len()).sum();
    println!("{} rows, {named} tests and cases named", rows.len());
}

/// The rows that a test's or case's own name speaks of: `f_30_f_31_…`, `MT-03-…`.
fn ids(test: &str) -> Vec<String> {
    let name = test.split(": ").nth(1).unwrap_or_default();
    let words: Vec<&str> = name.split(['_', '-']).collect();
    let mut pairs = words.chunks(2);
    let mut ids = Vec::new();
    while let Some([kind, number]) = pairs.next() {
        let kind = kind.to_ascii_uppercase();
        let digits = number.len() == 2 && number.bytes().all(|byte| byte.is_ascii_digit());
        if !["F", "MT"].contains(&kind.as_str()) || !digits {
            break;
        }
        ids.push(format!("{kind}-{number}"));
    }
    ids
}
