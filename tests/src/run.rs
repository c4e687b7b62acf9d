//! Runs cases against the component and says what differs.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use okta_sso_host::record::Recording;
use okta_sso_host::{Component, Pin, Plugin};
use serde_json::{Value, json};
use url::Url;
use wasmtime::component::Val;

use crate::case::{Attempt, Case, CaseFile, HostScript, Object, Stored, merge};
use crate::connection::object;
use crate::expect::difference;
use crate::flat::expectation::authorization;
use crate::host::{Entries, ScriptedHost};
use crate::provider::Provider;
use crate::rig::{Rig, Scripted, Seen};
use crate::script;
use crate::template::Names;
use crate::value::{code, to_json};

/// Where `make plugin` puts the component.
#[must_use]
pub fn component_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm")
}

/// The component under test, over a host without any capability of worth; compiled once in a process.
///
/// # Errors
/// When it was not built yet, and says how.
pub fn plugin() -> Result<Plugin> {
    static COMPILED: Mutex<Option<Plugin>> = Mutex::new(None);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(plugin) = &*compiled {
        return Ok(plugin.clone());
    }
    let path = component_path();
    ensure!(
        path.is_file(),
        "there is no component at {}: run `make plugin` first",
        path.display()
    );
    let plugin = Plugin::builder()
        .component(Component::from_path(&path, Pin::Sidecar)?)
        .capabilities(ScriptedHost::default().capabilities())
        .load()?;
    Ok(compiled.insert(plugin).clone())
}

/// Runs every case of one file; the error tells every one that failed.
///
/// # Errors
/// When a case fails, or the file is none.
pub async fn file(plugin: &Plugin, name: &str) -> Result<usize> {
    let cases = CaseFile::read(name)?;
    let mut failures = Vec::new();
    for case in &cases {
        if let Err(failure) = self::case(plugin, case).await {
            let about = &case.about;
            failures.push(format!(
                "{} (cases/{}.json; {})\n    {}{failure:#}",
                about.id,
                case.file,
                about.spec.as_deref().unwrap_or("no section"),
                about
                    .comment
                    .as_ref()
                    .map(|text| format!("{text}\n    "))
                    .unwrap_or_default(),
            ));
        }
    }
    if failures.is_empty() {
        return Ok(cases.len());
    }
    bail!(
        "{} of {} cases failed\n\n{}\n",
        failures.len(),
        cases.len(),
        failures.join("\n\n")
    )
}

/// Runs one case over a fresh scripted host.
///
/// # Errors
/// When an attempt's outcome is not the expected one.
pub async fn case(plugin: &Plugin, case: &Case) -> Result<()> {
    case_on(&Scripted::new(plugin, &ScriptedHost::default()), case).await
}

/// Runs one case.
///
/// # Errors
/// As [`case`].
pub async fn case_on(rig: &dyn Rig, case: &Case) -> Result<()> {
    let mut earlier = Names::default();
    for (index, attempt) in case.attempts.iter().enumerate() {
        self::attempt(rig, attempt, index, &mut earlier).await?;
    }
    Ok(())
}

/// How the call under test ends, whatever the case expects of it.
///
/// # Errors
/// When a call before it does not end well, or the case makes no sense.
pub async fn outcome(plugin: &Plugin, case: &Case) -> Result<Value> {
    let host = ScriptedHost::default();
    let rig = Scripted::new(plugin, &host);
    let mut earlier = Names::default();
    let mut outcome = Value::Null;
    for (index, attempt) in case.attempts.iter().enumerate() {
        let run = Run {
            rig: &rig,
            attempt,
            index,
        };
        outcome = to_json(&run.act(&mut earlier).await?.got);
    }
    Ok(outcome)
}

/// Every call of a case as it went.
///
/// # Errors
/// When the case fails.
pub async fn recorded(plugin: &Plugin, case: &Case) -> Result<Vec<Recording>> {
    let host = ScriptedHost::default();
    case_on(&Scripted::recorded(plugin, &host), case)
        .await
        .with_context(|| case.about.id.clone())?;
    let journal = std::mem::take(&mut host.world().journal);
    Ok(journal)
}

/// Runs one attempt of a case, after those that `earlier` knows.
///
/// # Errors
/// When its outcome is not the expected one.
pub async fn attempt(
    rig: &dyn Rig,
    attempt: &Attempt,
    index: usize,
    earlier: &mut Names,
) -> Result<()> {
    let run = Run {
        rig,
        attempt,
        index,
    };
    run.run(earlier)
        .await
        .with_context(|| format!("attempt {index}"))
}

/// One attempt of a case, with what it runs on.
struct Run<'a> {
    rig: &'a dyn Rig,
    attempt: &'a Attempt,
    index: usize,
}

/// What the call under test was given and gave back, and what there was before.
struct Acted {
    scope: Option<Object>,
    arguments: Vec<Value>,
    got: Val,
    names: Names,
    /// The storage before the attempt, and before the call; none where it cannot be seen.
    before: Option<Entries>,
    begun: Option<Entries>,
}

