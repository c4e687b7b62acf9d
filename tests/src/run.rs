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
use crate::connection::{object, scope};
use crate::expect::difference;
use crate::host::{Entries, ScriptedHost};
use crate::provider::Provider;
use crate::script;
use crate::template::Names;
use crate::value::{code, to_json, to_val};

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

/// Runs one case over a fresh host.
///
/// # Errors
/// When an attempt's outcome is not the expected one.
pub async fn case(plugin: &Plugin, case: &Case) -> Result<()> {
    case_on(&ScriptedHost::default(), plugin, case).await
}

/// Runs one case over this host, which nothing else has used.
///
/// # Errors
/// As [`case`].
pub async fn case_on(host: &ScriptedHost, plugin: &Plugin, case: &Case) -> Result<()> {
    let plugin = plugin.with_capabilities(host.capabilities());
    let mut earlier = Names::default();
    for (index, attempt) in case.attempts.iter().enumerate() {
        self::attempt(&plugin, host, attempt, index, &mut earlier).await?;
    }
    Ok(())
}

/// Every call of a case as it went.
///
/// # Errors
/// When the case fails.
pub async fn recorded(plugin: &Plugin, case: &Case) -> Result<Vec<Recording>> {
    let host = ScriptedHost::default();
    let plugin = plugin.with_capabilities(host.recorded_capabilities());
    let mut earlier = Names::default();
    for (index, attempt) in case.attempts.iter().enumerate() {
        self::attempt(&plugin, &host, attempt, index, &mut earlier)
            .await
            .with_context(|| case.about.id.clone())?;
    }
    let journal = std::mem::take(&mut host.world().journal);
    Ok(journal)
}

/// Runs one attempt of a case, after those that `earlier` knows.
///
/// # Errors
/// When its outcome is not the expected one.
pub async fn attempt(
    plugin: &Plugin,
    host: &ScriptedHost,
    attempt: &Attempt,
    index: usize,
    earlier: &mut Names,
) -> Result<()> {
    let run = Run {
        plugin,
        host,
        attempt,
        index,
    };
    run.run(earlier)
        .await
        .with_context(|| format!("attempt {index}"))
}

/// One attempt of a case, with what it runs on.
struct Run<'a> {
    plugin: &'a Plugin,
    host: &'a ScriptedHost,
    attempt: &'a Attempt,
    index: usize,
}

