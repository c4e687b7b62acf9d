//! Runs cases against the component and says what differs.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use okta_sso_host::{Component, Pin, Plugin};
use serde_json::{Value, json};
use url::Url;
use wasmtime::component::Val;

use crate::case::{Attempt, Case, CaseFile, HostScript, Object, Stored, merge};
use crate::connection::{object, scope, settings};
use crate::expect::difference;
use crate::host::{CLIENT_SECRET, Entries, ScriptedHost};
use crate::provider::Provider;
use crate::template::Names;
use crate::token;
use crate::value::{code, to_json, to_val};

/// Where `make plugin` puts the component.
#[must_use]
pub fn component_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm")
}

/// Compiles the component under test over a host without any capability of worth.
///
/// # Errors
/// When it was not built yet, and says how.
pub fn plugin() -> Result<Plugin> {
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
    Ok(plugin)
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
    let host = ScriptedHost::default();
    let plugin = plugin.with_capabilities(host.capabilities());
    let mut earlier = Names::default();
    for (index, attempt) in case.attempts.iter().enumerate() {
        let run = Run {
            plugin: &plugin,
            host: &host,
            attempt,
            index,
        };
        run.run(&mut earlier)
            .await
            .with_context(|| format!("attempt {index}"))?;
    }
    Ok(())
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
        let mut names = earlier.clone();
        names.set("client-secret", CLIENT_SECRET);
        names.set(
            "code",
            format!("code-{}-SplxlOBeZQQYbYS6WxSbIA", self.index),
        );
        names.set(
            "access-token",
            format!("access-{}-mF_9.B5f-4.1JqM", self.index),
        );
        names.set(
            "revocation-endpoint",
            "https://app.ledgerline.example/revoke",
        );
        for key in ["rsa-1", "rsa-2"] {
            names.set(format!("{key}.pem"), crate::key::pem(key)?);
            names.set(
                format!("{key}.n"),
                crate::key::jwk(key)?["n"].as_str().unwrap_or_default(),
            );
        }

        if attempt.call == "config.check" {
            let mut given = settings();
            merge(
                &mut given,
                &object(names.fill_value(&json!(attempt.input.settings))?),
            );
            self.provide(&names, attempt.clock, attempt.host);
            let before = self.host.world().entries.clone();
            let got = self
                .call("config.check", None, vec![Value::Object(given)])
                .await?;
            return self.judge(&got, &names, &before, &before);
        }

        let connection = self.connection(&mut names).await?;
        let mut at_callback = connection.clone();
        if !attempt.input.settings_at_callback.is_empty() {
            at_callback = self.checked(&attempt.input.settings_at_callback).await?;
        }
        merge(&mut at_callback, &attempt.input.connection_at_callback);
        let before = self.host.world().entries.clone();
        let login = ["login.complete", "login.rehearse", "login.locate"];
        let got = if attempt.call == "login.begin" {
            self.provide(&names, attempt.clock, attempt.host);
            let arguments = vec![Value::Object(connection.clone()), self.request(&names)?];
            let got = self
                .call("login.begin", Some(&connection), arguments)
                .await?;
            if let Val::Result(Ok(Some(redirect))) = &got {
                self.redirected(&to_json(redirect), &mut names)?;
            }
            got
        } else if login.contains(&attempt.call.as_str()) {
            self.begin(&connection, &mut names).await?;
            let after_begin = self.host.world().entries.clone();
            self.provide(&names, attempt.clock, attempt.host);
            let callback = &attempt.input.callback;
            let query = Value::String(names.fill(&callback.query)?);
            let got = if attempt.call == "login.locate" {
                self.call("login.locate", None, vec![query]).await?
            } else {
                let binding = callback.browser_binding.as_deref();
                let binding = binding.map(|text| names.fill(text)).transpose()?;
                let callback = json!({ "query": query, "browser-binding": binding });
                let arguments = vec![Value::Object(at_callback.clone()), callback];
                self.call(&attempt.call, Some(&at_callback), arguments)
                    .await?
            };
            if let Val::Result(Ok(Some(signed_in))) = &got
                && let Some(hint) = to_json(signed_in)["logout-hint"].as_str()
            {
                names.set("logout-hint", hint);
            }
            self.judge(&got, &names, &before, &after_begin)?;
            self.remember(&names, earlier);
            return Ok(());
        } else {
            self.provide(&names, attempt.clock, attempt.host);
            let arguments = self.arguments(&connection, &names)?;
            let capable = !attempt.call.starts_with("messages.")
                && !attempt.call.starts_with("claims.")
                && attempt.call != "config.describe";
            self.call(&attempt.call, capable.then_some(&connection), arguments)
                .await?
        };
        self.judge(&got, &names, &before, &before)?;
        self.remember(&names, earlier);
        Ok(())
    }

    /// The checked connection of the case's settings, then changed by hand as the case says.
    async fn connection(&self, names: &mut Names) -> Result<Object> {
        let mut connection = self.checked(&Object::new()).await?;
        merge(&mut connection, &self.attempt.input.connection);
        for name in ["issuer", "client-id", "redirect-uri"] {
            let text = connection
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default();
            names.set(name, text);
        }
        Ok(connection)
    }

    /// What `config.check` makes of the case's settings and `more`.
    async fn checked(&self, more: &Object) -> Result<Object> {
        let mut given = settings();
        merge(&mut given, &self.attempt.input.settings);
        merge(&mut given, more);
        let got = self
            .call("config.check", None, vec![Value::Object(given)])
            .await?;
        let checked = to_json(&got);
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
        let arguments = vec![Value::Object(connection.clone()), self.request(names)?];
        let got = to_json(
            &self
                .call("login.begin", Some(connection), arguments)
                .await?,
        );
        ensure!(got["ok"].is_object(), "the attempt cannot begin: {got}");
        self.redirected(&got["ok"], names)
    }

    fn request(&self, names: &Names) -> Result<Value> {
        names.fill_value(&json!(self.attempt.input.request))
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

    fn arguments(&self, connection: &Object, names: &Names) -> Result<Vec<Value>> {
        let attempt = self.attempt;
        let own = attempt
            .input
            .arguments
            .iter()
            .map(|argument| names.fill_value(argument));
        let own: Vec<Value> = own.collect::<Result<_>>()?;
        let connection = Value::Object(connection.clone());
        let token = &attempt.input.token;
        Ok(match attempt.call.as_str() {
            "config.probe" => vec![connection],
            "logout.begin" => [vec![connection], own].concat(),
            "claims.validate" => {
                let mut names = names.clone();
                names.set("nonce", "nonce-1");
                let forged = token::forge(token, token::id_token_claims(), None, &names)?;
                let mut expectations = object(json!({
                    "nonce": "nonce-1",
                    "access-token": names.get("access-token"),
                    "now": attempt.clock,
                }));
                merge(
                    &mut expectations,
                    &own.first().cloned().map(object).unwrap_or_default(),
                );
                let payload = String::from_utf8(forged.payload)?;
                vec![
                    connection,
                    json!(forged.header),
                    json!(payload),
                    json!(expectations),
                ]
            }
            "logout.receive-logout-token" => {
                let claims = token::logout_token_claims();
                let forged = token::forge(token, claims, Some("logout+jwt"), names)?;
                vec![connection, json!(forged.compact)]
            }
            "logout.receive-revocation" => {
                let claims = token::revocation_token_claims();
                let typ = "global-token-revocation+jwt";
                let forged = token::forge(token, claims, Some(typ), names)?;
                let mut names = names.clone();
                names.set("token", forged.compact);
                let mut request = object(json!({
                    "authorization": "Bearer {token}",
                    "body": r#"{"sub_id":{"format":"iss_sub","iss":"{issuer}","sub":"00u1anna"}}"#,
                    "endpoint": "{revocation-endpoint}",
                }));
                let own = attempt
                    .input
                    .arguments
                    .first()
                    .cloned()
                    .map(object)
                    .unwrap_or_default();
                merge(&mut request, &own);
                vec![connection, names.fill_value(&Value::Object(request))?]
            }
            _ => own,
        })
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
        results
            .pop()
            .with_context(|| format!("{name} gives nothing back"))
    }

    fn remember(&self, names: &Names, earlier: &mut Names) {
        for name in [
            "state",
            "nonce",
            "code",
            "access-token",
            "handle",
            "browser-binding",
            "logout-hint",
        ] {
            if let Some(text) = names.get(name) {
                earlier.set(format!("{}.{name}", self.index), text);
            }
        }
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
