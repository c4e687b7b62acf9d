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
    /// What was asked after the end.
    beyond: Option<String>,
    failures: Vec<Failure>,
}

impl Imports for Tape {
    fn answer(&mut self, import: &str, arguments: Vec<Value>) -> Result<Value> {
        let got = format!("{import} {}", json!(arguments));
        let what = format!("capability call {}", self.played);
        self.played += 1;
        let Some(next) = self.rest.pop_front() else {
            self.beyond = Some(got);
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
///
/// A call that the host ended, for a limit or a trap, has `{"fault": …}` for an outcome, and its last question no answer
/// in the recording: it is the same again when every recorded question came, and then a trap or one question more.
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
        beyond: None,
        failures: Vec::new(),
    }));
    let outcome = call(&tape);
    let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failures = std::mem::take(&mut tape.failures);
    if !failures.is_empty() {
        return failures;
    }
    let fault = case.outcome.get("fault").and_then(Value::as_str);
    match (tape.beyond.take(), fault) {
        (Some(got), None) => {
            let what = format!("capability call {}", tape.played.saturating_sub(1));
            return vec![Failure::new(what, "no further call", got)];
        }
        // The host ended the call while it waited for this answer.
        (Some(_), Some(_)) => return failures,
        (None, _) => {}
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
        Err(_) if fault.is_some() => {}
        Ok(outcome) => failures.push(Failure::new("outcome", &case.outcome, outcome)),
        Err(error) => failures.push(Failure::new("outcome", &case.outcome, format!("{error:#}"))),
    }
    failures
}
