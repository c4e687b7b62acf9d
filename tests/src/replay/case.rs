//! From a recording to a flat case that names nobody.
//!
//! Everything that went into the component is replaced (`pseudonyms.rs`), and what came out of it is made again by the
//! component itself: digests, keys of the storage, requests, log lines, the outcome.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sso_host::record::{Exchange, Recording};
use serde_json::{Value, json};

use super::pseudonyms::Pseudonyms;
use super::{belong_together, ending};
use crate::flat::sandbox::{Imports, Sandbox};
use crate::flat::{About, TraceCase};

/// Makes the case `id` of a recording.
///
/// # Errors
/// When the recording is of another component or of a call that the host ended, when something in it cannot be replaced, or
/// when the call ends otherwise with other data.
pub fn make(recording: &Recording, sandbox: &Sandbox, id: &str) -> Result<TraceCase> {
    belong_together(recording, sandbox)?;
    let ended = ending(&recording.outcome);
    ensure!(
        recording.outcome.get("fault").is_none(),
        "this call came to no end ({ended}): there is nothing that a case could expect"
    );
    let mut pseudonyms = Pseudonyms::new(&recording.trace)?;
    let (connection, rest) = recording
        .arguments
        .split_first()
        .context("a call without a connection")?;
    let mut arguments = vec![replace_connection(connection, &mut pseudonyms, sandbox)?];
    for argument in rest {
        arguments.push(pseudonyms.argument(argument)?);
    }
    let answers = recording
        .trace
        .iter()
        .map(|exchange| Ok((exchange.import.clone(), pseudonyms.answer(exchange)?)))
        .collect::<Result<_>>()?;
    let (trace, outcome) = again(sandbox, &recording.call, &arguments, answers)
        .context("with other data the call does not go the same way")?;
    let other = ending(&outcome);
    ensure!(
        other == ended,
        "with other data the call ends otherwise: in {other} instead of {ended}"
    );
    let case = TraceCase {
        about: About {
            id: id.to_owned(),
            file: "recorded".to_owned(),
            spec: None,
            comment: Some(format!("recorded, with other data: {ended}")),
        },
        call: recording.call.clone(),
        arguments,
        trace,
        outcome,
    };
    ensure!(
        !is_left_in(&case, &pseudonyms),
        "a word that was to be replaced is still in the case"
    );
    Ok(case)
}

/// The connection that `config.check` makes of other data, so that its revision is right; where it would not make the
/// recorded one of the recorded data either, that is what is wrong with it, and only words are replaced.
fn replace_connection(
    connection: &Value,
    pseudonyms: &mut Pseudonyms,
    sandbox: &Sandbox,
) -> Result<Value> {
    let replaced = pseudonyms.argument(connection)?;
    if check(sandbox, connection)?.as_ref() != Some(connection) {
        return Ok(replaced);
    }
    let checked = check(sandbox, &replaced)?;
    let checked = checked.context("with other data the connection is refused")?;
    let text = |connection: &Value| connection["revision"].as_str().map(str::to_owned);
    if let (Some(before), Some(after)) = (text(connection), text(&checked)) {
        pseudonyms.pair(&before, &after);
    }
    Ok(checked)
}

/// What `config.check` makes of a connection's own values; none where it refuses them.
fn check(sandbox: &Sandbox, connection: &Value) -> Result<Option<Value>> {
    let settings = json!({
        "connection-id": connection["id"],
        "client-id": connection["client-id"],
        "client-secret": null,
        "issuer": connection["issuer"],
        "redirect-uri": connection["redirect-uri"],
        "post-logout-redirect-uri": connection["post-logout-redirect-uri"],
        "email-domains": connection["email-domains"],
        "policy": connection["policy"],
    });
    let nothing = Arc::new(Mutex::new(Answers::default()));
    let checked = sandbox.call("config.check", &[settings], &nothing)?;
    Ok(checked["ok"].get("connection").cloned())
}

/// Calls again with these answers: what is asked now, and the outcome.
fn again(
    sandbox: &Sandbox,
    call: &str,
    arguments: &[Value],
    answers: VecDeque<(String, Value)>,
) -> Result<(Vec<Exchange>, Value)> {
    let tape = Arc::new(Mutex::new(Answers {
        left: answers,
        trace: Vec::new(),
    }));
    let outcome = sandbox.call(call, arguments, &tape)?;
    let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
    ensure!(tape.left.is_empty(), "it asks less of its host");
    Ok((std::mem::take(&mut tape.trace), outcome))
}

/// Answers in order, and writes down what was asked.
#[derive(Default)]
struct Answers {
    left: VecDeque<(String, Value)>,
    trace: Vec<Exchange>,
}

impl Imports for Answers {
    fn answer(&mut self, import: &str, arguments: Vec<Value>) -> Result<Value> {
        match self.left.pop_front() {
            Some((recorded, result)) if recorded == import => {
                self.trace.push(Exchange {
                    import: recorded,
                    arguments,
                    result: result.clone(),
                });
                Ok(result)
            }
            // What it asks with is made of other data already.
            Some((recorded, _)) => bail!(
                "it asks for {import} {} instead of {recorded}",
                json!(arguments)
            ),
            None => bail!("it goes on and asks for {import} {}", json!(arguments)),
        }
    }
}

/// Whether a word that was replaced is in a case, but for its name.
fn is_left_in(case: &TraceCase, pseudonyms: &Pseudonyms) -> bool {
    // Log lines hold codes alone, some of which are words that somebody may be called by.
    let asked = case.trace.iter().filter(|one| one.import != "log.event");
    let asked = asked.flat_map(|one| one.arguments.iter().chain([&one.result]));
    let mut all = case.arguments.iter().chain(asked).chain([&case.outcome]);
    all.any(|value| left(value, pseudonyms))
}

/// The same of a value's texts, as they are or encoded.
fn left(value: &Value, pseudonyms: &Pseudonyms) -> bool {
    match value {
        Value::String(text) => is_in(text, pseudonyms, 3),
        Value::Array(items) => items.iter().any(|item| left(item, pseudonyms)),
        Value::Object(members) => members.values().any(|member| left(member, pseudonyms)),
        _ => false,
    }
}

fn is_in(text: &str, pseudonyms: &Pseudonyms, depth: u8) -> bool {
    if pseudonyms.left_in(text) {
        return true;
    }
    let inner = |encoded: &str| {
        let bytes = STANDARD
            .decode(encoded)
            .or_else(|_| URL_SAFE_NO_PAD.decode(encoded));
        bytes.is_ok_and(|bytes| is_in(&String::from_utf8_lossy(&bytes), pseudonyms, depth - 1))
    };
    let encoded = |letter: char| !letter.is_ascii_alphanumeric() && !"+/=-_".contains(letter);
    depth > 0
        && text
            .split(encoded)
            .filter(|part| part.len() >= 8)
            .any(inner)
}
