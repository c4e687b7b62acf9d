//! How many instructions each operation of the component takes: the same number in every run of the same bytes, so that
//! a change that costs is noticed on any machine.
//!
//! `fuel.toml` has what they took, by the compiler that made the component. Under a compiler that it does not know there
//! is nothing to compare with; that is printed. `FUEL=record cargo test --workspace --test fuel` writes the file anew.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::flat::{FlatCase, trace};
use okta_sso_conformance::{kit, part, run};
use okta_sso_plugin_build::Builder;

/// Growth that is let pass, in percent.
const LET_PASS: u64 = 5;

/// The cases that stand for the operations, the usual ones first.
const OPERATIONS: [&str; 17] = [
    "metadata-is-cached",
    "keys-are-cached",
    "locate-finds-the-handle",
    "all-good",
    "authorization-url",
    "par-when-supported",
    "callback-good",
    "BI-223-thin-token",
    "rehearse-thin",
    "logout-url",
    "logout-token",
    "revocation-iss-sub",
    "claims-good",
    "emails-equal",
    "probe-all-good",
    "describe",
    "explain-transaction",
];

/// Instructions by operation, by compiler.
type Recorded = BTreeMap<String, BTreeMap<String, u64>>;

#[test]
fn no_operation_takes_more_instructions_than_recorded() {
    let taken = taken().unwrap_or_else(|error| panic!("{error:#}"));
    let compiler = compilers().unwrap_or_else(|error| panic!("{error:#}"));
    let mut recorded = recorded().unwrap_or_else(|error| panic!("{error:#}"));
    if env::var("FUEL").is_ok_and(|wish| wish == "record") {
        recorded.insert(compiler, taken);
        write(&recorded).unwrap_or_else(|error| panic!("{error:#}"));
        return;
    }
    let Some(before) = recorded.get(&compiler) else {
        println!("NOT COMPARED: nothing is recorded for {compiler}");
        return;
    };
    assert!(
        before.keys().eq(taken.keys()),
        "fuel.toml has other operations; {AGAIN}"
    );
    let mut grown = String::new();
    for (operation, now) in &taken {
        let before = before.get(operation).copied().unwrap_or_default();
        println!("{operation:<48}{now:>10}, recorded {before:>10}");
        if now * 100 > before * (100 + LET_PASS) {
            grown += &format!("{operation}: {now} instructions, {before} recorded\n");
        }
    }
    assert!(grown.is_empty(), "{grown}If that is worth it: {AGAIN}");
}

const AGAIN: &str = "FUEL=record cargo test --workspace --test fuel";

fn taken() -> Result<BTreeMap<String, u64>> {
    let sandbox = Sandbox::load(&run::component_path())?;
    let mut taken = BTreeMap::new();
    for id in OPERATIONS {
        let cases = kit::cases(id)?;
        let case = cases.iter().find_map(|case| match case {
            FlatCase::Trace(case) if case.about.id == id => Some(case),
            _ => None,
        });
        let case = case.with_context(|| format!("there is no case {id}"))?;
        let used = Cell::new(0);
        let failures = trace::play_with(case, |tape| {
            let (result, fuel) = sandbox.metered(&case.call, &case.arguments, tape)?;
            used.set(fuel);
            Ok(result)
        });
        ensure!(failures.is_empty(), "{id}: {failures:?}");
        taken.insert(format!("{} {id}", case.call), used.get());
    }
    Ok(taken)
}

/// The component's compiler, and the sandbox that counts.
fn compilers() -> Result<String> {
    let lock = fs::read_to_string(part::workspace().join("Cargo.lock"))?;
    let (_, after) = lock
        .split_once("name = \"wasmtime\"\nversion = \"")
        .context("no wasmtime")?;
    let (wasmtime, _) = after.split_once('"').context("no version")?;
    Ok(format!(
        "{}, wasmtime {wasmtime}",
        Builder::find()?.compiler()?
    ))
}

fn path() -> PathBuf {
    part::workspace().join("tests/fuel.toml")
}

fn recorded() -> Result<Recorded> {
    Ok(toml::from_str(&fs::read_to_string(path())?)?)
}

fn write(recorded: &Recorded) -> Result<()> {
    let head = "# Instructions that each operation takes, by the compiler that made the component; tests/fuel.rs compares.\n\n";
    fs::write(path(), head.to_owned() + &toml::to_string(recorded)?)?;
    Ok(())
}
