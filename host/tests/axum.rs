//! The ready-made routes, over the real component and a provider of one document.
#![cfg(feature = "axum")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what goes wrong here shall stop the test"
)]

mod platform;

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ::axum::Router;
use ::axum::body::Body;
use ::axum::http::request::Parts;
use ::axum::http::{HeaderMap, Request, StatusCode, header};
use ::axum::response::{IntoResponse, Response};
use async_trait::async_trait;
use okta_sso_host::axum::{Attempt, Platform, Refusal, SignIn, Unavailable};
use okta_sso_host::contract::{Connection, Endpoint, Outcome, Prompt, Rehearsal, SignedIn};
use okta_sso_host::{
    CallError, Component, Http, HttpError, HttpRequest, HttpResponse, MemoryStorage, Pin, Plugin,
    Scope,
};
use tower::ServiceExt;

/// Answers for metadata, and nothing else.
struct Metadata;

#[async_trait]
impl Http for Metadata {
    async fn send(&self, _: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        if request.endpoint != Endpoint::Metadata {
            return Err(HttpError::Unreachable);
        }
        let body = r#"{
            "issuer": "https://acme.okta.com",
            "authorization_endpoint": "https://acme.okta.com/oauth2/v1/authorize",
            "token_endpoint": "https://acme.okta.com/oauth2/v1/token",
            "jwks_uri": "https://acme.okta.com/oauth2/v1/keys",
            "userinfo_endpoint": "https://acme.okta.com/oauth2/v1/userinfo",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"]
        }"#;
        Ok(HttpResponse {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.into(),
        })
    }
}

/// One tenant; its pages are the refusal's code.
struct OneTenant {
    connection: Connection,
    /// Its tables cannot be read.
    down: Arc<AtomicBool>,
}

impl OneTenant {
    fn found(&self, is_it: bool) -> Result<Option<Connection>, Unavailable> {
        if self.down.load(Ordering::Relaxed) {
            return Err(Unavailable);
        }
        Ok(is_it.then(|| self.connection.clone()))
    }
}

#[async_trait]
impl Platform for OneTenant {
    async fn connection_of_tenant(&self, tenant: &str) -> Result<Option<Connection>, Unavailable> {
        self.found(tenant == "acme")
    }

    async fn connection(&self, id: &str) -> Result<Option<Connection>, Unavailable> {
        self.found(id == self.connection.id)
    }

    async fn signed_in(&self, _: &Parts, _: &Attempt, _: SignedIn) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }

    async fn draft(&self, id: &str) -> Result<Option<Connection>, Unavailable> {
        self.connection(id).await
    }

    async fn rehearsed(
        &self,
        _: &Parts,
        _: &Attempt,
        rehearsal: Result<Rehearsal, CallError<Infallible>>,
    ) -> Response {
        let checks = rehearsal.unwrap().checks;
        let failed = checks.iter().find(|check| check.outcome == Outcome::Fail);
        failed
            .map(|check| check.reason.clone().unwrap())
            .unwrap_or_default()
            .into_response()
    }

    async fn refused(&self, _: &Parts, attempt: Option<&Attempt>, refusal: Refusal) -> Response {
        let code = match refusal {
            Refusal::NoConnection => "no-connection".to_owned(),
            Refusal::Unavailable => "unavailable".to_owned(),
            Refusal::NotBegun { error, .. } | Refusal::Call(error) => error.to_string(),
        };
        let known = if attempt.is_some() {
            "known"
        } else {
            "unknown"
        };
        (StatusCode::FORBIDDEN, format!("{code} {known}")).into_response()
    }
}

async fn router() -> Router {
    sign_in().await.0.router()
}

async fn sign_in() -> (Arc<SignIn<OneTenant>>, Connection) {
    over(Arc::default()).await
}

/// With a platform that cannot read its tables while `down` is set.
async fn over(down: Arc<AtomicBool>) -> (Arc<SignIn<OneTenant>>, Connection) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm");
    let capabilities =
        platform::with_storage(MemoryStorage::default()).with_http(Arc::new(Metadata));
    let plugin = Plugin::builder()
        .component(Component::from_path(path, Pin::Sidecar).expect("run make plugin"))
        .capabilities(capabilities)
        .load()
        .unwrap();
    let mut connection = platform::connection();
    let settings = okta_sso_host::contract::Settings {
        connection_id: connection.id.clone(),
        client_id: "0oa1gi4grkaV8n7uZ5d7".to_owned(),
        client_secret: None,
        issuer: connection.issuer.clone(),
        redirect_uri: connection.redirect_uri.clone(),
        post_logout_redirect_uri: None,
        email_domains: connection.email_domains.clone(),
        policy: connection.policy.clone(),
    };
    connection = plugin.check(&settings).await.unwrap().connection;
    let platform = OneTenant {
        connection: connection.clone(),
        down,
    };
    let sign_in = SignIn::new(plugin, platform);
    let sign_in = sign_in.never_return_to(["/logout".to_owned()]);
    (Arc::new(sign_in), connection)
}

