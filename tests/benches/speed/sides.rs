//! Ways to sign people in without a network, and the provider that they share.

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_sso_conformance::run::component_path;
use okta_sso_conformance::{key, token};
use okta_sso_host::contract::{
    Algorithm, Callback, ClientAuth, Connection, EmailRule, Endpoint, LoginRequest, Network,
    Policy, PushedAuthorization, Redirect, Settings,
};
use okta_sso_host::{
    Capabilities, Component, CredentialError, Credentials, Http, HttpError, HttpRequest,
    HttpResponse, MemoryStorage, Pin, Plugin, Scope, Secret,
};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreJsonWebKeySet, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, CsrfToken, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge,
    Scope as OAuthScope, TokenResponse as _,
};
use serde_json::{Value, json};
use url::Url;

use crate::native::{self, CLIENT_ID, Client};

const ISSUER: &str = "https://acme.okta.com";

/// One way to sign people in.
pub(crate) trait Side {
    /// What is known when the browser is sent away.
    type Begun;
    /// What it comes back with.
    type Returned;

    async fn begin(&mut self) -> Result<Self::Begun>;
    /// The provider's part.
    fn sign_in(&self, begun: Self::Begun) -> Result<Self::Returned>;
    async fn complete(&mut self, returned: Self::Returned) -> Result<()>;
}

/// The component, as a platform runs it.
pub(crate) struct Sandboxed {
    plugin: Plugin,
    connection: Connection,
    provider: Arc<Provider>,
}

impl Sandboxed {
    pub(crate) async fn new(provider: Arc<Provider>) -> Result<Self> {
        let plugin = plugin(provider.clone())?;
        let connection = plugin.check(&settings()).await?.connection;
        Ok(Self {
            plugin,
            connection,
            provider,
        })
    }
}

impl Side for Sandboxed {
    type Begun = Redirect;
    type Returned = (Callback, Vec<u8>);

    async fn begin(&mut self) -> Result<Redirect> {
        let request = LoginRequest {
            login_hint: None,
            return_to: Some("/".into()),
            prompt: None,
        };
        Ok(self.plugin.begin(&self.connection, &request).await?)
    }

    fn sign_in(&self, begun: Redirect) -> Result<Self::Returned> {
        let (state, token) = sign_in(&begun.url)?;
        let callback = Callback {
            query: format!("code=abc&state={state}"),
            browser_binding: Some(begun.browser_binding),
        };
        Ok((callback, token))
    }

    async fn complete(&mut self, (callback, token): Self::Returned) -> Result<()> {
        self.provider.answer_with(token);
        let signed_in = self.plugin.complete(&self.connection, &callback).await?;
        black_box(signed_in);
        Ok(())
    }
}

/// Authorization URL and token verification by `openidconnect`; metadata and keys were parsed once.
pub(crate) struct Native(Client);

impl Native {
    pub(crate) fn new() -> Result<Self> {
        let metadata: CoreProviderMetadata = serde_json::from_value(metadata())?;
        let keys: CoreJsonWebKeySet = serde_json::from_value(keys()?)?;
        let metadata = metadata.set_jwks(keys);
        let client = native::client(metadata, CLIENT_ID.to_owned(), "secret".to_owned())?;
        Ok(Self(client))
    }
}

impl Side for Native {
    type Begun = Nonce;
    type Returned = (Nonce, Vec<u8>);

    async fn begin(&mut self) -> Result<Nonce> {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let request = self.0.authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        );
        let (url, state, nonce) = request
            .add_scope(OAuthScope::new("profile".into()))
            .add_scope(OAuthScope::new("email".into()))
            .set_pkce_challenge(challenge)
            .url();
        let _ = black_box((url, state, verifier));
        Ok(nonce)
    }

    fn sign_in(&self, nonce: Nonce) -> Result<Self::Returned> {
        let token = token_response(nonce.secret())?;
        Ok((nonce, token))
    }

    async fn complete(&mut self, (nonce, body): Self::Returned) -> Result<()> {
        let answer: CoreTokenResponse = serde_json::from_slice(&body)?;
        let id_token = answer.id_token().context("no ID token")?;
        let verifier = self.0.id_token_verifier();
        let claims = id_token.claims(&verifier, &nonce)?;
        if let Some(expected) = claims.access_token_hash() {
            let (algorithm, key) = (id_token.signing_alg()?, id_token.signing_key(&verifier)?);
            let found = AccessTokenHash::from_token(answer.access_token(), algorithm, key)?;
            anyhow::ensure!(found == *expected, "another access token");
        }
        let _ = black_box((claims.subject(), claims.email()));
        Ok(())
    }
}

