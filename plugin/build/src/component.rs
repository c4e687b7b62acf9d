//! From core module to component, and what the component asks of its host.

use anyhow::{Context, Result, bail};
use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

/// Everything that the component may import: the seven capabilities, and `types`, which holds no
/// function.
const GRANTED: [&str; 8] = [
    "sso:provider/cache@0.1.0",
    "sso:provider/clock@0.1.0",
    "sso:provider/http@0.1.0",
    "sso:provider/log@0.1.0",
    "sso:provider/random@0.1.0",
    "sso:provider/signatures@0.1.0",
    "sso:provider/storage@0.1.0",
    "sso:provider/types@0.1.0",
];

/// Wraps a core module that carries its WIT (written by wit-bindgen) as a component.
pub(crate) fn encode(module: &[u8]) -> Result<Vec<u8>> {
    ComponentEncoder::default()
        .validate(true)
        .module(module)
        .and_then(|encoder| encoder.encode())
        .context("making a component of the compiled module")
}

/// The names that a component imports, sorted.
pub(crate) fn imports(component: &[u8]) -> Result<Vec<String>> {
    let mut depth = 0_u32;
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            // Modules and components inside have imports of their own, satisfied in here.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    names.push(import?.name.name.to_owned());
                }
            }
            _ => {}
        }
    }
    names.sort();
    Ok(names)
}

/// Fails when anything beyond the contract's capabilities is imported: WASI above all.
pub(crate) fn refuse_foreign(imports: &[String]) -> Result<()> {
    let foreign: Vec<_> = imports
        .iter()
        .map(String::as_str)
        .filter(|name| !GRANTED.contains(name))
        .collect();
    if foreign.is_empty() {
        return Ok(());
    }
    bail!(
        "the component imports what no host grants: {}",
        foreign.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_capabilities_are_granted() {
        assert!(refuse_foreign(&names(&GRANTED)).is_ok());
        assert!(refuse_foreign(&[]).is_ok());
    }

    #[test]
    fn another_import_is_refused_by_name() {
        let error = refuse_foreign(&names(&[
            "sso:provider/http@0.1.0",
            "wasi:cli/environment@0.2.0",
        ]))
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the component imports what no host grants: wasi:cli/environment@0.2.0"
        );
    }

    #[test]
    fn another_version_of_a_capability_is_refused() {
        assert!(refuse_foreign(&names(&["sso:provider/http@0.2.0"])).is_err());
    }
}
