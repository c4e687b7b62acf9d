//! A test in a process of its own, where memory and time are its own.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// Says so to the second process.
const ALONE: &str = "OKTA_SSO_TEST_ALONE";

/// Runs the test of this name once more by itself; true in that process.
pub(crate) fn is(test: &str) -> bool {
    if env::var_os(ALONE).is_some() {
        return true;
    }
    let run = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(said.contains("1 passed"), "{said}");
    // Behind the name of the test.
    for (_, figure) in said.lines().filter_map(|line| line.split_once("F-")) {
        println!("F-{figure}");
    }
    false
}

/// Bytes of this process that are in memory: the second field of `/proc/self/statm`, in pages of 4 KiB.
pub(crate) fn resident() -> usize {
    let pages = field("/proc/self/statm", 1);
    usize::try_from(pages).unwrap() << 12
}

/// The most bytes that were in memory at any moment: `VmHWM` of `/proc/self/status`, in KiB.
pub(crate) fn most_resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: usize = line
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    kib << 10
}

/// What this process has used of the processor: user and system time, in hundredths of a second.
pub(crate) fn processor() -> Duration {
    let ticks = field("/proc/self/stat", 13) + field("/proc/self/stat", 14);
    Duration::from_millis(ticks * 10)
}

/// A field of a file of numbers, from zero. The name of a test program has no blank.
fn field(path: &str, number: usize) -> u64 {
    let text = fs::read_to_string(path).unwrap();
    text.split(' ').nth(number).unwrap().trim().parse().unwrap()
}
