//! Everything that a list of what is shown can name, as `path: name`: the tests in Rust, and the cases.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::case::CaseFile;
use crate::part::workspace;

/// Where the tests are.
const FOLDERS: [&str; 6] = [
    "demo/src",
    "demo/tests",
    "host/src",
    "host/tests",
    "plugin/src",
    "tests/tests",
];

/// The functions under a `test` attribute, and the cases: `tests/cases/email.json: MT-03-verified-true`.
///
/// # Errors
/// When a folder or a file of cases does not read.
pub fn inventory() -> Result<BTreeSet<String>> {
    let root = workspace();
    let mut found = BTreeSet::new();
    for folder in FOLDERS {
        gather(&root, &root.join(folder), &mut found)?;
    }
    for file in CaseFile::names()? {
        for case in CaseFile::read(&file)? {
            found.insert(format!("tests/cases/{file}.json: {}", case.about.id));
        }
    }
    Ok(found)
}

fn gather(root: &Path, folder: &Path, found: &mut BTreeSet<String>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            gather(root, &path, found)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path.strip_prefix(root)?.display();
            let text = fs::read_to_string(&path)?;
            found.extend(functions(&text).map(|name| format!("{file}: {name}")));
        }
    }
    Ok(())
}

/// The names of the functions under a `test` attribute.
fn functions(text: &str) -> impl Iterator<Item = &str> {
    let mut marked = false;
    text.lines().map(str::trim).filter_map(move |line| {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            marked = true;
        } else if marked && !line.starts_with("#[") {
            marked = false;
            let function = line.trim_start_matches("async ").strip_prefix("fn ")?;
            return function.split('(').next();
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_under_a_test_attribute_are_tests() {
        let text = "#[test]\nfn one() {\n    fn inner() {}\n}\n#[tokio::test(flavor = \"multi_thread\")]\n\
                    #[cfg(unix)]\nasync fn two() {}\nfn helper() {}\n";
        assert_eq!(functions(text).collect::<Vec<_>>(), ["one", "two"]);
    }
}
