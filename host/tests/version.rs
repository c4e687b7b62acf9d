//! Which wasmtime this is built with.
#![allow(
    clippy::unwrap_used,
    reason = "what goes wrong here shall stop the test"
)]

/// The version of a package in the lock file, as numbers.
fn locked(name: &str) -> Vec<u64> {
    let lock = include_str!("../../Cargo.lock");
    let (_, package) = lock
        .split_once(&format!("name = \"{name}\"\nversion = \""))
        .unwrap();
    let (version, _) = package.split_once('"').unwrap();
    version
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect()
}

/// The long-term line with the fixes of 48.0.8. Older ones are known to let a component out, or bring the host down.
#[test]
fn wasmtime_is_new_enough() {
    let version = locked("wasmtime");
    assert!(version >= vec![48, 0, 8], "{version:?} has known holes");
}

/// Until 48.0.9, builds without these features abort on components that builds with them refuse
/// (GHSA-rc4p-x33f-vpr2, GHSA-2674-w29h-wqvj): compiled in, and switched off in the engine.
#[test]
fn gc_and_threads_are_compiled_in() {
    if locked("wasmtime") >= vec![48, 0, 9] {
        return;
    }
    let manifest = include_str!("../../Cargo.toml");
    let line = manifest
        .lines()
        .find(|line| line.starts_with("wasmtime = "))
        .unwrap();
    for feature in ["\"gc\"", "\"threads\""] {
        assert!(line.contains(feature), "{feature} is missing: {line}");
    }
    for absent in [
        "component-model-async",
        "winch",
        "pulley",
        "memory-protection-keys",
        "\"cache\"",
    ] {
        assert!(!line.contains(absent), "{absent}: {line}");
    }
}
