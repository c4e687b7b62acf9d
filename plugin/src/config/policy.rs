//! Ranges of a policy.

use super::Report;
use crate::contract::exports::sso::provider::config::{Field, ProblemCode};
use crate::contract::sso::provider::types::Policy;

/// `max_age` (OpenID Connect Core 1.0 section 3.1.2.1).
// Okta: 0 means something else in its Classic Engine; 1 says the same.
const MAX_AGE: std::ops::RangeInclusive<u32> = 1..=2_147_483_647;
/// Seconds.
const MAX_TOLERANCE: u32 = 600;
const MAX_ACR_VALUES: usize = 8;
/// Bytes of one `acr` value.
const MAX_ACR: usize = 256;

pub(super) fn check(policy: &Policy, report: &mut Report<'_>) {
    let mut out_of_range = |expected| {
        report.problem(Field::Policy, ProblemCode::OutOfRange, Some(expected), None);
    };
    if policy.algorithms.is_empty() {
        out_of_range("algorithms: at least one");
    }
    if policy.clock_tolerance > MAX_TOLERANCE {
        out_of_range("clock-tolerance: 0 to 600");
    }
    if policy.max_age.is_some_and(|age| !MAX_AGE.contains(&age)) {
        out_of_range("max-age: 1 to 2147483647");
    }
    if policy.acr_values.len() > MAX_ACR_VALUES {
        out_of_range("acr-values: at most 8");
    }
    // The values travel in one list that spaces divide.
    let is_value = |value: &String| {
        (1..=MAX_ACR).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !policy.acr_values.iter().all(is_value) {
        out_of_range("acr-values: each 1 to 256 ASCII characters without spaces");
    }
}
