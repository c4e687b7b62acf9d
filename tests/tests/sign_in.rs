//! A person's sign-in through the component, with the development Okta on the other side of a TCP connection.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

use std::sync::Arc;

use async_trait::async_trait;
use okta_sso_conformance::case::Attempt;
use okta_sso_conformance::host::{CLIENT_SECRET, ScriptedHost};
use okta_sso_conformance::okta::{CLIENT_ID, EMAIL, Okta, REDIRECT_URI};
use okta_sso_conformance::run;
use okta_sso_demo::dev_okta::{Clock, Switch};
use okta_sso_host::contract::{
    Callback, ClaimsSource, ClientAuth, Connection, EmailRefusal, EmailRule, LoginError,
    LoginRequest, Method, Network, Policy, PushedAuthorization, Redirect, Settings, SignedIn,
    TokenProblem,
};
use okta_sso_host::{
    CallError, Http, HttpError, HttpRequest, HttpResponse, Plugin, Scope, contract::Algorithm,
};

/// Sends what the host has judged, over TCP.
struct Loopback(reqwest::Client);

#[async_trait]
impl Http for Loopback {
    async fn send(&self, _: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut sent = match request.method {
            Method::Get => self.0.get(request.url),
            Method::Post => self.0.post(request.url).body(request.body),
        };
        for (name, value) in request.headers {
            sent = sent.header(name, value);
        }
        let answer = sent.send().await.map_err(|_| HttpError::Unreachable)?;
        let headers = answer.headers().iter().map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        });
        Ok(HttpResponse {
            status: answer.status().as_u16(),
            headers: headers.collect(),
            body: answer
                .bytes()
                .await
                .map_err(|_| HttpError::Unreachable)?
                .to_vec(),
        })
    }
}

/// The platform's side and the provider's.
struct Stage {
    okta: Okta,
    plugin: Plugin,
    host: ScriptedHost,
    connection: Connection,
}

impl Stage {
    async fn open() -> Self {
        let okta = Okta::start(Clock::from_fn(|| Attempt::NOW)).await.unwrap();
        let host = ScriptedHost::default();
        host.world().now = Attempt::NOW;
        let http = Arc::new(Loopback(reqwest::Client::new()));
        let plugin = run::plugin()
            .unwrap_or_else(|error| panic!("{error:#}"))
            .with_capabilities(host.capabilities().with_http(http));
        let checked = plugin.check(&settings(&okta.issuer)).await.unwrap();
        Self {
            okta,
            plugin,
            host,
            connection: checked.connection,
        }
    }

    async fn begin(&self) -> Redirect {
        let request = LoginRequest {
            login_hint: None,
            return_to: None,
            prompt: None,
        };
        self.plugin.begin(&self.connection, &request).await.unwrap()
    }

    /// Signs Ada in at the provider and gives the query that she comes back with.
    async fn visit(&self, redirect: &Redirect) -> String {
        let place = self.okta.visit(&redirect.url).await;
        let place = place.unwrap_or_else(|error| panic!("{error:#}"));
        place.query().unwrap().to_owned()
    }

    async fn complete(&self, query: &str, binding: &str) -> Result<SignedIn, LoginError> {
        let callback = Callback {
            query: query.to_owned(),
            browser_binding: Some(binding.to_owned()),
        };
        match self.plugin.complete(&self.connection, &callback).await {
            Ok(signed_in) => Ok(signed_in),
            Err(CallError::Answer(refusal)) => Err(refusal),
            Err(fault) => panic!("{fault}"),
        }
    }

    async fn sign_in(&self) -> Result<SignedIn, LoginError> {
        let redirect = self.begin().await;
        let query = self.visit(&redirect).await;
        self.complete(&query, &redirect.browser_binding).await
    }

    fn nothing_is_left(&self) {
        assert!(
            self.host.world().entries.is_empty(),
            "something is left in the storage"
        );
    }
}

