//! `random`: as many bytes as asked for, and never the same.

use std::collections::BTreeSet;

use crate::contract::sso::provider::random;
use crate::report::Report;

/// Every length that the contract names.
pub fn lengths(report: &mut Report) {
    for length in 1..=64_u32 {
        let found = random::bytes(length).len();
        report.equal("random/length", length as usize, found);
    }
}

/// 128 draws of 32 bytes: none twice, and about as many ones as zeros.
pub fn draws(report: &mut Report) {
    let draws: Vec<Vec<u8>> = (0..128).map(|_| random::bytes(32)).collect();
    let different: BTreeSet<&Vec<u8>> = draws.iter().collect();
    report.equal("random/draws-differ", draws.len(), different.len());
    let ones: u32 = draws.iter().flatten().map(|byte| byte.count_ones()).sum();
    // Of 32,768 fair bits; ten standard deviations to either side.
    if !(15_479..=17_289).contains(&ones) {
        report.broken(
            "random/bits-are-fair",
            "15479 to 17289 ones",
            &ones.to_string(),
        );
    }
    if let Some(first) = draws.first() {
        report.seen("draw", &format!("{first:02x?}"));
    }
}
