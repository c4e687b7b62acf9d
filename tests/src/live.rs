//! The authored cases over real hosts: HTTP over TCP, storage, cache, randomness and signature checks are the host's own.
//!
//! Scripted are the provider, which listens on loopback, and the seconds that the host's clock shows.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use async_trait::async_trait;
use okta_sso_host::Plugin;
use serde_json::{Value, json};
use wasmtime::component::{Type, Val};

use crate::case::{Answers, Case, HostScript, Object, merge};
use crate::connection::object;
use crate::flat::{About, Failure};
use crate::hosts::program::Program;
use crate::hosts::rust::RustHost;
use crate::hosts::{Host, Language, Outcome, Start};
use crate::kit::{self, Verdict};
use crate::provider::Provider;
use crate::provider::server::Server;
use crate::rig::{Rig, Seen, signature, typed};
use crate::run;
use crate::value::{to_json, to_val};

/// For one exchange, where a case has the provider be silent.
const IMPATIENT: Duration = Duration::from_secs(1);

/// `live.toml`: case to the reason why it says nothing of a real host.
///
/// # Errors
/// When the file cannot be read, or is no table of texts.
pub fn left_out() -> Result<BTreeMap<String, String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("live.toml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(toml::from_str(&text)?)
}

/// The cases that have `filter` in them and whose call uses capabilities, but for those that script the host itself
/// and those that `live.toml` leaves out.
///
/// # Errors
/// When a file cannot be read.
pub fn cases(filter: &str) -> Result<Vec<Case>> {
    let left_out = left_out()?;
    let mut cases = kit::authored(filter)?;
    cases.retain(|case| is_live(case) && !left_out.contains_key(&case.about.id));
    Ok(cases)
}

/// Whether a case is about a call that uses capabilities, and leaves the host alone.
#[must_use]
pub fn is_live(case: &Case) -> bool {
    let scripted = |script: HostScript| script != HostScript::default();
    let mut attempts = case.attempts.iter();
    attempts.all(|attempt| attempt.has_capabilities() && !scripted(attempt.host))
}

/// Runs `cases` on a host, and tells each verdict as it comes.
///
/// # Errors
/// When the host cannot be started.
pub async fn run(
    language: Language,
    component: &Path,
    cases: &[Case],
    mut tell: impl FnMut(Verdict),
) -> Result<()> {
    ensure!(
        language.bring()?,
        "SKIP leaves out {}, so no case can run there",
        language.name()
    );
    let component = component.canonicalize()?;
    let digest = format!("{}.sha256", component.display());
    ensure!(
        Path::new(&digest).is_file(),
        "a host loads a component only by the SHA-256 that is written beside it, and there is no {digest}: write it \
         with `sha256sum`"
    );
    let start = Start::with(component);
    let impatient = Start {
        deadline: IMPATIENT,
        ..start.clone()
    };
    let server = Server::start().await?;
    let (silent, others): (Vec<_>, Vec<_>) = cases.iter().partition(|case| is_silent(case));
    let mut number = 0;
    for (start, cases) in [(start, others), (impatient, silent)] {
        if cases.is_empty() {
            continue;
        }
        let host = started(language, &start).await?;
        let rig = Live {
            host: host.as_ref(),
            server: &server,
            shapes: run::plugin()?,
            log: Mutex::default(),
        };
        for case in cases {
            number += 1;
            let outcome = run::case_on(&rig, &at(case, &server.issuer, number)).await;
            tell(verdict(case, outcome.err()));
        }
    }
    Ok(())
}

async fn started(language: Language, start: &Start) -> Result<Arc<dyn Host>> {
    Ok(match language {
        Language::Rust => Arc::new(RustHost::start(start, |right| right)?),
        Language::Node | Language::Python => Arc::new(Program::start(language, start).await?),
    })
}

/// Whether the provider keeps silent in it, until the host's deadline.
fn is_silent(case: &Case) -> bool {
    let mut answers = case
        .attempts
        .iter()
        .flat_map(|attempt| attempt.http.values());
    answers.any(|answers| match answers {
        Answers::One(answer) => answer.error.as_deref() == Some("timeout"),
        Answers::InOrder(answers) => {
            let mut errors = answers.iter().map(|answer| answer.error.as_deref());
            errors.any(|error| error == Some("timeout"))
        }
    })
}

/// The case with a connection of its own, to the provider on loopback.
fn at(case: &Case, issuer: &str, number: usize) -> Case {
    let mut case = case.clone();
    for attempt in &mut case.attempts {
        let mut settings = object(json!({
            "connection-id": format!("connection-{number}"),
            "issuer": issuer,
            "policy": { "network": "danger-loopback" },
        }));
        merge(&mut settings, &attempt.input.settings);
        attempt.input.settings = settings;
    }
    case
}

fn verdict(case: &Case, error: Option<anyhow::Error>) -> Verdict {
    let failure = |error| Failure::new("case", "what the case says", format!("{error:#}"));
    Verdict {
        kind: "live".into(),
        about: About::from(case),
        failures: error.map(failure).into_iter().collect(),
    }
}

/// A real host, and the provider on loopback.
struct Live<'a> {
    host: &'a dyn Host,
    server: &'a Server,
    /// Knows the types of the contract's functions.
    shapes: Plugin,
    log: Mutex<Vec<String>>,
}

#[async_trait]
impl Rig for Live<'_> {
    async fn set(&self, provider: Provider, now: u64, script: HostScript) -> Result<()> {
        ensure!(script == HostScript::default(), "a real host has no faults");
        *self.server.provider() = provider;
        self.seen();
        self.log
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        self.host.set_clock(Some(now)).await
    }

    async fn call(
        &self,
        function: &str,
        connection: Option<&Object>,
        arguments: &[Value],
    ) -> Result<Val> {
        let signature = signature(&self.shapes, function)?;
        // As values and back, so that no member is left out.
        let arguments = typed(&signature, function, arguments)?;
        let arguments = arguments.iter().map(to_json).collect();
        let connection = connection.cloned().map(Value::Object);
        let call = self.host.call(connection.as_ref(), function, arguments);
        let shape = signature.results.first();
        let shape = shape.with_context(|| format!("{function} gives nothing back"))?;
        let result = match (call.await?, shape) {
            (Outcome::Value(value), Type::Result(_)) => json!({ "ok": value }),
            (Outcome::Value(value), _) => value,
            (Outcome::Refusal(refusal), _) => json!({ "error": refusal }),
            (Outcome::Fault(fault), _) => bail!("{function}: {fault}"),
        };
        to_val(&result, shape).with_context(|| format!("{function} gives {result}"))
    }

    fn seen(&self) -> Seen {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        let events = self.host.events().into_iter();
        log.extend(events.map(|event| format!("{event:?}")));
        let provider = self.server.provider();
        Seen {
            requests: provider.requests.clone(),
            violations: provider.violations.clone(),
            log: log.join("\n"),
            entries: None,
        }
    }
}