impl Run<'_> {
    async fn run(&self, earlier: &mut Names) -> Result<()> {
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
        let before = self.host.world().entries.clone();
        if attempt.comes_back() {
            self.begin(&connection, &mut names).await?;
        }
        let begun = self.host.world().entries.clone();
        self.provide(&names, attempt.clock, attempt.host);
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
        let got = self.call(&attempt.call, scope, arguments).await?;
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
        self.judge(&got, &names, &before, &begun)?;
        script::remember(self.index, &names, earlier);
        Ok(())
    }

    /// What `config.check` makes of the case's settings and `more`.
    async fn checked(&self, more: &Object) -> Result<Object> {
        let given = Value::Object(self.attempt.settings(more));
        let checked = to_json(&self.call("config.check", None, vec![given]).await?);
        let connection = object(checked["ok"]["connection"].clone());
        ensure!(
            !connection.is_empty(),
            "the case's settings are refused: {checked}"
        );
        Ok(connection)
    }

    /// Starts the attempt; none of its faults are on yet but those of the provider.
    async fn begin(&self, connection: &Object, names: &mut Names) -> Result<()> {
        self.provide(names, self.attempt.begun, HostScript::default());
        let arguments = vec![
            Value::Object(connection.clone()),
            self.attempt.request(names)?,
        ];
        let got = to_json(
            &self
                .call("login.begin", Some(connection), arguments)
                .await?,
        );
        ensure!(got["ok"].is_object(), "the attempt cannot begin: {got}");
        self.redirected(&got["ok"], names)
    }

    /// Learns what the browser carries, from the redirect or from the pushed request.
    fn redirected(&self, redirect: &Value, names: &mut Names) -> Result<()> {
        let url = redirect["url"].as_str().context("no url")?;
        let mut query: std::collections::BTreeMap<String, String> =
            Url::parse(url)?.query_pairs().into_owned().collect();
        let world = self.host.world();
        let pushed = world
            .provider
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

    /// Puts up the provider and the host's faults for the next call; forgets earlier requests and log lines.
    fn provide(&self, names: &Names, now: u64, script: HostScript) {
        let mut world = self.host.world();
        let attempt = self.attempt;
        world.provider = Provider::new(
            names.clone(),
            attempt.http.clone(),
            attempt.input.token.clone(),
        );
        world.now = now;
        world.script = script;
        world.log.clear();
    }

    async fn call(
        &self,
        name: &str,
        connection: Option<&Object>,
        arguments: Vec<Value>,
    ) -> Result<Val> {
        let (interface, function) = name
            .split_once('.')
            .context("a call is interface.function")?;
        let signature = self
            .plugin
            .signature(interface, function)
            .with_context(|| format!("the component exports no {name}"))?;
        ensure!(
            signature.params.len() == arguments.len(),
            "{name}: number of arguments"
        );
        let arguments =
            signature
                .params
                .iter()
                .zip(&arguments)
                .map(|((parameter, kind), value)| {
                    to_val(value, kind).with_context(|| format!("{name}: {parameter}"))
                });
        let arguments: Vec<Val> = arguments.collect::<Result<_>>()?;
        let scope = connection.map(scope).transpose()?;
        let results = self
            .plugin
            .call(interface, function, scope.as_ref(), &arguments)
            .await;
        let mut results = results.map_err(|fault| anyhow::anyhow!("{name}: {fault}"))?;
        let result = results
            .pop()
            .with_context(|| format!("{name} gives nothing back"))?;
        if connection.is_none() {
            // A call without capabilities is nobody's, so the host does not record it.
            self.host.world().journal.push(Recording {
                component: self.plugin.sha256().to_owned(),
                connection: String::new(),
                call: name.to_owned(),
                arguments: arguments.iter().map(to_json).collect(),
                trace: Vec::new(),
                outcome: to_json(&result),
            });
        }
        Ok(result)
    }

    /// Compares everything that the call did with what the case expects.
    fn judge(&self, got: &Val, names: &Names, before: &Entries, begun: &Entries) -> Result<()> {
        let attempt = self.attempt;
        let expect = &attempt.expect;
        let mut problems = Vec::new();
        if let Some(problem) = self.outcome(got, names)? {
            problems.push(problem);
        }
        let world = self.host.world();
        problems.extend(world.provider.violations.clone());
        let calls: Vec<&str> = world
            .provider
            .requests
            .iter()
            .map(|request| request.endpoint.as_str())
            .collect();
        if calls != expect.calls {
            problems.push(format!("calls: expected {:?}, got {calls:?}", expect.calls));
        }
        for (endpoint, sent) in &expect.sent {
            let request = world
                .provider
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
        let after = &world.entries;
        let new = after.keys().filter(|key| !begun.contains_key(*key)).count();
        let kept = begun
            .iter()
            .all(|(key, value)| after.get(key) == Some(value));
        let stored = match expect.storage {
            Stored::Consumed => after == before,
            Stored::Unchanged => after == begun,
            Stored::Added => kept && new == 1,
        };
        if !stored {
            problems.push(format!(
                "storage: expected {:?}, got {} entries of {} before, {new} new",
                expect.storage,
                after.len(),
                begun.len()
            ));
        }
        problems.extend(leaks(&world.log.join("\n"), names, "the log"));
        if problems.is_empty() {
            Ok(())
        } else {
            bail!("{}", problems.join("\n    "))
        }
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
            let url = Url::parse(good["url"].as_str().unwrap_or_default())?;
            let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
            let expected = names.fill_value(&Value::Object(expect.authorization.clone()))?;
            problem = difference(&expected, &json!(query));
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