async fn get(router: &Router, uri: &str, cookie: &str) -> Response {
    let request = Request::get(uri)
        .header(header::HOST, "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header(header::COOKIE, cookie)
        .body(Body::empty())
        .unwrap();
    router.clone().oneshot(request).await.unwrap()
}

async fn text(response: Response) -> String {
    let body = ::axum::body::to_bytes(response.into_body(), 4096)
        .await
        .unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

fn value(response: &Response, name: header::HeaderName) -> &str {
    response.headers().get(name).unwrap().to_str().unwrap()
}

#[tokio::test]
async fn a_start_leads_to_the_provider_with_a_cookie_of_its_own() {
    let router = router().await;
    let uri = "/start?tenant=acme&return_to=/reports&redirect_uri=https://evil.example&scope=all";
    let response = get(&router, uri, "").await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let location = value(&response, header::LOCATION);
    assert!(location.starts_with("https://acme.okta.com/oauth2/v1/authorize?"));
    assert!(!location.contains("evil"), "BI-019, BI-020");
    let cookie = value(&response, header::SET_COOKIE);
    assert!(cookie.starts_with("__Host-sso-"));
    assert!(cookie.ends_with("; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax"));
    assert_eq!(value(&response, header::CACHE_CONTROL), "no-store");
    assert_eq!(value(&response, header::REFERRER_POLICY), "no-referrer");
    let again = get(&router, uri, "").await;
    assert_ne!(
        value(&again, header::SET_COOKIE),
        cookie,
        "two tabs, two cookies"
    );
}

#[tokio::test]
async fn a_callback_of_another_browser_finds_nothing() {
    let router = router().await;
    let started = get(&router, "/start?tenant=acme", "").await;
    let location = url::Url::parse(value(&started, header::LOCATION)).unwrap();
    let state = location.query_pairs().find(|(name, _)| name == "state");
    let uri = format!("/callback?code=abc&state={}", state.unwrap().1);
    let cookie = value(&started, header::SET_COOKIE);
    let cookie = cookie.split(';').next().unwrap();

    let stranger = get(&router, &uri, "").await;
    assert_eq!(
        text(stranger).await,
        "login/transaction-not-found known",
        "BI-001"
    );
    let twice = get(&router, &uri, &format!("{cookie}; {cookie}")).await;
    assert_eq!(
        text(twice).await,
        "login/transaction-not-found known",
        "BI-061"
    );
    // The right browser gets as far as the token endpoint, which is out of reach here; then it is used up.
    let right = get(&router, &uri, cookie).await;
    let removed = value(&right, header::SET_COOKIE).contains("Max-Age=0");
    assert!(removed, "the cookie is gone with the attempt");
    assert_eq!(text(right).await, "login/provider-unavailable/token known");
    let replayed = get(&router, &uri, cookie).await;
    assert_eq!(
        text(replayed).await,
        "login/transaction-not-found known",
        "MT-32"
    );
}

/// Not knowing is not the same as knowing that there is none: nothing is used up, and the person comes back.
#[tokio::test]
async fn a_platform_that_cannot_read_its_tables_uses_nothing_up() {
    let down = Arc::new(AtomicBool::new(true));
    let router = over(Arc::clone(&down)).await.0.router();
    let not_begun = get(&router, "/start?tenant=acme", "").await;
    assert_eq!(text(not_begun).await, "unavailable unknown");

    down.store(false, Ordering::Relaxed);
    let started = get(&router, "/start?tenant=acme", "").await;
    let location = url::Url::parse(value(&started, header::LOCATION)).unwrap();
    let state = location.query_pairs().find(|(name, _)| name == "state");
    let uri = format!("/callback?code=abc&state={}", state.unwrap().1);
    let cookie = value(&started, header::SET_COOKIE);
    let cookie = cookie.split(';').next().unwrap();

    down.store(true, Ordering::Relaxed);
    let lost = get(&router, &uri, cookie).await;
    assert!(
        lost.headers().get(header::SET_COOKIE).is_none(),
        "cookie stays"
    );
    assert_eq!(text(lost).await, "unavailable unknown");

    down.store(false, Ordering::Relaxed);
    let again = get(&router, &uri, cookie).await;
    assert_eq!(text(again).await, "login/provider-unavailable/token known");
}

#[tokio::test]
async fn a_hint_is_passed_on_and_adds_nothing_else() {
    let router = router().await;
    let hint = async |hint: &str| {
        let uri = format!("/start?tenant=acme&login_hint={hint}");
        let response = get(&router, &uri, "").await;
        let location = url::Url::parse(value(&response, header::LOCATION)).unwrap();
        let pairs = location.query_pairs().into_owned();
        pairs.collect::<std::collections::BTreeMap<_, _>>()
    };
    let plain = hint("").await;
    assert!(!plain.contains_key("login_hint"));
    let anna = hint("anna%40acme.com").await;
    assert_eq!(anna["login_hint"], "anna@acme.com");
    let smuggled = hint("x%26client_id%3Devil%26prompt%3Dnone").await;
    assert_eq!(smuggled["client_id"], plain["client_id"], "BI-022");
    assert!(!smuggled.contains_key("prompt"), "BI-022");
    for dropped in ["a%0d%0aX:%20y".to_owned(), "a".repeat(10 * 1024)] {
        let names: Vec<_> = hint(&dropped).await.into_keys().collect();
        assert_eq!(names, plain.keys().cloned().collect::<Vec<_>>(), "BI-022");
    }
}

/// Another `prompt` than `login` is none, as are others beside it.
#[tokio::test]
async fn the_provider_is_asked_to_ask_in_one_word() {
    let router = router().await;
    let prompt = async |query: &str| {
        let uri = format!("/start?tenant=acme{query}");
        let response = get(&router, &uri, "").await;
        let location = url::Url::parse(value(&response, header::LOCATION)).unwrap();
        let mut pairs = location.query_pairs();
        let found = pairs.find(|(name, _)| name == "prompt");
        found.map(|(_, value)| value.into_owned())
    };
    assert_eq!(prompt("&prompt=login").await.as_deref(), Some("login"));
    for other in [
        "",
        "&prompt=",
        "&prompt=none",
        "&prompt=consent",
        "&prompt=LOGIN",
        "&prompt=login%20consent",
        "&prompt=login%26max_age%3D0",
        "&prompt=none&prompt=login",
    ] {
        assert_eq!(prompt(other).await, None, "{other}");
    }
}

/// The token endpoint is out of reach here: the rehearsal says so, where a sign-in would be refused.
#[tokio::test]
async fn a_rehearsal_ends_in_its_check_list() {
    let (sign_in, connection) = sign_in().await;
    let (handle, started) = sign_in
        .rehearse(&HeaderMap::new(), &connection, Some(Prompt::Login))
        .await
        .unwrap();
    let location = url::Url::parse(value(&started, header::LOCATION)).unwrap();
    assert!(location.as_str().contains("&prompt=login"), "{location}");
    let state = location.query_pairs().find(|(name, _)| name == "state");
    let uri = format!("/callback?code=abc&state={}", state.unwrap().1);
    let cookie = value(&started, header::SET_COOKIE);
    assert!(cookie.starts_with(&format!("__Host-sso-{handle}=")));
    let cookie = cookie.split(';').next().unwrap();
    let router = sign_in.router();
    let checked = get(&router, &uri, cookie).await;
    assert_eq!(checked.status(), StatusCode::OK);
    assert_eq!(text(checked).await, "login/provider-unavailable/token");
    let again = get(&router, &uri, cookie).await;
    assert_eq!(text(again).await, "login/transaction-not-found");
}

#[tokio::test]
async fn what_belongs_to_no_attempt_is_refused() {
    let router = router().await;
    let unknown = get(&router, "/start?tenant=beta", "").await;
    assert_eq!(text(unknown).await, "no-connection unknown");
    let malformed = get(&router, "/callback?code=abc", "").await;
    assert_eq!(
        text(malformed).await,
        "login/callback-malformed unknown",
        "BI-002"
    );
    let state = "A".repeat(43);
    let foreign = get(&router, &format!("/callback?code=abc&state={state}"), "").await;
    assert_eq!(text(foreign).await, "login/transaction-not-found unknown");
    let post = Request::post("/callback").body(Body::empty()).unwrap();
    let response = router.clone().oneshot(post).await.unwrap();
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "T27");
}

#[tokio::test]
async fn abandoned_attempts_do_not_pile_up() {
    let router = router().await;
    let open = |count: usize| {
        let cookies = (0..count).map(|number| format!("__Host-sso-{number}=x"));
        cookies.collect::<Vec<_>>().join("; ")
    };
    let set = |response: &Response| {
        response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .count()
    };
    let few = get(&router, "/start?tenant=acme", &open(7)).await;
    assert_eq!(set(&few), 1);
    let many = get(&router, "/start?tenant=acme", &open(8)).await;
    assert_eq!(set(&many), 9, "eight removed, one set");
}