fn settings(issuer: &str) -> Settings {
    Settings {
        connection_id: "acme".into(),
        client_id: CLIENT_ID.into(),
        client_secret: Some(CLIENT_SECRET.into()),
        issuer: issuer.into(),
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
            pushed_authorization: PushedAuthorization::WhenSupported,
            network: Network::DangerLoopback,
        },
    }
}

fn token_problem(result: Result<SignedIn, LoginError>) -> TokenProblem {
    match result {
        Err(LoginError::TokenRejected(rejection)) => rejection.problem,
        other => panic!("{:?}", other.map(|_| "signed in")),
    }
}

#[tokio::test]
async fn signing_in() {
    let stage = Stage::open().await;
    let signed_in = stage.sign_in().await.unwrap();
    assert_eq!(signed_in.identity.email, EMAIL);
    assert_eq!(signed_in.identity.issuer, stage.okta.issuer);
    stage.nothing_is_left();
}

#[tokio::test]
async fn wrong_browser() {
    let stage = Stage::open().await;
    let (victim, stranger) = (stage.begin().await, stage.begin().await);
    let query = stage.visit(&victim).await;
    let refusal = stage
        .complete(&query, &stranger.browser_binding)
        .await
        .unwrap_err();
    assert_eq!(refusal, LoginError::TransactionNotFound);
    // The right browser still can: a stranger does not use up somebody's attempt.
    stage
        .complete(&query, &victim.browser_binding)
        .await
        .unwrap();
}

#[tokio::test]
async fn replayed_callback() {
    let stage = Stage::open().await;
    let redirect = stage.begin().await;
    let query = stage.visit(&redirect).await;
    stage
        .complete(&query, &redirect.browser_binding)
        .await
        .unwrap();
    let refusal = stage
        .complete(&query, &redirect.browser_binding)
        .await
        .unwrap_err();
    assert_eq!(refusal, LoginError::TransactionNotFound);
    stage.nothing_is_left();
}

#[tokio::test]
async fn two_tabs() {
    let stage = Stage::open().await;
    let (first, second) = (stage.begin().await, stage.begin().await);
    assert_ne!(first.handle, second.handle);
    for redirect in [&second, &first] {
        let query = stage.visit(redirect).await;
        assert_eq!(stage.plugin.locate(&query).await.unwrap(), redirect.handle);
        stage
            .complete(&query, &redirect.browser_binding)
            .await
            .unwrap();
    }
    stage.nothing_is_left();
}

#[tokio::test]
async fn tampered_token() {
    let stage = Stage::open().await;
    stage
        .okta
        .organisation
        .switches()
        .turn_on(Switch::TamperedSignature);
    assert_eq!(
        token_problem(stage.sign_in().await),
        TokenProblem::SignatureMismatch
    );
    stage.nothing_is_left();
}

#[tokio::test]
async fn rotated_key() {
    let stage = Stage::open().await;
    stage.sign_in().await.unwrap();
    stage.okta.organisation.rotate_keys().unwrap();
    stage.sign_in().await.unwrap();
    stage
        .okta
        .organisation
        .switches()
        .turn_on(Switch::UnknownKey);
    assert_eq!(
        token_problem(stage.sign_in().await),
        TokenProblem::KeyNotFound
    );
}

#[tokio::test]
async fn thin_token() {
    let stage = Stage::open().await;
    stage
        .okta
        .organisation
        .switches()
        .turn_on(Switch::ThinTokens);
    let signed_in = stage.sign_in().await.unwrap();
    assert_eq!(signed_in.identity.email, EMAIL);
    assert_eq!(signed_in.identity.email_source, ClaimsSource::UserInfo);
}

#[tokio::test]
async fn wrong_domain() {
    let stage = Stage::open().await;
    stage
        .okta
        .organisation
        .switches()
        .turn_on(Switch::OtherDomain);
    assert_eq!(
        stage.sign_in().await.unwrap_err(),
        LoginError::EmailDomainNotApproved(EmailRefusal {
            found: Some("ada@elsewhere.example".to_owned())
        })
    );
    stage.nothing_is_left();
}
