//! Makes flat cases of authored ones, by running them and leaving open what the component chose.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use okta_sso_host::Plugin;
use okta_sso_host::record::{Exchange, Recording};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use wasmtime::component::Type;

use super::{
    About, ContractCase, Expectation, FlatCase, HttpExchange, HttpRequest, Source, Step,
    StorageMode, Stored, TraceCase, Verdict,
};
use crate::case::{self, Attempt, Case, Object, RandomScript, StorageScript, merge};
use crate::connection::object;
use crate::host::ScriptedHost;
use crate::provider::{Provider, Request};
use crate::rig::Scripted;
use crate::run;
use crate::script;
use crate::template::{Names, open};

/// What the component chooses, and a later call or answer needs.
const CHOSEN: [&str; 6] = [
    "state",
    "nonce",
    "code-challenge",
    "handle",
    "browser-binding",
    "logout-hint",
];

/// What must not be shown or logged.
const SECRETS: [&str; 7] = [
    "client-secret",
    "code",
    "access-token",
    "state",
    "nonce",
    "browser-binding",
    "logout-hint",
];

/// Both flat forms of a case, which must pass.
///
/// # Errors
/// When it does not pass, or something in it cannot be said in the flat form.
pub async fn flatten(plugin: &Plugin, case: &Case) -> Result<[FlatCase; 2]> {
    let about = About::from(case);
    let host = ScriptedHost::default();
    let rig = Scripted::recorded(plugin, &host);
    let mut earlier = Names::default();
    let mut open_earlier = Names::default();
    let mut steps = Vec::new();
    let mut last = None;
    for (index, attempt) in case.attempts.iter().enumerate() {
        run::attempt(&rig, attempt, index, &mut earlier).await?;
        let calls = std::mem::take(&mut host.world().journal);
        let flat = Attempted {
            plugin,
            attempt,
            index,
            calls: &calls,
        };
        steps.extend(flat.steps(&mut open_earlier, steps.len())?);
        last = calls.into_iter().next_back();
    }
    let last = last.context("nothing was called")?;
    let trace = TraceCase {
        about: about.clone(),
        call: last.call,
        arguments: last.arguments,
        trace: last.trace,
        outcome: last.outcome,
    };
    let contract = ContractCase { about, steps };
    Ok([FlatCase::Contract(contract), FlatCase::Trace(trace)])
}

/// An attempt after its run.
struct Attempted<'a> {
    plugin: &'a Plugin,
    attempt: &'a Attempt,
    index: usize,
    calls: &'a [Recording],
}

