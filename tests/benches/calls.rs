//! What one sign-in costs without the network: through a fresh sandboxed instance each call, and by
//! `openidconnect` natively.
//!
//! Both sides run in turn in one process, so that a noisy machine is noisy for both; medians are
//! compared, and ratios are what travels. Signing tokens, which is the provider's work, is not timed.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a bench stops where it fails"
)]

use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_sso_conformance::host::ScriptedHost;
use okta_sso_conformance::key;
use okta_sso_conformance::run::component_path;
use okta_sso_host::contract::{
    Algorithm, Callback, ClientAuth, Connection, EmailRule, Endpoint, LoginRequest, Network,
    Policy, PushedAuthorization, Settings,
};
use okta_sso_host::{
    Capabilities, Component, CredentialError, Credentials, Http, HttpError, HttpRequest,
    HttpResponse, Pin, Plugin, Scope, Secret,
};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJsonWebKeySet, CoreProviderMetadata, CoreTokenResponse,
};
use openidconnect::{
    AccessTokenHash, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, Nonce, OAuth2TokenResponse as _, PkceCodeChallenge, RedirectUrl,
    Scope as OAuthScope, TokenResponse as _,
};
use serde_json::{Value, json};

const ISSUER: &str = "https://acme.okta.com";
const CLIENT_ID: &str = "0oa1client";
const REDIRECT_URI: &str = "https://app.example.com/sso/okta/callback";
const WARM_UP: usize = 200;
const ROUNDS: usize = 2_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(bench());
}

async fn bench() {
    let provider = Arc::new(Provider::default());
    let plugin = plugin(provider.clone());
    let connection = connection(&plugin).await;
    let mut sandboxed = [Samples::default(), Samples::default()];
    let mut native = [Samples::default(), Samples::default()];
    for round in 0..WARM_UP + ROUNDS {
        let [begin, complete] = sandboxed_login(&plugin, &connection, &provider).await;
        let [native_begin, native_complete] = native_login();
        if round >= WARM_UP {
            sandboxed[0].0.push(begin);
            sandboxed[1].0.push(complete);
            native[0].0.push(native_begin);
            native[1].0.push(native_complete);
        }
    }
    let [ours, theirs] = [sandboxed, native].map(|mut both| both.each_mut().map(Samples::median));
    println!("{ROUNDS} sign-ins each, medians in microseconds; no network, RS256");
    println!(
        "{:<28}{:>12}{:>16}{:>8}",
        "", "sandboxed", "openidconnect", "ratio"
    );
    for (name, ours, theirs) in [
        ("begin", ours[0], theirs[0]),
        ("complete", ours[1], theirs[1]),
        ("begin + complete", ours[0] + ours[1], theirs[0] + theirs[1]),
    ] {
        println!("{name:<28}{ours:>12.1}{theirs:>16.1}{:>8.2}", ours / theirs);
    }
}

#[derive(Default)]
struct Samples(Vec<Duration>);

impl Samples {
    fn median(&mut self) -> f64 {
        self.0.sort_unstable();
        self.0[self.0.len() / 2].as_secs_f64() * 1e6
    }
}

async fn sandboxed_login(
    plugin: &Plugin,
    connection: &Connection,
    provider: &Provider,
) -> [Duration; 2] {
    let request = LoginRequest {
        login_hint: None,
        return_to: Some("/".into()),
        prompt: None,
    };
    let started = Instant::now();
    let redirect = plugin.begin(connection, &request).await.expect("begin");
    let begin = started.elapsed();

    let parameter = |name: &str| {
        let url = url::Url::parse(&redirect.url).expect("a URL");
        let found = url.query_pairs().find(|(given, _)| given == name);
        found
            .map(|(_, value)| value.into_owned())
            .expect("a parameter")
    };
    *provider.token.lock().expect("the token") = token_response(&parameter("nonce"));
    let callback = Callback {
        query: format!("code=abc&state={}", parameter("state")),
        browser_binding: Some(redirect.browser_binding.clone()),
    };
    let started = Instant::now();
    black_box(
        plugin
            .complete(connection, &callback)
            .await
            .expect("complete"),
    );
    [begin, started.elapsed()]
}

