//! Plays a contract case over an emulated host: a storage and a cache in memory, everything else from the case.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::expectation::{authorization, difference};
use super::sandbox::{Imports, Sandbox};
use super::text::{self, Learnt};
use super::{ContractCase, Failure, HttpExchange, HttpRequest, Source, Step, StorageMode, Stored};

/// Entries by connection and key, with the second from which they are gone.
type Entries = BTreeMap<(String, String), (Value, u64)>;

/// The emulated host.
struct Host {
    learnt: Learnt,
    entries: Entries,
    cached: Entries,
    step: Step,
    scope: String,
    random: Vec<u8>,
    sent: usize,
    pushed: BTreeMap<String, String>,
    log: Vec<String>,
    failures: Vec<Failure>,
}

/// Plays `case` and says how it differed; stops at the first call that did.
#[must_use]
pub fn play(sandbox: &Sandbox, case: &ContractCase) -> Vec<Failure> {
    let Some(first) = case.steps.first() else {
        return vec![Failure::new("case", "at least one step", "none")];
    };
    let host = Arc::new(Mutex::new(Host::new(first.clone())));
    let mut begun = Entries::new();
    let mut attempt = usize::MAX;
    for (index, step) in case.steps.iter().enumerate() {
        let before = lock(&host).entries.clone();
        if step.attempt != attempt {
            attempt = step.attempt;
            begun.clone_from(&before);
        }
        let failures = match step_of(sandbox, &host, step) {
            Ok(result) => lock(&host).judge(&result, &before, &begun),
            Err(error) => {
                let mut failures = std::mem::take(&mut lock(&host).failures);
                let wanted = &step.expect.result;
                failures.push(Failure::new("result", wanted, format!("{error:#}")));
                failures
            }
        };
        if !failures.is_empty() {
            return failures
                .into_iter()
                .map(|failure| Failure {
                    what: format!("call {index} ({}): {}", step.call, failure.what),
                    ..failure
                })
                .collect();
        }
    }
    Vec::new()
}

fn step_of(sandbox: &Sandbox, host: &Arc<Mutex<Host>>, step: &Step) -> Result<Value> {
    let arguments = lock(host).start(step)?;
    let result = sandbox.call(&step.call, &arguments, host)?;
    lock(host).learn(&result)?;
    Ok(result)
}