impl Attempted<'_> {
    fn steps(&self, earlier: &mut Names, before: usize) -> Result<Vec<Step>> {
        let attempt = self.attempt;
        let mut names = script::names(self.index, earlier)?;
        for name in CHOSEN {
            names.set(name, open::hole(&self.name(name)));
        }
        if attempt.call != "config.check" {
            let checked = &self.calls.first().context("no check")?.outcome;
            let mut connection = object(checked["ok"]["connection"].clone());
            merge(&mut connection, &attempt.input.connection);
            script::name_connection(&mut names, &connection);
        }
        let (last, setup) = self.calls.split_last().context("no call")?;
        let mut steps = Vec::new();
        let mut checks = 0;
        for recording in setup {
            let mut step = self.step(recording, &names, before + steps.len())?;
            if recording.call == "config.check" {
                let name = ["connection", "connection-at-callback"].get(checks);
                let name = self.name(name.context("a third check")?);
                let source = Source::Result(vec!["ok".into(), "connection".into()]);
                step.learn.insert(name, source);
                step.arguments.clone_from(&recording.arguments);
                checks += 1;
            } else {
                step.clock = attempt.begun;
                step.arguments = vec![self.connection(), open::apart(attempt.request(&names)?)];
                step.expect.storage = Stored::Added;
            }
            step.expect.result = json!({ "ok": {} });
            steps.push(step);
        }
        let mut step = self.step(last, &names, before + steps.len())?;
        let at_callback = self.connection_at_callback();
        let arguments = attempt.arguments(self.connection(), at_callback, &names)?;
        step.arguments = arguments.into_iter().map(open::apart).collect();
        step.storage = match attempt.host.storage {
            StorageScript::Works => StorageMode::Works,
            StorageScript::Unavailable => StorageMode::Unavailable,
            StorageScript::Occupied => StorageMode::Occupied,
        };
        if attempt.host.random == RandomScript::Repeats {
            step.random = STANDARD.encode([7; 256]);
        }
        step.expect = self.expectation(&names)?;
        steps.push(step);
        let mut remembered = names.clone();
        if last.outcome["ok"]["logout-hint"].is_null() {
            remembered.set("logout-hint", "");
        }
        script::remember(self.index, &remembered, earlier);
        Ok(steps)
    }

    /// What a call and its recording say by themselves.
    fn step(&self, recording: &Recording, names: &Names, number: usize) -> Result<Step> {
        let mut learn = BTreeMap::new();
        let ok = &recording.outcome["ok"];
        if recording.call == "login.begin" && !ok.is_null() {
            for (name, parameter) in [
                ("state", "state"),
                ("nonce", "nonce"),
                ("code-challenge", "code_challenge"),
            ] {
                learn.insert(self.name(name), Source::Authorization(parameter.into()));
            }
        }
        for name in ["handle", "browser-binding", "logout-hint"] {
            if !ok[name].is_null() {
                learn.insert(
                    self.name(name),
                    Source::Result(vec!["ok".into(), name.into()]),
                );
            }
        }
        let known = |name: &&str| {
            let chosen = CHOSEN.contains(name);
            !chosen
                || self.attempt.comes_back() && *name != "logout-hint"
                || learn.contains_key(&self.name(name))
        };
        let no_check = recording.call != "config.check";
        let secrets = SECRETS.iter().filter(|name| no_check && known(name));
        let secrets = secrets.filter_map(|name| names.get(name));
        Ok(Step {
            attempt: self.index,
            call: recording.call.clone(),
            arguments: Vec::new(),
            clock: self.attempt.clock,
            random: random(number),
            storage: StorageMode::Works,
            http: self.http(&recording.trace, names)?,
            signatures: self.signatures(&recording.trace, names)?,
            secrets: secrets.map(|text| open::apart(json!(text))).collect(),
            learn,
            expect: Expectation {
                result: Value::Null,
                authorization: Map::new(),
                storage: Stored::Unchanged,
            },
        })
    }

    fn name(&self, name: &str) -> String {
        format!("{}.{name}", self.index)
    }

    fn connection(&self) -> Value {
        json!({ "$value": self.name("connection"), "set": self.attempt.input.connection })
    }

    fn connection_at_callback(&self) -> Value {
        let input = &self.attempt.input;
        if input.settings_at_callback.is_empty() {
            let mut set = input.connection.clone();
            merge(&mut set, &input.connection_at_callback);
            return json!({ "$value": self.name("connection"), "set": set });
        }
        json!({ "$value": self.name("connection-at-callback"), "set": input.connection_at_callback })
    }

    /// The requests of a call, with answers whose tokens are open.
    fn http(&self, trace: &[Exchange], names: &Names) -> Result<Vec<HttpExchange>> {
        let attempt = self.attempt;
        let script = attempt.http.clone();
        let mut provider = Provider::new(names.clone(), script, attempt.input.token.clone());
        let mut exchanges = Vec::new();
        for exchange in trace
            .iter()
            .filter(|exchange| exchange.import == "http.send")
        {
            let request = exchange.arguments.first().context("no request")?;
            let text = |name: &str| request[name].as_str().unwrap_or_default().to_owned();
            let body = STANDARD.decode(text("body"))?;
            let asked = Request {
                endpoint: text("endpoint"),
                method: text("method"),
                url: text("url"),
                headers: Vec::new(),
                body,
            };
            let wanted = self.request(&asked, &request["authorization"], names)?;
            let open_body = provider.answer(asked).map(|response| response.body);
            let answer = match (&exchange.result, open_body) {
                (Value::Object(result), Ok(body)) if result.contains_key("ok") => {
                    let mut answer = exchange.result.clone();
                    answer["ok"]["body"] = match String::from_utf8(body) {
                        Ok(text) => open::apart(json!(text)),
                        Err(bytes) => json!({ "$base64": STANDARD.encode(bytes.as_bytes()) }),
                    };
                    answer
                }
                (result, _) => result.clone(),
            };
            exchanges.push(HttpExchange {
                request: wanted,
                answer,
            });
        }
        Ok(exchanges)
    }

    fn request(
        &self,
        asked: &Request,
        authorization: &Value,
        names: &Names,
    ) -> Result<HttpRequest> {
        let mut form = None;
        if asked.endpoint == "token" {
            let mut members = object(json!(asked.form()));
            let challenge = names.get("code-challenge").context("no challenge")?;
            let verifier = json!({ "$s256": open::apart(json!(challenge)) });
            members.insert("code_verifier".into(), verifier);
            form = Some(members);
        } else if asked.method == "post" {
            let sent = self.attempt.expect.sent.get(&asked.endpoint);
            let sent = sent.cloned().unwrap_or_default();
            form = Some(object(open::apart(names.fill_value(&Value::Object(sent))?)));
        }
        Ok(HttpRequest {
            endpoint: asked.endpoint.clone(),
            method: asked.method.clone(),
            url: asked.url.clone(),
            authorization: authorization.clone(),
            only: asked.endpoint == "token",
            form,
        })
    }

    /// The signature checks of a call: the message is the token's, with what is open in it.
    fn signatures(&self, trace: &[Exchange], names: &Names) -> Result<Vec<Verdict>> {
        let mut verdicts = Vec::new();
        for exchange in trace
            .iter()
            .filter(|exchange| exchange.import == "signatures.verify")
        {
            let [algorithm, jwk, message, signature] = exchange.arguments.as_slice() else {
                bail!("signatures.verify takes four arguments");
            };
            let token = self.attempt.forge(names)?.compact;
            let (input, mark) = token.rsplit_once('.').context("a token without dots")?;
            let mut signature = signature.as_str().unwrap_or_default().to_owned();
            if open::is_open(input) {
                signature = STANDARD.encode(URL_SAFE_NO_PAD.decode(mark)?);
            } else {
                let message = STANDARD.decode(message.as_str().unwrap_or_default())?;
                ensure!(message == input.as_bytes(), "another token was checked");
            }
            let jwk: Object = serde_json::from_str(jwk.as_str().unwrap_or_default())?;
            let counts = ["kty", "n", "e", "crv", "x", "y"];
            verdicts.push(Verdict {
                algorithm: algorithm.as_str().unwrap_or_default().to_owned(),
                jwk: jwk
                    .into_iter()
                    .filter(|(name, _)| counts.contains(&name.as_str()))
                    .collect(),
                message: open::apart(json!(input)),
                signature,
                answer: match &exchange.result["error"] {
                    Value::String(error) => error.clone(),
                    _ => "ok".into(),
                },
            });
        }
        Ok(verdicts)
    }

    fn expectation(&self, names: &Names) -> Result<Expectation> {
        let expect = &self.attempt.expect;
        let (interface, function) = self.attempt.call.split_once('.').context("no interface")?;
        let signature = self
            .plugin
            .signature(interface, function)
            .context("no function")?;
        let kind = signature.results.first().context("no result")?;
        let result = if let Some(findings) = &expect.findings {
            let findings: Vec<Value> = findings.iter().map(|text| finding(text)).collect();
            if matches!(kind, Type::List(_)) {
                json!(findings)
            } else {
                json!({ "checks": findings })
            }
        } else if let Some(error) = &expect.error {
            let Type::Result(kind) = kind else {
                bail!("this call has no errors")
            };
            let error = match error {
                Value::String(code) => refusal(code, &kind.err().context("no error")?)?,
                members => open::apart(names.fill_value(members)?),
            };
            json!({ "error": error })
        } else {
            let ok = expect.ok.as_ref().context("no outcome")?;
            let ok = open::apart(names.fill_value(ok)?);
            if matches!(kind, Type::Result(_)) {
                json!({ "ok": ok })
            } else {
                ok
            }
        };
        let authorization = names.fill_value(&Value::Object(expect.authorization.clone()))?;
        Ok(Expectation {
            result,
            authorization: object(open::apart(authorization)),
            storage: match expect.storage {
                case::Stored::Consumed => Stored::Consumed,
                case::Stored::Unchanged => Stored::Unchanged,
                case::Stored::Added => Stored::Added,
            },
        })
    }
}

