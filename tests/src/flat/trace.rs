//! Plays one recorded call: every question must be the recorded one, and gets the recorded answer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, bail};
use okta_sso_host::record::Exchange;
use serde_json::{Value, json};

use super::sandbox::{Imports, Sandbox};
use super::{Failure, TraceCase};

/// The rest of the recording, and the first departure from it.
pub struct Tape {
    rest: VecDeque<Exchange>,
    played: usize,
    failures: Vec<Failure>,
}

impl Imports for Tape {
    fn answer(&mut self, import: &str, arguments: Vec<Value>) -> Result<Value> {
        let got = format!("{import} {}", json!(arguments));
        let what = format!("capability call {}", self.played);
        self.played += 1;
        let Some(next) = self.rest.pop_front() else {
            self.failures
                .push(Failure::new(what, "no further call", got));
            bail!("the recording has ended");
        };
        if next.import != import || next.arguments != arguments {
            let expected = format!("{} {}", next.import, json!(next.arguments));
            self.failures.push(Failure::new(what, expected, got));
            bail!("the recording goes on otherwise");
        }
        Ok(next.result)
    }
}

/// Plays `case` and says how it differed.
#[must_use]
pub fn play(sandbox: &Sandbox, case: &TraceCase) -> Vec<Failure> {
    play_with(case, |tape| sandbox.call(&case.call, &case.arguments, tape))
}

/// As [`play`], by whatever makes the call.
pub fn play_with(
    case: &TraceCase,
    call: impl FnOnce(&Arc<Mutex<Tape>>) -> Result<Value>,
) -> Vec<Failure> {
    let tape = Arc::new(Mutex::new(Tape {
        rest: case.trace.clone().into(),
        played: 0,
        failures: Vec::new(),
    }));
    let outcome = call(&tape);
    let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failures = std::mem::take(&mut tape.failures);
    if !failures.is_empty() {
        return failures;
    }
    if let Some(next) = tape.rest.front() {
        let expected = format!("{} {}", next.import, json!(next.arguments));
        failures.push(Failure::new(
            format!("capability call {}", tape.played),
            expected,
            "no further call",
        ));
    }
    match outcome {
        Ok(outcome) if outcome == case.outcome => {}
        Ok(outcome) => failures.push(Failure::new("outcome", &case.outcome, outcome)),
        Err(error) => failures.push(Failure::new("outcome", &case.outcome, format!("{error:#}"))),
    }
    failures
}
