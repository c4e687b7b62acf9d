//! Fuzz targets: each takes any bytes, and panics where a promise is broken.
//!
//! The programs in `fuzz_targets/` hand them to libFuzzer; the conformance test `fuzz` calls them by itself, with the
//! inputs of all cases and a bounded number of changes to them.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a panic is how a target tells what it found"
)]

mod complete;
mod host;
mod readers;

pub use self::complete::{SEPARATOR, complete};
pub use self::readers::{callback, email, issuer, json, jws, keys, return_to};

/// A target: takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by the name of its program.
pub const TARGETS: [(&str, Target); 8] = [
    ("callback", callback),
    ("complete", complete),
    ("email", email),
    ("issuer", issuer),
    ("json", json),
    ("jws", jws),
    ("keys", keys),
    ("return-to", return_to),
];
