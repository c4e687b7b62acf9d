//! What a check found, in the contract's own findings.

use std::fmt::Debug;

use crate::contract::sso::provider::types::{Check, Finding, Outcome};

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub struct Report(Vec<Finding>);

impl Report {
    /// Fails `promise` unless both sides are equal.
    pub fn equal<T: PartialEq + Debug>(&mut self, promise: &str, expected: T, found: T) {
        if expected != found {
            self.broken(promise, &format!("{expected:?}"), &format!("{found:?}"));
        }
    }

    /// Fails `promise`.
    pub fn broken(&mut self, promise: &str, expected: &str, found: &str) {
        self.push(Outcome::Fail, promise, Some(short(expected)), short(found));
    }

    /// What `name` was, for whoever compares several calls.
    pub fn seen(&mut self, name: &str, value: &str) {
        self.push(Outcome::Pass, name, None, value.to_owned());
    }

    /// Everything found.
    #[must_use]
    pub fn findings(self) -> Vec<Finding> {
        self.0
    }

    fn push(&mut self, outcome: Outcome, reason: &str, expected: Option<String>, found: String) {
        self.0.push(Finding {
            // The contract's checks are those of a provider; here `reason` says what was looked at.
            check: Check::Callback,
            outcome,
            reason: Some(reason.to_owned()),
            expected,
            found: Some(found),
        });
    }
}

/// A report is read by people.
fn short(text: &str) -> String {
    const MOST: usize = 300;
    if text.chars().count() <= MOST {
        return text.to_owned();
    }
    text.chars().take(MOST).chain("…".chars()).collect()
}
