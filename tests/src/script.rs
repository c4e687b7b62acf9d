//! What an attempt puts into its calls.
//!
//! Pure: a run fills the holes with what the component drew, and the flat form leaves them open.

use anyhow::Result;
use serde_json::{Value, json};

use crate::case::{Attempt, Object, merge};
use crate::connection::{object, settings};
use crate::host::CLIENT_SECRET;
use crate::key;
use crate::template::Names;
use crate::token::{self, Forged};

impl Attempt {
    /// Whether a login must have begun before the call under test.
    #[must_use]
    pub fn comes_back(&self) -> bool {
        ["login.complete", "login.rehearse", "login.locate"].contains(&self.call.as_str())
    }

    /// Whether the call under test may use capabilities.
    #[must_use]
    pub fn has_capabilities(&self) -> bool {
        let pure = ["config.check", "config.describe", "login.locate"];
        let pure_interfaces = ["claims.", "messages."];
        !pure.contains(&self.call.as_str())
            && !pure_interfaces
                .iter()
                .any(|interface| self.call.starts_with(interface))
    }

    /// The settings that `config.check` is given first, with `more` laid over them.
    #[must_use]
    pub fn settings(&self, more: &Object) -> Object {
        let mut given = settings();
        merge(&mut given, &self.input.settings);
        merge(&mut given, more);
        given
    }

    /// `login.login-request`.
    ///
    /// # Errors
    /// When a template names nothing.
    pub fn request(&self, names: &Names) -> Result<Value> {
        names.fill_value(&json!(self.input.request))
    }

    /// The arguments of the call under test; `at_callback` is the connection that a callback comes to.
    ///
    /// # Errors
    /// When a template or a key does not exist.
    pub fn arguments(
        &self,
        connection: Value,
        at_callback: Value,
        names: &Names,
    ) -> Result<Vec<Value>> {
        let own: Vec<Value> = self
            .input
            .arguments
            .iter()
            .map(|argument| names.fill_value(argument))
            .collect::<Result<_>>()?;
        let callback = &self.input.callback;
        let query = || names.fill(&callback.query);
        Ok(match self.call.as_str() {
            "config.check" => {
                let mut given = settings();
                let changes = names.fill_value(&json!(self.input.settings))?;
                merge(&mut given, &object(changes));
                vec![Value::Object(given)]
            }
            "config.probe" => vec![connection],
            "login.begin" => vec![connection, self.request(names)?],
            "login.locate" => vec![json!(query()?)],
            "login.complete" | "login.rehearse" => {
                let binding = callback.browser_binding.as_deref();
                let binding = binding.map(|text| names.fill(text)).transpose()?;
                vec![
                    at_callback,
                    json!({ "query": query()?, "browser-binding": binding }),
                ]
            }
            "claims.validate" => self.claims(connection, own, names)?,
            "logout.begin" => [vec![connection], own].concat(),
            "logout.receive-logout-token" => {
                let forged = self.forge(names)?;
                vec![connection, json!(forged.compact)]
            }
            "logout.receive-revocation" => {
                let mut names = names.clone();
                names.set("token", self.forge(&names)?.compact);
                let mut request = object(json!({
                    "authorization": "Bearer {token}",
                    "body": r#"{"sub_id":{"format":"iss_sub","iss":"{issuer}","sub":"00u1anna"}}"#,
                    "endpoint": "{revocation-endpoint}",
                }));
                // Filled only now: the case's own text may name the token.
                let own = self.input.arguments.first().cloned().map(object);
                merge(&mut request, &own.unwrap_or_default());
                vec![connection, names.fill_value(&Value::Object(request))?]
            }
            _ => own,
        })
    }

    fn claims(&self, connection: Value, own: Vec<Value>, names: &Names) -> Result<Vec<Value>> {
        let mut names = names.clone();
        names.set("nonce", "nonce-1");
        let forged = self.forge(&names)?;
        let mut expectations = object(json!({
            "nonce": "nonce-1",
            "access-token": names.get("access-token"),
            "now": self.clock,
        }));
        let own = own.into_iter().next().map(object).unwrap_or_default();
        merge(&mut expectations, &own);
        let payload = String::from_utf8(forged.payload)?;
        Ok(vec![
            connection,
            json!(forged.header),
            json!(payload),
            json!(expectations),
        ])
    }

    /// The token that this attempt is about: the call's argument, or what the token endpoint answers with.
    ///
    /// # Errors
    /// When a template or a key does not exist.
    pub fn forge(&self, names: &Names) -> Result<Forged> {
        let script = &self.input.token;
        match self.call.as_str() {
            "logout.receive-logout-token" => {
                let claims = token::logout_token_claims();
                token::forge(script, claims, Some("logout+jwt"), names)
            }
            "logout.receive-revocation" => {
                let claims = token::revocation_token_claims();
                token::forge(script, claims, Some("global-token-revocation+jwt"), names)
            }
            _ => token::forge(script, token::id_token_claims(), None, names),
        }
    }
}

/// What the holes of attempt `index` may name before anything has been called.
///
/// # Errors
/// When a key's file is not there.
pub fn names(index: usize, earlier: &Names) -> Result<Names> {
    let mut names = earlier.clone();
    names.set("client-secret", CLIENT_SECRET);
    names.set("code", format!("code-{index}-SplxlOBeZQQYbYS6WxSbIA"));
    names.set("access-token", format!("access-{index}-mF_9.B5f-4.1JqM"));
    names.set(
        "revocation-endpoint",
        "https://app.ledgerline.example/revoke",
    );
    for public in ["rsa-1.spki", "rsa-1.pkcs1"] {
        names.set(format!("{public}.pem"), key::pem(public)?);
    }
    for key in ["rsa-1", "rsa-3"] {
        let jwk = key::jwk(key)?;
        names.set(format!("{key}.n"), jwk["n"].as_str().unwrap_or_default());
    }
    Ok(names)
}

/// Names what templates call by the connection's members.
pub fn name_connection(names: &mut Names, connection: &Object) {
    for name in ["issuer", "client-id", "redirect-uri"] {
        let text = connection.get(name).and_then(Value::as_str);
        names.set(name, text.unwrap_or_default());
    }
}

/// Makes attempt `index` known to the attempts after it, as `0.state` and so on.
pub fn remember(index: usize, names: &Names, earlier: &mut Names) {
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
            earlier.set(format!("{index}.{name}"), text);
        }
    }
}