impl Run<'_> {
    async fn run(&self, earlier: &mut Names) -> Result<()> {
        let acted = self.act(earlier).await?;
        let seen = self.rig.seen();
        self.judge(&acted.got, &acted.names, &seen)?;
        match acted.before.zip(acted.begun).zip(seen.entries) {
            Some(((before, begun), after)) => self.stored(&before, &begun, &after),
            None => self.taken(acted.scope.as_ref(), &acted.arguments).await,
        }
    }

    /// Makes the calls before the one under test, and that one.
    async fn act(&self, earlier: &mut Names) -> Result<Acted> {
        let attempt = self.attempt;
        let mut names = script::names(self.index, earlier)?;
        let mut connection = Object::new();
        let mut at_callback = Object::new();
        if attempt.call != "config.check" {
            connection = self.checked(&Object::new()).await?;
            merge(&mut connection, &attempt.input.connection);
            script::name_connection(&mut names, &connection);
            at_callback.clone_from(&connection);
            if !attempt.input.settings_at_callback.is_empty() {
                at_callback = self.checked(&attempt.input.settings_at_callback).await?;
            }
            merge(&mut at_callback, &attempt.input.connection_at_callback);
        }
        let before = self.rig.seen().entries;
        if attempt.comes_back() {
            self.begin(&connection, &mut names).await?;
        }
        let begun = self.rig.seen().entries;
        self.provide(&names, attempt.clock, attempt.host).await?;
        let arguments = attempt.arguments(
            Value::Object(connection.clone()),
            Value::Object(at_callback.clone()),
            &names,
        )?;
        let scope = if attempt.comes_back() {
            &at_callback
        } else {
            &connection
        };
        let scope = attempt.has_capabilities().then_some(scope);
        let got = self.rig.call(&attempt.call, scope, &arguments).await?;
        let good = to_json(&got)["ok"].clone();
        match attempt.call.as_str() {
            "login.begin" if !good.is_null() => self.redirected(&good, &mut names)?,
            "login.complete" if !good.is_null() => {
                names.set(
                    "logout-hint",
                    good["logout-hint"].as_str().unwrap_or_default(),
                );
            }
            _ => {}
        }
        script::remember(self.index, &names, earlier);
        Ok(Acted {
            scope: scope.cloned(),
            arguments,
            got,
            names,
            before,
            begun,
        })
    }

    /// What `config.check` makes of the case's settings and `more`.
    async fn checked(&self, more: &Object) -> Result<Object> {
        let given = Value::Object(self.attempt.settings(more));
        let checked = to_json(&self.rig.call("config.check", None, &[given]).await?);
        let connection = object(checked["ok"]["connection"].clone());
        ensure!(
            !connection.is_empty(),
            "the case's settings are refused: {checked}"
        );
        Ok(connection)
    }

    /// Starts the attempt; none of its faults are on yet but those of the provider.
    async fn begin(&self, connection: &Object, names: &mut Names) -> Result<()> {
        self.provide(names, self.attempt.begun, HostScript::default())
            .await?;
        let arguments = [
            Value::Object(connection.clone()),
            self.attempt.request(names)?,
        ];
        let got = self
            .rig
            .call("login.begin", Some(connection), &arguments)
            .await?;
        let got = to_json(&got);
        ensure!(got["ok"].is_object(), "the attempt cannot begin: {got}");
        self.redirected(&got["ok"], names)
    }

    /// Learns what the browser carries, from the redirect or from the pushed request.
    fn redirected(&self, redirect: &Value, names: &mut Names) -> Result<()> {
        let url = redirect["url"].as_str().context("no url")?;
        let mut query: std::collections::BTreeMap<String, String> =
            Url::parse(url)?.query_pairs().into_owned().collect();
        let seen = self.rig.seen();
        let pushed = seen
            .requests
            .iter()
            .rfind(|request| request.endpoint == "pushed-authorization");
        if let Some(pushed) = pushed.filter(|_| query.contains_key("request_uri")) {
            query.extend(pushed.form());
        }
        for (name, parameter) in [
            ("state", "state"),
            ("nonce", "nonce"),
            ("code-challenge", "code_challenge"),
        ] {
            names.set(
                name,
                query
                    .get(parameter)
                    .with_context(|| format!("no {parameter}"))?,
            );
        }
        for name in ["handle", "browser-binding"] {
            names.set(
                name,
                redirect[name]
                    .as_str()
                    .with_context(|| format!("no {name}"))?,
            );
        }
        Ok(())
    }

    /// Puts up the provider and the host's faults for the next call.
    async fn provide(&self, names: &Names, now: u64, script: HostScript) -> Result<()> {
        let attempt = self.attempt;
        let provider = Provider::new(
            names.clone(),
            attempt.http.clone(),
            attempt.input.token.clone(),
        );
        self.rig.set(provider, now, script).await
    }

    /// Compares everything that the call did with what the case expects.
    fn judge(&self, got: &Val, names: &Names, seen: &Seen) -> Result<()> {
        let attempt = self.attempt;
        let expect = &attempt.expect;
        let mut problems = Vec::new();
        if let Some(problem) = self.outcome(got, names)? {
            problems.push(problem);
        }
        problems.extend(seen.violations.clone());
        let calls: Vec<&str> = seen
            .requests
            .iter()
            .map(|request| request.endpoint.as_str())
            .collect();
        if calls != expect.calls {
            problems.push(format!("calls: expected {:?}, got {calls:?}", expect.calls));
        }
        for (endpoint, sent) in &expect.sent {
            let request = seen
                .requests
                .iter()
                .find(|request| request.endpoint == *endpoint);
            let Some(request) = request else {
                problems.push(format!("nothing was sent to {endpoint}"));
                continue;
            };
            let mut form = json!(request.form());
            form["url"] = json!(request.url);
            let sent = names.fill_value(&Value::Object(sent.clone()))?;
            problems
                .extend(difference(&sent, &form).map(|text| format!("sent to {endpoint}: {text}")));
        }
        problems.extend(leaks(&seen.log, names, "the log"));
        if problems.is_empty() {
            Ok(())
        } else {
            bail!("{}", problems.join("\n    "))
        }
    }

    /// Compares what the storage holds with what it held before the attempt and before the call under test.
    fn stored(&self, before: &Entries, begun: &Entries, after: &Entries) -> Result<()> {
        let expected = self.attempt.expect.storage;
        let new = after.keys().filter(|key| !begun.contains_key(*key)).count();
        let kept = begun
            .iter()
            .all(|(key, value)| after.get(key) == Some(value));
        let right = match expected {
            Stored::Consumed => after == before,
            Stored::Unchanged => after == begun,
            Stored::Added => kept && new == 1,
        };
        ensure!(
            right,
            "storage: expected {expected:?}, got {} entries of {} before, {new} new",
            after.len(),
            begun.len()
        );
        Ok(())
    }

    /// Where the storage cannot be looked into: a transaction that was taken is not found by the same callback again.
    async fn taken(&self, connection: Option<&Object>, arguments: &[Value]) -> Result<()> {
        let consumed = self.attempt.expect.storage == Stored::Consumed;
        if !(consumed && self.attempt.call == "login.complete") {
            return Ok(());
        }
        let asked = self.rig.seen().requests.len();
        let again = self.rig.call("login.complete", connection, arguments);
        let again = to_json(&again.await?);
        ensure!(
            again == json!({ "error": "transaction-not-found" }),
            "the same callback again: expected the error transaction-not-found, got {again}"
        );
        ensure!(
            self.rig.seen().requests.len() == asked,
            "the same callback again: expected no request"
        );
        Ok(())
    }

    fn outcome(&self, got: &Val, names: &Names) -> Result<Option<String>> {
        let expect = &self.attempt.expect;
        let json = to_json(got);
        let result = matches!(got, Val::Result(_));
        if let Some(expected) = &expect.findings {
            let findings = if json.is_array() {
                &json
            } else {
                &json["checks"]
            };
            let got: Vec<String> = findings
                .as_array()
                .into_iter()
                .flatten()
                .map(finding)
                .collect();
            return Ok((got != *expected)
                .then(|| format!("findings: expected\n{expected:#?}\n    got\n{got:#?}")));
        }
        if let Some(expected) = &expect.error {
            let Val::Result(Err(Some(refusal))) = got else {
                return Ok(Some(format!("expected the error {expected}, got {json}")));
            };
            let mut problems: Vec<String> = leaks(&json.to_string(), names, "the error");
            if let Some(expected) = expected.as_str() {
                let got = code(refusal);
                if got != expected {
                    problems.push(format!("expected the error {expected}, got {json}"));
                }
            } else {
                let expected = names.fill_value(expected)?;
                problems.extend(difference(&expected, &json["error"]));
            }
            return Ok((!problems.is_empty()).then(|| problems.join("\n    ")));
        }
        let expected = expect.ok.as_ref().context("the case expects no outcome")?;
        let good = if result { json.get("ok") } else { Some(&json) };
        let Some(good) = good else {
            return Ok(Some(format!("expected {expected}, got {json}")));
        };
        let mut problem = difference(&names.fill_value(expected)?, good);
        if problem.is_none() && !expect.authorization.is_empty() {
            let expected = names.fill_value(&Value::Object(expect.authorization.clone()))?;
            problem = difference(&expected, &json!(authorization(&good["url"])?));
        }
        Ok(problem)
    }
}

/// Every secret of the attempt that `text` holds.
fn leaks(text: &str, names: &Names, place: &str) -> Vec<String> {
    [
        "code",
        "access-token",
        "browser-binding",
        "client-secret",
        "nonce",
        "state",
        "logout-hint",
    ]
    .into_iter()
    .filter(|name| names.get(name).is_some_and(|secret| text.contains(secret)))
    .map(|name| format!("{place} holds the {name}"))
    .collect()
}

fn finding(finding: &Value) -> String {
    ["check", "outcome", "reason"]
        .iter()
        .filter_map(|name| finding[*name].as_str())
        .collect::<Vec<_>>()
        .join(" ")
}