fn plugin(provider: Arc<Provider>) -> Result<Plugin> {
    let storage = Arc::new(MemoryStorage::default());
    let capabilities = Capabilities::new(storage, provider.clone()).with_http(provider);
    let component = Component::from_path(component_path(), Pin::Sidecar)?;
    let builder = Plugin::builder().component(component);
    Ok(builder.capabilities(capabilities).load()?)
}

/// The connection of both groups that have no product around them.
pub(crate) fn settings() -> Settings {
    Settings {
        connection_id: "acme".into(),
        client_id: CLIENT_ID.into(),
        client_secret: None,
        issuer: ISSUER.into(),
        redirect_uri: "https://app.example/sso/okta/callback".into(),
        post_logout_redirect_uri: None,
        email_domains: vec!["acme.example".into()],
        policy: Policy {
            algorithms: vec![Algorithm::Rs256],
            client_auth: ClientAuth::ClientSecretBasic,
            email_rule: EmailRule::Exact,
            clock_tolerance: 120,
            max_age: None,
            acr_values: Vec::new(),
            pushed_authorization: PushedAuthorization::Never,
            network: Network::Public,
        },
    }
}

/// The provider, without a network between.
#[derive(Default)]
pub(crate) struct Provider {
    token: Mutex<Vec<u8>>,
}

/// Signs somebody in who came with this address: the state that they go back with, and the token endpoint's answer.
pub(crate) fn sign_in(url: &str) -> Result<(String, Vec<u8>)> {
    let url = Url::parse(url)?;
    let parameter = |name: &str| {
        let found = url.query_pairs().find(|(given, _)| given == name);
        found
            .map(|(_, value)| value.into_owned())
            .context("a parameter is missing")
    };
    Ok((parameter("state")?, token_response(&parameter("nonce")?)?))
}

impl Provider {
    /// What the token endpoint answers from now on.
    pub(crate) fn answer_with(&self, token: Vec<u8>) {
        *self.token.lock().unwrap() = token;
    }

    /// The answer of an endpoint.
    pub(crate) fn answer(&self, endpoint: Endpoint) -> Option<Vec<u8>> {
        Some(match endpoint {
            Endpoint::Metadata => metadata().to_string().into_bytes(),
            Endpoint::Keys => keys().ok()?.to_string().into_bytes(),
            Endpoint::Token => self.token.lock().unwrap().clone(),
            _ => return None,
        })
    }
}

#[async_trait]
impl Http for Provider {
    async fn send(&self, _: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let body = self
            .answer(request.endpoint)
            .ok_or(HttpError::Unreachable)?;
        let json = ("content-type".to_owned(), "application/json".to_owned());
        Ok(HttpResponse {
            status: 200,
            headers: vec![json],
            body,
        })
    }
}

#[async_trait]
impl Credentials for Provider {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(Some(Secret::new("secret".into())))
    }
}

/// Okta's shape, shortened by what neither side reads.
fn metadata() -> Value {
    let at = |path: &str| format!("{ISSUER}/oauth2/v1/{path}");
    json!({
        "issuer": ISSUER,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "jwks_uri": at("keys"),
        "end_session_endpoint": at("logout"),
        "response_types_supported": ["code", "id_token", "code id_token"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    })
}

fn keys() -> Result<Value> {
    let keys = [key::jwk("rsa-1")?, key::jwk("rsa-2")?];
    Ok(json!({ "keys": keys }))
}

fn token_response(nonce: &str) -> Result<Vec<u8>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    // As long as Okta's, which are signed tokens themselves.
    let access_token = "an-opaque-access-token-as-long-as-Okta-makes-them-".repeat(16);
    let claims = json!({
        "sub": "00u1anna", "ver": 1, "iss": ISSUER, "aud": CLIENT_ID, "iat": now, "exp": now + 3600,
        "jti": "ID.1", "amr": ["pwd"], "idp": "00o1", "auth_time": now - 5, "nonce": nonce,
        "at_hash": token::at_hash("RS256", access_token.as_bytes()),
        "email": "anna@acme.example", "name": "Anna", "preferred_username": "anna@acme.example",
    });
    let header = json!({ "kid": key::jwk("rsa-1")?["kid"], "alg": "RS256" });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = [encode(&header), encode(&claims)].join(".");
    let signature = key::sign("rsa-1", "RS256", message.as_bytes(), false)?;
    let id_token = [message, URL_SAFE_NO_PAD.encode(signature)].join(".");
    let answer = json!({
        "token_type": "Bearer", "expires_in": 3600, "scope": "openid profile email",
        "access_token": access_token, "id_token": id_token,
    });
    Ok(answer.to_string().into_bytes())
}
