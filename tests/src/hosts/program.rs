//! `host/examples/node` and `host/examples/python`: programs that are told what to call, a line of JSON each.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Event, Host, Language, Outcome, Start};
use crate::part::workspace;

/// A running program; it ends when this is dropped.
pub struct Program {
    child: Child,
    input: Mutex<ChildStdin>,
    next: AtomicU64,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    /// Whom an answer goes to; no map when the program has ended.
    waiting: Option<HashMap<u64, oneshot::Sender<Option<Outcome>>>>,
    events: Vec<Event>,
}

/// A line from the program.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Answer {
        id: u64,
        #[serde(flatten)]
        outcome: Option<Outcome>,
    },
    Event {
        event: Event,
    },
}

impl Program {
    /// Starts `drive` of `host/examples/LANGUAGE`.
    ///
    /// # Errors
    /// When the part of the tests is missing, or it does not start.
    pub async fn start(language: Language, start: &Start) -> Result<Self> {
        let root = workspace();
        let language = language.name();
        let drive = format!("host/examples/{language}/drive");
        let about = json!({
            "component": root.join("target/plugin").join(&start.component),
            "client-secret": start.client_secret,
            "deadline": start.deadline.as_secs_f64(),
        });
        let mut child = Command::new(root.join("tests/part"))
            .args([language, drive.as_str(), about.to_string().as_str()])
            .current_dir(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {drive}"))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let shared = Arc::new(Mutex::new(Shared {
            waiting: Some(HashMap::new()),
            events: Vec::new(),
        }));
        let listener = Arc::clone(&shared);
        thread::spawn(move || listen(output, &listener));
        let program = Self {
            child,
            input: Mutex::new(input),
            next: AtomicU64::new(0),
            shared,
        };
        // Answers once the component is loaded.
        program
            .set_clock(None)
            .await
            .with_context(|| format!("{drive} did not start: its words are above"))?;
        Ok(program)
    }

    async fn ask(&self, mut question: Value) -> Result<Option<Outcome>> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        question["id"] = json!(id);
        let (sender, answer) = oneshot::channel();
        match &mut lock(&self.shared).waiting {
            Some(waiting) => waiting.insert(id, sender),
            None => bail!("the host has ended"),
        };
        writeln!(lock(&self.input), "{question}")?;
        answer.await.context("the host has ended")
    }
}

/// Hands each line on until there is none, or one that is none of the host's.
fn listen(output: ChildStdout, shared: &Mutex<Shared>) {
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        match serde_json::from_str(&line) {
            Ok(Line::Answer { id, outcome }) => {
                let waiting = lock(shared)
                    .waiting
                    .as_mut()
                    .and_then(|all| all.remove(&id));
                // Nobody waits any more when a test has failed.
                let _ = waiting.map(|sender| sender.send(outcome));
            }
            Ok(Line::Event { event }) => lock(shared).events.push(event),
            Err(error) => {
                eprintln!("the host said {line:?}: {error}");
                break;
            }
        }
    }
    lock(shared).waiting = None;
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Program {
    fn drop(&mut self) {
        // It has nothing to keep; an error says that it has ended already.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

#[async_trait]
impl Host for Program {
    async fn call(
        &self,
        connection: Option<&Value>,
        function: &str,
        arguments: Vec<Value>,
    ) -> Result<Outcome> {
        let question =
            json!({ "call": function, "connection": connection, "arguments": arguments });
        let outcome = self.ask(question).await?;
        outcome.context("the host gave no outcome")
    }

    async fn set_clock(&self, now: Option<u64>) -> Result<()> {
        self.ask(json!({ "clock": now })).await?;
        Ok(())
    }

    fn events(&self) -> Vec<Event> {
        std::mem::take(&mut lock(&self.shared).events)
    }
}
