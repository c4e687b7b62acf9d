//! The identity provider as a script: its usual answers, what a case changes in them, and what it saw.

pub mod server;

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::case::{Answer, Answers, KeyScript, Object, Patch, TokenScript};
use crate::connection::object;
use crate::host::CLIENT_SECRET;
use crate::key;
use crate::template::Names;
use crate::token;

/// A request as the HTTP capability saw it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The contract's name of the endpoint.
    pub endpoint: String,
    /// `get` or `post`.
    pub method: String,
    /// Absolute.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As sent.
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(header, _)| header == name);
        header.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    /// The body as a form.
    #[must_use]
    pub fn form(&self) -> BTreeMap<String, String> {
        url::form_urlencoded::parse(&self.body)
            .into_owned()
            .collect()
    }
}

/// An answer for the HTTP capability to give.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As received.
    pub body: Vec<u8>,
}

/// What the provider does during one attempt.
#[derive(Debug, Default)]
pub struct Provider {
    /// What templates may name.
    pub names: Names,
    /// Every request, in order.
    pub requests: Vec<Request>,
    /// What a real provider would have refused.
    pub violations: Vec<String>,
    script: BTreeMap<String, Answers>,
    token: TokenScript,
    asked: BTreeMap<String, usize>,
}

impl Provider {
    /// The provider of an attempt.
    #[must_use]
    pub fn new(names: Names, script: BTreeMap<String, Answers>, token: TokenScript) -> Self {
        Self {
            names,
            script,
            token,
            ..Self::default()
        }
    }

    /// Answers one request, or gives the HTTP capability's own error by its name in the contract.
    pub fn answer(&mut self, request: Request) -> Result<Response, String> {
        if let Err(violation) = self.examine(&request) {
            self.violations
                .push(format!("{}: {violation:#}", request.endpoint));
        }
        let endpoint = request.endpoint.clone();
        self.requests.push(request);
        let count = self.asked.entry(endpoint.clone()).or_default();
        let answer = match self.script.get(&endpoint) {
            Some(Answers::One(answer)) => (**answer).clone(),
            Some(Answers::InOrder(answers)) => answers
                .get(*count)
                .or_else(|| answers.last())
                .cloned()
                .unwrap_or_default(),
            None => Answer::default(),
        };
        *count += 1;
        if let Some(error) = answer.error {
            return Err(error);
        }
        self.response(&endpoint, &answer).map_err(|error| {
            self.violations
                .push(format!("{endpoint}: no answer could be made: {error:#}"));
            "unreachable".into()
        })
    }

    /// What an endpoint answers when nothing is wrong.
    pub fn usual(&self, endpoint: &str) -> Result<Response, String> {
        let usual = self.response(endpoint, &Answer::default());
        usual.map_err(|_| "unreachable".into())
    }

    fn response(&self, endpoint: &str, answer: &Answer) -> Result<Response> {
        let mut headers: BTreeMap<String, Option<String>> =
            BTreeMap::from([("content-type".into(), Some("application/json".into()))]);
        headers.extend(answer.headers.clone());
        let mut names = self.names.clone();
        let default = match endpoint {
            "metadata" => metadata(),
            "keys" => Object::new(),
            "token" => {
                let id_token =
                    token::forge(&self.token, token::id_token_claims(), None, &self.names)?;
                names.set("id-token", id_token.compact);
                token_answer()
            }
            "user-info" => user_info(),
            "pushed-authorization" => pushed_authorization(),
            other => anyhow::bail!("the provider has no endpoint `{other}`"),
        };
        let body = if endpoint == "keys" && answer.json.raw.is_none() {
            let patch = &answer.json;
            ensure!(
                patch.set.is_empty() && patch.remove.is_empty() && patch.append.is_none(),
                "a key set is changed by `keys`, or whole by `raw`"
            );
            let keys = answer.keys.clone().unwrap_or_else(usual_keys);
            key_set(&keys)?
        } else {
            token::patched(default, &answer.json, &names)?
        };
        let success = if endpoint == "pushed-authorization" {
            201
        } else {
            200
        };
        Ok(Response {
            status: answer.status.unwrap_or(success),
            headers: headers
                .into_iter()
                .filter_map(|(name, value)| Some((name, value?)))
                .collect(),
            body,
        })
    }