fn lock(host: &Mutex<Host>) -> MutexGuard<'_, Host> {
    host.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Host {
    fn new(step: Step) -> Self {
        Self {
            learnt: Learnt::new(),
            entries: Entries::new(),
            cached: Entries::new(),
            step,
            scope: String::new(),
            random: Vec::new(),
            sent: 0,
            pushed: BTreeMap::new(),
            log: Vec::new(),
            failures: Vec::new(),
        }
    }

    fn start(&mut self, step: &Step) -> Result<Vec<Value>> {
        self.step = step.clone();
        self.random = STANDARD.decode(&step.random)?;
        self.sent = 0;
        self.pushed.clear();
        self.log.clear();
        let arguments = step.arguments.iter();
        let arguments: Vec<Value> = arguments
            .map(|argument| text::fill(argument, &self.learnt))
            .collect::<Result<_>>()?;
        let first = arguments.first().map(|connection| &connection["id"]);
        self.scope = first.and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(arguments)
    }

    fn learn(&mut self, result: &Value) -> Result<()> {
        for (name, source) in &self.step.learn {
            let value = match source {
                Source::Result(path) => {
                    let value = path
                        .iter()
                        .fold(result, |value, member| &value[member.as_str()]);
                    value.clone()
                }
                Source::Authorization(parameter) => {
                    let mut sent = authorization(&result["ok"]["url"])?;
                    if sent.contains_key("request_uri") {
                        sent.extend(self.pushed.clone());
                    }
                    json!(sent.get(parameter))
                }
            };
            if value.is_null() {
                bail!("nothing to learn as `{name}` from {result}");
            }
            self.learnt.insert(name.clone(), value);
        }
        Ok(())
    }

    /// Everything that differs from what the step expects.
    fn judge(&mut self, result: &Value, before: &Entries, begun: &Entries) -> Vec<Failure> {
        let mut failures = std::mem::take(&mut self.failures);
        if let Err(error) = self.compare(result, &mut failures) {
            failures.push(Failure::new(
                "case",
                "a case that can be compared",
                format!("{error:#}"),
            ));
        }
        for exchange in self.step.http.iter().skip(self.sent) {
            let HttpRequest { endpoint, url, .. } = &exchange.request;
            failures.push(Failure::new("request", format!("{endpoint} {url}"), "none"));
        }
        let kept = before
            .iter()
            .all(|(key, value)| self.entries.get(key) == Some(value));
        let stored = match self.step.expect.storage {
            Stored::Consumed => self.entries == *begun,
            Stored::Unchanged => self.entries == *before,
            Stored::Added => kept && self.entries.len() > before.len(),
        };
        if !stored {
            let got = format!("{} entries, {} before", self.entries.len(), before.len());
            let expected = format!("{:?}", self.step.expect.storage).to_lowercase();
            failures.push(Failure::new("storage", expected, got));
        }
        failures
    }

    fn compare(&self, result: &Value, failures: &mut Vec<Failure>) -> Result<()> {
        let expect = &self.step.expect;
        let expected = text::fill(&expect.result, &self.learnt)?;
        if let Some((path, expected, got)) = difference(&expected, result) {
            failures.push(Failure::new(format!("result{path}"), expected, got));
        }
        if !expect.authorization.is_empty() {
            let expected = text::fill(&json!(expect.authorization), &self.learnt)?;
            let got = json!(authorization(&result["ok"]["url"])?);
            if let Some((path, expected, got)) = difference(&expected, &got) {
                failures.push(Failure::new(format!("authorization{path}"), expected, got));
            }
        }
        let error = result
            .get("error")
            .map(Value::to_string)
            .unwrap_or_default();
        let log = self.log.join("\n");
        for secret in &self.step.secrets {
            let secret = text::text(secret, &self.learnt)?;
            for (place, text) in [("error", &error), ("log", &log)] {
                if text.contains(&secret) {
                    failures.push(Failure::new(place, "no secret", &secret));
                }
            }
        }
        Ok(())
    }

    fn send(&mut self, request: &Value) -> Result<Value> {
        let exchange = self.step.http.get(self.sent).cloned();
        self.sent += 1;
        let url = request["url"].as_str().unwrap_or_default();
        let got = format!("{} {url}", request["endpoint"].as_str().unwrap_or_default());
        let Some(HttpExchange {
            request: wanted,
            answer,
        }) = exchange
        else {
            self.failures.push(Failure::new("request", "none", got));
            return Ok(json!({ "error": "denied" }));
        };
        let body = bytes(&request["body"])?;
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(&body).into_owned().collect();
        if wanted.endpoint == "pushed-authorization" {
            self.pushed.clone_from(&form);
        }
        let expected = json!({
            "endpoint": wanted.endpoint,
            "method": wanted.method,
            "url": wanted.url,
            "authorization": wanted.authorization,
        });
        let expected = text::fill(&expected, &self.learnt)?;
        let mut differences: Vec<_> = difference(&expected, request).into_iter().collect();
        let members = text::fill(&json!(wanted.form), &self.learnt)?;
        differences.extend(difference_of_forms(&members, &form, wanted.only));
        let endpoint = &wanted.endpoint;
        self.failures
            .extend(differences.into_iter().map(|(path, expected, got)| {
                Failure::new(format!("request to {endpoint}{path}"), expected, got)
            }));
        let mut answer = text::fill(&answer, &self.learnt)?;
        if let Some(response) = answer.get_mut("ok") {
            let body = match &response["body"] {
                Value::String(text) => STANDARD.encode(text),
                other => other["$base64"].as_str().context("a body")?.to_owned(),
            };
            response["body"] = json!(body);
        }
        Ok(answer)
    }

    fn verify(&self, arguments: &[Value]) -> Result<Value> {
        let [algorithm, jwk, message, signature] = arguments else {
            bail!("four arguments");
        };
        let jwk: Value = serde_json::from_str(jwk.as_str().unwrap_or_default()).unwrap_or_default();
        let message = bytes(message)?;
        let signature = bytes(signature)?;
        for verdict in &self.step.signatures {
            let genuine = *algorithm == verdict.algorithm
                && verdict.jwk.iter().all(|(name, value)| jwk[name] == *value)
                && signature == STANDARD.decode(&verdict.signature)?
                && message == text::text(&verdict.message, &self.learnt)?.as_bytes();
            if genuine {
                return Ok(match verdict.answer.as_str() {
                    "ok" => json!({ "ok": null }),
                    error => json!({ "error": error }),
                });
            }
        }
        Ok(json!({ "error": "mismatch" }))
    }

    fn key(&self, key: &Value) -> (String, String) {
        (self.scope.clone(), key.to_string())
    }
}