fn native_login() -> [Duration; 2] {
    // As a good application would: metadata and keys parsed once.
    type Client = CoreClient<
        EndpointSet,
        EndpointNotSet,
        EndpointNotSet,
        EndpointNotSet,
        EndpointMaybeSet,
        EndpointMaybeSet,
    >;
    static CLIENT: std::sync::OnceLock<Client> = std::sync::OnceLock::new();
    let client = CLIENT.get_or_init(|| {
        let metadata: CoreProviderMetadata = serde_json::from_value(metadata()).expect("metadata");
        let keys: CoreJsonWebKeySet = serde_json::from_value(keys()).expect("keys");
        CoreClient::from_provider_metadata(
            metadata.set_jwks(keys),
            ClientId::new(CLIENT_ID.into()),
            Some(ClientSecret::new("secret".into())),
        )
        .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.into()).expect("a URL"))
    });

    let started = Instant::now();
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scope(OAuthScope::new("profile".into()))
        .add_scope(OAuthScope::new("email".into()))
        .set_pkce_challenge(challenge)
        .url();
    let _ = black_box((url, state, verifier));
    let begin = started.elapsed();

    let body = token_response(nonce.secret());
    let started = Instant::now();
    let answer: CoreTokenResponse = serde_json::from_slice(&body).expect("an answer");
    let id_token = answer.id_token().expect("an ID token");
    let verifier = client.id_token_verifier();
    let claims = id_token.claims(&verifier, &nonce).expect("claims");
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = id_token.signing_alg().expect("an algorithm");
        let key = id_token.signing_key(&verifier).expect("a key");
        let actual = AccessTokenHash::from_token(answer.access_token(), algorithm, key);
        assert_eq!(&actual.expect("a hash"), expected);
    }
    let _ = black_box((claims.subject(), claims.email()));
    [begin, started.elapsed()]
}

fn plugin(provider: Arc<Provider>) -> Plugin {
    let component =
        Component::from_path(component_path(), Pin::Sidecar).expect("`make plugin` first");
    let memory = Arc::new(ScriptedHost::default());
    let capabilities = Capabilities::new(memory.clone(), provider.clone())
        .with_cache(memory)
        .with_http(provider);
    Plugin::builder()
        .component(component)
        .capabilities(capabilities)
        .load()
        .expect("the component loads")
}

async fn connection(plugin: &Plugin) -> Connection {
    let settings = Settings {
        connection_id: "acme".into(),
        client_id: CLIENT_ID.into(),
        client_secret: None,
        issuer: ISSUER.into(),
        redirect_uri: REDIRECT_URI.into(),
        post_logout_redirect_uri: None,
        email_domains: vec!["acme.com".into()],
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
    };
    plugin
        .check(&settings)
        .await
        .expect("good settings")
        .connection
}

/// The provider, without a network between.
#[derive(Default)]
struct Provider {
    token: Mutex<Vec<u8>>,
}

#[async_trait]
impl Http for Provider {
    async fn send(&self, _: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let body = match request.endpoint {
            Endpoint::Metadata => metadata().to_string().into_bytes(),
            Endpoint::Keys => keys().to_string().into_bytes(),
            Endpoint::Token => self.token.lock().expect("the token").clone(),
            _ => return Err(HttpError::Unreachable),
        };
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Ok(HttpResponse {
            status: 200,
            headers,
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

fn keys() -> Value {
    let key = |name: &str| Value::Object(key::jwk(name).expect("a key of tests/keys"));
    json!({ "keys": [key("rsa-1"), key("rsa-2")] })
}

fn token_response(nonce: &str) -> Vec<u8> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    let access_token = "eyJraWQiOiJhYmMifQ.an-opaque-access-token-of-the-usual-length";
    let claims = json!({
        "sub": "00u1anna", "ver": 1, "iss": ISSUER, "aud": CLIENT_ID, "iat": now, "exp": now + 3600,
        "jti": "ID.1", "amr": ["pwd"], "idp": "00o1", "auth_time": now - 5, "nonce": nonce,
        "at_hash": okta_sso_conformance::token::at_hash("RS256", access_token.as_bytes()),
        "email": "anna@acme.com", "name": "Anna", "preferred_username": "anna@acme.com",
    });
    let kid = key::jwk("rsa-1").expect("a key")["kid"].clone();
    let header = json!({ "kid": kid, "alg": "RS256" });
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = [encode(&header), encode(&claims)].join(".");
    let signature = key::sign("rsa-1", "RS256", message.as_bytes(), false).expect("a signature");
    let id_token = [message, URL_SAFE_NO_PAD.encode(signature)].join(".");
    json!({
        "token_type": "Bearer", "expires_in": 3600, "scope": "openid profile email",
        "access_token": access_token, "id_token": id_token,
    })
    .to_string()
    .into_bytes()
}
