//! Sign-ins against a certified provider that is not ours: over TLS, with its own pages, keys and habits.
//!
//! The part `peer` of `tests/part`: Node.js and the npm package `oidc-provider`.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

#[path = "../../../demo/tests/product/browser.rs"]
#[expect(dead_code, reason = "the product's own tests use the rest")]
mod browser;
mod faults;
mod logout;
mod product;
mod provider;
mod stage;

use okta_sso_host::contract::{
    Algorithm, ClaimsSource, ClientAuth, LoginError, LoginRequest, Outcome, Prompt,
    PushedAuthorization, TokenProblem,
};
use url::{Url, form_urlencoded};

use crate::stage::{SECRET, Stage, Wishes, product};

/// Opens the stage, or ends the test where the part is left out.
macro_rules! open {
    ($wishes:expr) => {
        match Stage::open($wishes).await {
            Some(stage) => stage,
            None => return,
        }
    };
}
pub(crate) use open;

#[tokio::test]
async fn a_pushed_request_a_thin_token_and_an_announced_issuer() {
    let mut stage = open!(Wishes::default());
    let ada = stage.person("ada");
    let redirect = stage.begin().await.unwrap();
    let url = Url::parse(&redirect.url).unwrap();
    let names: Vec<_> = url.query_pairs().map(|(name, _)| name).collect();
    assert_eq!(names, ["client_id", "request_uri"], "RFC 9126 section 4");
    let query = ada.visit(&redirect.url).await;
    let iss = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "iss");
    assert_eq!(iss.unwrap().1, stage.provider.issuer, "RFC 9207 section 2");
    let signed_in = stage.complete(&redirect, &query).await.unwrap();
    assert_eq!(signed_in.identity.issuer, stage.provider.issuer);
    assert_eq!(signed_in.identity.subject, "ada");
    assert_eq!(signed_in.identity.email, "ada@acme.com");
    assert_eq!(signed_in.identity.email_source, ClaimsSource::UserInfo);
    assert_eq!(signed_in.identity.email_verified, Some(true));

    // What was learnt once is not asked again; every sign-in has its own three requests.
    stage.sign_in(&stage.person("bo")).await.unwrap();
    for (route, count) in [
        ("discovery", 1),
        ("jwks", 1),
        ("pushed_authorization_request", 2),
        ("token", 2),
        ("userinfo", 2),
    ] {
        assert_eq!(stage.provider.requests(route), count, "{route}");
    }
}

#[tokio::test]
async fn elliptic_curve_signatures_where_the_connection_allows_them() {
    let wishes = |allowed| Wishes {
        algorithm: "ES256",
        allowed,
        ..Wishes::default()
    };
    let stage = open!(wishes(vec![Algorithm::Rs256, Algorithm::Es256]));
    stage.sign_in(&stage.person("ada")).await.unwrap();
    let stage = open!(wishes(vec![Algorithm::Rs256]));
    match stage.sign_in(&stage.person("ada")).await {
        Err(LoginError::TokenRejected(why)) => {
            assert_eq!(why.problem, TokenProblem::AlgorithmNotAllowed);
        }
        other => panic!("{:?}", other.map(|_| "signed in")),
    }
}

#[tokio::test]
async fn both_ways_to_show_a_secret_and_a_request_that_is_not_pushed() {
    for client_auth in [ClientAuth::ClientSecretBasic, ClientAuth::ClientSecretPost] {
        let mut stage = open!(Wishes {
            client_auth,
            pushed: PushedAuthorization::Never,
            ..Wishes::default()
        });
        stage.sign_in(&stage.person("ada")).await.unwrap();
        let pushed = stage.provider.requests("pushed_authorization_request");
        assert_eq!(pushed, 0);

        stage.restart("another secret");
        let refused = stage.sign_in(&stage.person("ada")).await;
        assert_eq!(refused.unwrap_err(), LoginError::ClientRejected);
    }
}

#[tokio::test]
async fn rotated_keys() {
    let mut stage = open!(Wishes::default());
    stage.sign_in(&stage.person("ada")).await.unwrap();
    stage.provider.rotate(true);
    stage.sign_in(&stage.person("ada")).await.unwrap();
    assert_eq!(stage.provider.requests("jwks"), 2);
    // An emergency: the old keys are gone at once.
    stage.provider.rotate(false);
    stage.sign_in(&stage.person("ada")).await.unwrap();
    assert_eq!(stage.provider.requests("jwks"), 3);
}

#[tokio::test]
async fn the_provider_says_no() {
    let mut stage = open!(Wishes::default());
    // Turns back at the sign-in page.
    let refusal = stage.sign_in(&stage.person("")).await.unwrap_err();
    assert!(
        matches!(&refusal, LoginError::ProviderDenied(denial) if denial.error == "access_denied"),
        "{refusal:?}"
    );
    // A code that the provider never gave, and one that is used up.
    let redirect = stage.begin().await.unwrap();
    let query = stage.person("ada").visit(&redirect.url).await;
    let refusal = stage
        .complete(&redirect, &query.replace("code=", "code=x"))
        .await;
    assert_eq!(refusal.unwrap_err(), LoginError::CodeRejected);
    // Nobody is signed in at the provider, and it may not ask.
    let request = LoginRequest {
        login_hint: None,
        return_to: None,
        prompt: Some(Prompt::None),
    };
    let redirect = stage
        .plugin
        .begin(&stage.connection, &request)
        .await
        .unwrap();
    let query = stage.person("ada").visit(&redirect.url).await;
    let refusal = stage.complete(&redirect, &query).await;
    assert_eq!(refusal.unwrap_err(), LoginError::LoginRequired);
    assert_eq!(stage.provider.requests("token"), 1);
}

#[tokio::test]
async fn an_authority_that_nobody_named() {
    let mut stage = open!(Wishes::default());
    stage.plugin = product(SECRET, None);
    let refusal = stage.begin().await.unwrap_err();
    assert_eq!(refusal.code(), "login/provider-unavailable/metadata");
    assert_eq!(stage.provider.requests("discovery"), 0);
}

#[tokio::test]
async fn test_connection_and_test_sign_in_find_nothing() {
    let stage = open!(Wishes::default());
    let findings = stage.plugin.probe(&stage.connection).await.unwrap();
    for finding in &findings {
        assert_eq!(finding.outcome, Outcome::Pass, "{finding:?}");
    }
    let redirect = stage.begin().await.unwrap();
    let callback = okta_sso_host::contract::Callback {
        query: stage.person("ada").visit(&redirect.url).await,
        browser_binding: Some(redirect.browser_binding),
    };
    let rehearsal = stage
        .plugin
        .rehearse(&stage.connection, &callback)
        .await
        .unwrap();
    for finding in &rehearsal.checks {
        assert_eq!(finding.outcome, Outcome::Pass, "{finding:?}");
    }
    assert_eq!(rehearsal.identity.unwrap().subject, "ada");
}