    /// What holds of every request of every case.
    fn examine(&self, request: &Request) -> Result<()> {
        let name = |name: &str| self.names.get(name).unwrap_or_default().to_owned();
        let authorization = request.header("authorization");
        let get = ["metadata", "keys", "user-info"].contains(&request.endpoint.as_str());
        ensure!(
            request.method == if get { "get" } else { "post" },
            "method {}",
            request.method
        );
        match request.endpoint.as_str() {
            "metadata" => {
                let issuer = name("issuer");
                let well_known = "/.well-known/openid-configuration";
                ensure!(
                    request.url == format!("{issuer}{well_known}"),
                    "{}",
                    request.url
                );
                ensure!(authorization.is_empty(), "authorization");
            }
            "keys" => ensure!(authorization.is_empty(), "authorization"),
            "user-info" => {
                let bearer = format!("Bearer {}", name("access-token"));
                ensure!(authorization == bearer, "another access token");
            }
            "token" => {
                let mut form = self.authenticated(request)?;
                let verifier = form.remove("code_verifier").context("no code_verifier")?;
                let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
                ensure!(
                    challenge == name("code-challenge"),
                    "code_verifier of another challenge"
                );
                ensure!(verifier.len() >= 43, "a short code_verifier");
                ensure!(form.remove("code") == Some(name("code")), "another code");
                let grant = form.remove("grant_type");
                ensure!(
                    grant.as_deref() == Some("authorization_code"),
                    "grant_type {grant:?}"
                );
                let redirect = form.remove("redirect_uri");
                ensure!(
                    redirect == Some(name("redirect-uri")),
                    "redirect_uri {redirect:?}"
                );
                ensure!(form.is_empty(), "more in the form: {:?}", form.keys());
            }
            _ => {
                self.authenticated(request)?;
            }
        }
        Ok(())
    }

    /// The form of a request that carries the client's credential once, and without it.
    fn authenticated(&self, request: &Request) -> Result<BTreeMap<String, String>> {
        let mut form = request.form();
        let client_id = self.names.get("client-id").unwrap_or_default();
        // RFC 6749 section 2.3.1: both parts are form-urlencoded before they are joined.
        let encoded = |text: &str| -> String {
            url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
        };
        let basic = STANDARD.encode(format!("{}:{}", encoded(client_id), encoded(CLIENT_SECRET)));
        match form.remove("client_secret") {
            Some(secret) => {
                ensure!(secret == CLIENT_SECRET, "another client_secret");
                ensure!(
                    form.remove("client_id").as_deref() == Some(client_id),
                    "client_id"
                );
                ensure!(
                    request.header("authorization").is_empty(),
                    "two credentials"
                );
            }
            None => ensure!(
                request.header("authorization") == format!("Basic {basic}"),
                "not the client's credential"
            ),
        }
        Ok(form)
    }
}

/// Metadata as an Okta org publishes it (without pushed authorization requests). Templates.
fn metadata() -> Object {
    object(json!({
        "issuer": "{issuer}",
        "authorization_endpoint": "{issuer}/oauth2/v1/authorize",
        "token_endpoint": "{issuer}/oauth2/v1/token",
        "userinfo_endpoint": "{issuer}/oauth2/v1/userinfo",
        "registration_endpoint": "{issuer}/oauth2/v1/clients",
        "jwks_uri": "{issuer}/oauth2/v1/keys",
        "end_session_endpoint": "{issuer}/oauth2/v1/logout",
        "response_types_supported": ["code", "id_token", "code id_token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone", "offline_access"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "claims_supported": ["iss", "sub", "aud", "iat", "exp", "nonce", "name", "email"],
        "code_challenge_methods_supported": ["S256"],
    }))
}

fn token_answer() -> Object {
    object(json!({
        "token_type": "Bearer",
        "expires_in": 3600,
        "access_token": "{access-token}",
        "scope": "openid profile email",
        "id_token": "{id-token}",
    }))
}

fn user_info() -> Object {
    object(json!({
        "sub": "00u1anna",
        "name": "Anna Berg",
        "preferred_username": "anna@acme.com",
        "email": "anna@acme.com",
        "email_verified": true,
    }))
}

fn pushed_authorization() -> Object {
    object(json!({ "request_uri": "urn:okta:request:1", "expires_in": 60 }))
}

fn usual_keys() -> Vec<KeyScript> {
    let key = |name: &str| KeyScript {
        key: Some(name.into()),
        set: Object::new(),
        remove: Vec::new(),
        append: None,
    };
    vec![key("rsa-1"), key("rsa-2")]
}

fn key_set(keys: &[KeyScript]) -> Result<Vec<u8>> {
    let mut texts = Vec::new();
    for script in keys {
        let jwk = script
            .key
            .as_deref()
            .map(key::jwk)
            .transpose()?
            .unwrap_or_default();
        let mut names = Names::default();
        for (name, value) in &jwk {
            names.set(name, value.as_str().unwrap_or_default());
        }
        let patch = Patch {
            set: script.set.clone(),
            remove: script.remove.clone(),
            append: script.append.clone(),
            raw: None,
        };
        texts.push(String::from_utf8(token::patched(jwk, &patch, &names)?)?);
    }
    Ok(format!(r#"{{"keys":[{}]}}"#, texts.join(",")).into_bytes())
}