/// 256 bytes, different for every call of a case.
fn random(number: usize) -> String {
    let chunks = (0..8).flat_map(|chunk| Sha256::digest(format!("flat {number} {chunk}")));
    STANDARD.encode(chunks.collect::<Vec<u8>>())
}

/// `check outcome reason` as a pattern.
fn finding(text: &str) -> Value {
    let mut words = text.split(' ');
    json!({ "check": words.next(), "outcome": words.next(), "reason": words.next() })
}

/// A code such as `provider-misbehaved/keys/not-json` as a pattern of its value.
fn refusal(code: &str, kind: &Type) -> Result<Value> {
    let mut parts = code.split('/');
    let name = parts.next().unwrap_or_default();
    let Type::Variant(variant) = kind else {
        return Ok(json!(name));
    };
    let case = variant.cases().find(|case| case.name == name);
    let payload = match case.with_context(|| format!("no error `{name}`"))?.ty {
        None => return Ok(json!(name)),
        Some(Type::Record(record)) => {
            let mut members = Map::new();
            for field in record
                .fields()
                .filter(|field| matches!(field.ty, Type::Enum(_)))
            {
                members.insert(field.name.into(), json!(parts.next()));
            }
            Value::Object(members)
        }
        Some(Type::Enum(_)) => json!(parts.next()),
        Some(_) => json!({ "$any": true }),
    };
    Ok(Value::Object(Map::from_iter([(name.to_owned(), payload)])))
}