impl Imports for Host {
    fn answer(&mut self, import: &str, arguments: Vec<Value>) -> Result<Value> {
        let now = self.step.clock;
        let argument = |index: usize| arguments.get(index).cloned().unwrap_or_default();
        let until = now + argument(2).as_u64().unwrap_or_default();
        let key = self.key(&argument(0));
        let live = |entries: &Entries| {
            let entry = entries.get(&key).filter(|(_, gone)| now < *gone);
            entry.map(|(value, _)| value.clone())
        };
        let lookup = |value: Option<Value>| {
            value.map_or_else(|| json!("absent"), |value| json!({ "found": value }))
        };
        let unavailable = self.step.storage == StorageMode::Unavailable;
        Ok(match import {
            "clock.now" => json!(now),
            "random.bytes" => {
                let length = usize::try_from(argument(0).as_u64().unwrap_or_default())?;
                if length > self.random.len() {
                    let left = format!("at most {} bytes", self.random.len());
                    self.failures
                        .push(Failure::new("random.bytes", left, length));
                    bail!("no random bytes are left");
                }
                json!(STANDARD.encode(self.random.drain(..length).collect::<Vec<u8>>()))
            }
            "storage.put-if-absent" | "storage.take" if unavailable => {
                json!({ "error": "unavailable" })
            }
            "storage.put-if-absent" => {
                let free = self.step.storage == StorageMode::Works && live(&self.entries).is_none();
                if free {
                    self.entries.insert(key, (argument(1), until));
                }
                json!({ "ok": free })
            }
            "storage.take" => {
                let found = live(&self.entries);
                self.entries.remove(&key);
                json!({ "ok": lookup(found) })
            }
            "cache.get" => lookup(live(&self.cached)),
            "cache.put" => {
                self.cached.insert(key, (argument(1), until));
                Value::Null
            }
            "signatures.verify" => self.verify(&arguments)?,
            "log.event" => {
                self.log.push(json!(arguments).to_string());
                Value::Null
            }
            "http.send" => self.send(&argument(0))?,
            other => bail!("no capability is called {other}"),
        })
    }
}

/// Bytes as the component's JSON has them.
fn bytes(value: &Value) -> Result<Vec<u8>> {
    match value {
        Value::String(text) => Ok(STANDARD.decode(text)?),
        _ => Ok(Vec::new()),
    }
}

/// Where a form differs from its patterns: `{"$s256": text}` is a text of that SHA-256 in base64url (RFC 7636).
fn difference_of_forms(
    patterns: &Value,
    form: &BTreeMap<String, String>,
    only: bool,
) -> Vec<(String, String, String)> {
    let empty = serde_json::Map::new();
    let patterns = patterns.as_object().unwrap_or(&empty);
    let mut differences = Vec::new();
    for (name, pattern) in patterns {
        let got = form.get(name);
        let fits = match (pattern, got) {
            (Value::Null, None) => true,
            (Value::String(expected), Some(got)) => expected == got,
            (Value::Object(members), Some(got)) => {
                let challenge = members.get("$s256").and_then(Value::as_str);
                let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(got));
                (43..=128).contains(&got.len()) && challenge == Some(hash.as_str())
            }
            _ => false,
        };
        if !fits {
            differences.push((
                format!(".{name}"),
                pattern.to_string(),
                json!(got).to_string(),
            ));
        }
    }
    for name in form
        .keys()
        .filter(|name| only && !patterns.contains_key(*name))
    {
        differences.push((format!(".{name}"), "nothing".into(), "something".into()));
    }
    differences
}
