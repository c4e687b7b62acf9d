//! Components that are wrong in one thing each, compiled from the plugin's own source.
//!
//! All of them are one compilation: each change is switched on by a byte in the finished component. The plugin's source
//! is copied beside it, so nothing here can ever be part of the product.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use okta_sso_plugin_build::Builder;
use serde::Deserialize;

use crate::host::Fault;

/// What the switch's byte stands behind.
const MARK: &[u8] = b"okta-sso broken switch ";

/// The switch, as a module of the copied source.
const SWITCH: &str = r#"
/// Which change is on.
pub mod broken {
    static SWITCH: [u8; 24] = *b"okta-sso broken switch \0";

    pub(crate) fn is(number: u8) -> bool {
        // Not known to the compiler: the byte is written into the finished component.
        std::hint::black_box(&SWITCH).last() == Some(&number)
    }
}
"#;

/// Each change stands in parentheses, needed or not.
const QUIET: &str = "#![allow(unused_parens, unused_braces)]\n";

/// One entry of `broken/components.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Below `plugin/src`.
    file: String,
    /// Where to look from.
    after: Option<String>,
    /// The expression that is replaced.
    right: String,
    /// What it is replaced with.
    broken: String,
    /// Every contract case that must fail.
    #[serde(default)]
    pub fails: Vec<String>,
}

/// The changes, by name.
///
/// # Errors
/// When the file cannot be read or has another form.
pub fn changes() -> Result<BTreeMap<String, Change>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("broken/components.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    toml::from_str(&text).with_context(|| path.display().to_string())
}

/// The authored cases that each broken host fails, by its fault.
///
/// # Errors
/// When `broken/hosts.toml` cannot be read or has another form.
pub fn hosts() -> Result<Vec<(Fault, BTreeSet<String>)>> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        #[serde(default)]
        fails: BTreeSet<String>,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("broken/hosts.toml");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let hosts: BTreeMap<String, Named> = toml::from_str(&text)?;
    let hosts = hosts.into_iter().map(|(name, named)| {
        let fault = serde_json::from_value(serde_json::json!(name))?;
        Ok((fault, named.fails))
    });
    hosts.collect()
}

/// What came of the copied source.
pub struct Components {
    /// Without any change.
    pub right: Vec<u8>,
    /// With one change each, by name.
    pub broken: BTreeMap<String, Vec<u8>>,
}

/// Compiles the copied source.
///
/// # Errors
/// When an expression is no longer in the source, or the copy does not compile.
pub fn components() -> Result<Components> {
    let changes = changes()?;
    let workspace = copy()?;
    for (number, (name, change)) in (1_u8..).zip(&changes) {
        apply(&workspace.join("plugin/src"), change, number).with_context(|| name.clone())?;
    }
    let bytes = Builder::find()?.build(&workspace, "okta-sso-plugin")?.bytes;
    let places =
        (0..bytes.len().saturating_sub(MARK.len())).filter(|at| bytes[*at..].starts_with(MARK));
    let places: Vec<usize> = places.collect();
    ensure!(
        places.len() == 1,
        "the switch is in the component {} times",
        places.len()
    );
    let switched = |number: u8| {
        let mut bytes = bytes.clone();
        bytes[places[0] + MARK.len()] = number;
        bytes
    };
    let broken = (1_u8..).zip(changes.keys());
    let broken = broken.map(|(number, name)| (name.clone(), switched(number)));
    Ok(Components {
        right: switched(0),
        broken: broken.collect(),
    })
}

/// A workspace of its own below `target/`: the plugin's source copied, everything else linked.
fn copy() -> Result<PathBuf> {
    let original = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()?;
    let workspace = original.join("target/broken");
    fs::create_dir_all(workspace.join("plugin"))?;
    for name in [
        "Cargo.toml",
        "Cargo.lock",
        "wit",
        "host",
        "demo",
        "tests",
        "plugin/build",
        "plugin/Cargo.toml",
    ] {
        let link = workspace.join(name);
        if fs::symlink_metadata(&link).is_err() {
            std::os::unix::fs::symlink(original.join(name), &link)?;
        }
    }
    copy_folder(&original.join("plugin/src"), &workspace.join("plugin/src"))?;
    Ok(workspace)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::write(target, fs::read(entry.path())?)?;
        }
    }
    let root = to.join("lib.rs");
    if root.is_file() {
        let text = fs::read_to_string(&root)?;
        fs::write(&root, [QUIET, &text, SWITCH].concat())?;
    }
    Ok(())
}

fn apply(source: &Path, change: &Change, number: u8) -> Result<()> {
    let path = source.join(&change.file);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let after = change.after.as_deref().unwrap_or_default();
    let start = text.find(after).with_context(|| format!("no `{after}`"))? + after.len();
    let (before, rest) = text.split_at(start);
    let right = &change.right;
    let at = rest.find(right).with_context(|| format!("no `{right}`"))?;
    let (between, rest) = rest.split_at(at);
    let (_, rest) = rest.split_at(right.len());
    let broken = &change.broken;
    let both = format!("(if crate::broken::is({number}) {{ {broken} }} else {{ {right} }})");
    fs::write(&path, [before, between, &both, rest].concat())?;
    Ok(())
}
