//! Bad inputs, and what shows what becomes of each: the files of `inputs/`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// A kind of bad input, in one form or several.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// In a few words.
    input: String,
    /// The cases whose ids begin with the row's, without that: one for each form.
    #[serde(default)]
    cases: BTreeSet<String>,
    /// What else shows it, as [`crate::inventory`] names it.
    #[serde(default)]
    tests: BTreeSet<String>,
    /// Why that is right, where it is not what one would expect.
    why: Option<String>,
}

/// Rows by their ids, such as `BI-119b`.
pub type Rows = BTreeMap<String, Row>;

/// All rows.
///
/// # Errors
/// When a file has another form, or a row is in two.
pub fn rows() -> Result<Rows> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs");
    let mut rows = Rows::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let of_file: Rows = toml::from_str(&std::fs::read_to_string(&path)?)
            .with_context(|| path.display().to_string())?;
        for (id, row) in of_file {
            ensure!(!rows.contains_key(&id), "{id} is a row of two files");
            rows.insert(id, row);
        }
    }
    Ok(rows)
}

/// What is wrong with the rows, `inventory` being all tests and cases that there are.
#[must_use]
pub fn wrong(rows: &Rows, inventory: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    // Row to the names of the cases, and to the tests in Rust, that are named after it.
    let (mut cases, mut tests) = (BTreeMap::new(), BTreeMap::new());
    for test in inventory {
        let (path, name) = test.split_once(": ").unwrap_or_default();
        if let Some((id, rest)) = case(name).filter(|_| path.starts_with("tests/cases/")) {
            let named: &mut BTreeSet<_> = cases.entry(id).or_default();
            named.insert(rest.to_owned());
        } else if let Some(id) = function(name) {
            let named: &mut BTreeSet<_> = tests.entry(id).or_default();
            named.insert(test.clone());
        }
    }
    let strangers = cases.keys().chain(tests.keys());
    let strangers = strangers.filter(|id| !rows.contains_key(*id));
    wrong.extend(
        strangers.map(|id| format!("{id} is no row, and a case or test is named after it")),
    );
    for (id, row) in rows {
        let named = cases.remove(id).unwrap_or_default();
        let differ = named.symmetric_difference(&row.cases);
        wrong.extend(
            differ.map(|case| format!("{id}-{case} is a case, or in its row, but not both")),
        );
        let gone = row.tests.difference(inventory);
        wrong.extend(gone.map(|test| format!("{id} names {test}, which does not exist")));
        let named = tests.remove(id).unwrap_or_default();
        let left_out = named.difference(&row.tests);
        wrong.extend(left_out.map(|test| format!("{test} is not in the row {id}")));
        if row.cases.is_empty() && row.tests.is_empty() {
            wrong.push(format!("nothing shows {id}"));
        }
        if row.input.is_empty() || row.why.as_ref().is_some_and(|why| why.len() < 20) {
            wrong.push(format!("{id} says too little"));
        }
    }
    wrong
}

/// How many forms the rows have, and how many tests are named beside them.
#[must_use]
pub fn counts(rows: &Rows) -> (usize, usize) {
    let cases = rows.values().map(|row| row.cases.len());
    let tests = rows.values().map(|row| row.tests.len());
    (cases.sum(), tests.sum())
}

/// The row that a case's id begins with, and the rest: `BI-119b-sub-empty` is `sub-empty` of `BI-119b`.
fn case(id: &str) -> Option<(String, &str)> {
    let (number, rest) = id.strip_prefix("BI-")?.split_once('-')?;
    Some((format!("BI-{number}"), rest))
}

/// The row that a function is named after: `bi_119b_…`.
fn function(name: &str) -> Option<String> {
    let number = name.strip_prefix("bi_")?.split('_').next()?;
    Some(format!("BI-{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(cases: &[&str], tests: &[&str]) -> Row {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Row {
            input: "something".to_owned(),
            cases: set(cases),
            tests: set(tests),
            why: None,
        }
    }

    #[test]
    fn rows_and_what_there_is_are_held_against_each_other() {
        const CASE: &str = "tests/cases/x.json: BI-001-cut";
        const TEST: &str = "host/src/x.rs: bi_001_is_refused";
        let inventory = [CASE, TEST, "host/src/x.rs: another"];
        let inventory: BTreeSet<String> = inventory.map(str::to_owned).into();
        let found = |id: &str, row| wrong(&Rows::from([(id.to_owned(), row)]), &inventory);
        assert_eq!(found("BI-001", row(&["cut"], &[TEST])), [""; 0]);
        for (id, row, problem) in [
            ("BI-001", row(&["cut"], &[]), "not in the row"),
            ("BI-001", row(&[], &[TEST]), "not both"),
            ("BI-001", row(&["cut", "long"], &[TEST]), "not both"),
            (
                "BI-001",
                row(&["cut"], &[TEST, "x.rs: y"]),
                "does not exist",
            ),
            ("BI-002", row(&[], &[TEST]), "BI-001 is no row"),
            ("BI-002", row(&[], &[]), "nothing shows BI-002"),
        ] {
            let found = found(id, row);
            assert!(
                found.iter().any(|found| found.contains(problem)),
                "{found:?}"
            );
        }
        let brief = Row {
            why: Some("so".to_owned()),
            ..row(&["cut"], &[TEST])
        };
        assert_eq!(found("BI-001", brief), ["BI-001 says too little"]);
    }
}
