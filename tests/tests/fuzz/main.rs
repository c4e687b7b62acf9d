//! Every fuzz target with the texts of all cases, with what fuzzing has found before, and with a bounded number of
//! changes to both: the same in every run, on the stable compiler. `make fuzz` goes on from the same texts.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

mod seeds;

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::Path;

use fastrand::Rng;
use okta_sso_conformance::mutation;
use okta_sso_conformance::part::workspace;
use okta_sso_fuzz::{TARGETS, Target};
use sha2::{Digest, Sha256};

/// Where the changes come from. Another seed gives others, as many.
const SEED: u64 = 0x0ca7_a551;
/// For each target.
const CHANGED: usize = 4_000;

/// Gives `input` to a target; where that panics, the input is kept and named.
fn try_input(name: &str, target: Target, input: &[u8], wrong: &mut Vec<String>) {
    if catch_unwind(|| target(input)).is_ok() {
        return;
    }
    let path = workspace()
        .join("target/fuzz/found")
        .join(name)
        .join(file_name(input));
    write(&path, input);
    wrong.push(format!("{name}: {}", path.display()));
}

fn file_name(input: &[u8]) -> String {
    let digest = Sha256::digest(input);
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn write(path: &Path, input: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, input).unwrap();
}

/// Inputs that broke something once; each is named by what it broke.
fn found(name: &str) -> Vec<Vec<u8>> {
    let folder = workspace().join("tests/fuzz/found").join(name);
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries
        .map(|entry| std::fs::read(entry.unwrap().path()).unwrap())
        .collect()
}

#[test]
fn no_input_breaks_a_promise() {
    let seeds = seeds::of_cases().unwrap_or_else(|error| panic!("{error:#}"));
    let named: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(seeds.keys().copied().collect::<BTreeSet<_>>(), named);

    let mut random = Rng::with_seed(SEED);
    println!("seed {SEED:#x}");
    let mut wrong = Vec::new();
    for (name, target) in TARGETS {
        let folder = workspace().join("target/fuzz/seeds").join(name);
        for seed in &seeds[name] {
            // For `make fuzz`.
            write(&folder.join(file_name(seed)), seed);
        }
        let mut inputs: Vec<Vec<u8>> = seeds[name].iter().cloned().collect();
        inputs.extend(found(name));
        assert!(inputs.len() >= 8, "{name} has {} inputs", inputs.len());
        for input in &inputs {
            try_input(name, target, input, &mut wrong);
        }
        for _ in 0..CHANGED {
            let input = &inputs[random.usize(..inputs.len())];
            let input = mutation::bytes(&mut random, input);
            try_input(name, target, &input, &mut wrong);
        }
        println!("{name}: {} inputs, {CHANGED} changed ones", inputs.len());
    }
    assert!(
        wrong.is_empty(),
        "inputs that break a promise:\n{}",
        wrong.join("\n")
    );
}
