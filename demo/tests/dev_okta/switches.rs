//! Rotated keys and deliberate misbehaviour.

use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use okta_sso_demo::dev_okta::{Endpoint, Switch};
use openidconnect::{
    ClaimsVerificationError, ClientId, IssuerUrl, Nonce, SignatureVerificationError,
    core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet},
};
use reqwest::StatusCode;
use serde_json::json;

use crate::org::{CLIENT_ID, NOW, Org};

#[tokio::test]
async fn rotation_publishes_a_new_key_and_retires_the_oldest() {
    let org = Org::open().await;
    let kids = async || {
        let set = org.get("/oauth2/v1/keys").await.json();
        let keys = set["keys"].as_array().unwrap().clone();
        assert!(
            keys.iter()
                .all(|key| key["alg"] == "RS256" && key["use"] == "sig")
        );
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = kids().await;
    let hint = org.redeem(&org.code(&[]).await, &[]).await.json()["id_token"].clone();
    org.okta.rotate_keys().unwrap();
    let after = kids().await;
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_eq!(after[0], before[1]);
    assert!(!before.contains(&after[1]));
    org.okta.rotate_keys().unwrap();
    let hint = format!("/oauth2/v1/logout?id_token_hint={}", hint.as_str().unwrap());
    assert_eq!(
        org.get(&hint).await.status,
        StatusCode::OK,
        "of a retired key"
    );
    assert_eq!(org.okta.requests().of(Endpoint::Keys), 2);
}

/// What `openidconnect` says to the ID token that the organisation issues now.
async fn verify(org: &Org) -> Result<(), ClaimsVerificationError> {
    let tokens = org.redeem(&org.code(&[]).await, &[]).await.json();
    let id_token: CoreIdToken = tokens
        .get("id_token")
        .and_then(|token| token.as_str())
        .unwrap()
        .parse()
        .unwrap();
    let keys: CoreJsonWebKeySet =
        serde_json::from_value(org.get("/oauth2/v1/keys").await.json()).unwrap();
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(CLIENT_ID.to_owned()),
        IssuerUrl::new(org.issuer.clone()).unwrap(),
        keys,
    )
    .set_time_fn(|| (UNIX_EPOCH + Duration::from_secs(NOW)).into());
    id_token
        .claims(&verifier, &Nonce::new("a nonce".to_owned()))
        .map(|_| ())
}

#[tokio::test]
async fn a_tampered_or_unknown_signature_does_not_verify() {
    let org = Org::open().await;
    assert_eq!(verify(&org).await, Ok(()));
    for (switch, error) in [
        (
            Switch::TamperedSignature,
            SignatureVerificationError::CryptoError("bad signature".to_owned()),
        ),
        (
            Switch::UnknownKey,
            SignatureVerificationError::NoMatchingKey,
        ),
    ] {
        org.okta.switches().turn_on(switch);
        assert_eq!(
            verify(&org).await,
            Err(ClaimsVerificationError::SignatureVerification(error)),
            "{switch:?}"
        );
        org.okta.switches().turn_off(switch);
    }
    org.okta.rotate_keys().unwrap();
    assert_eq!(verify(&org).await, Ok(()));
}

#[tokio::test]
async fn switches_change_metadata_keys_userinfo_and_callback() {
    let org = Org::open().await;
    let switches = org.okta.switches();
    switches.turn_on(Switch::MetadataOtherIssuer);
    let metadata = org.get("/.well-known/openid-configuration").await.json();
    assert_eq!(metadata["issuer"], "https://elsewhere.example");
    switches.turn_on(Switch::MetadataOffHost);
    switches.turn_on(Switch::MetadataNoCode);
    let metadata = org.get("/.well-known/openid-configuration").await.json();
    let keys = "https://elsewhere.example/oauth2/v1/keys";
    assert_eq!(metadata["jwks_uri"], keys);
    assert_eq!(metadata["response_types_supported"], json!(["id_token"]));
    switches.turn_on(Switch::MetadataHtml);
    let html = org.get("/.well-known/openid-configuration").await;
    assert_eq!(html.header("content-type"), "text/html; charset=utf-8");
    switches.turn_on(Switch::KeysHtml);
    assert_eq!(
        org.get("/oauth2/v1/keys").await.header("content-type"),
        "text/html; charset=utf-8"
    );

    let tokens = org.redeem(&org.code(&[]).await, &[]).await.json();
    let token = tokens["access_token"].as_str().unwrap();
    let right = org.userinfo(token).await.json();
    assert_eq!(right["email_verified"], true);
    switches.turn_on(Switch::UserInfoOtherSubject);
    assert_ne!(org.userinfo(token).await.json()["sub"], right["sub"]);
    switches.turn_on(Switch::EmailUnverified);
    assert_eq!(org.userinfo(token).await.json()["email_verified"], false);
    switches.turn_on(Switch::NoEmail);
    assert!(org.userinfo(token).await.json().get("email").is_none());
    switches.turn_on(Switch::UserInfoRefused);
    assert_eq!(org.userinfo(token).await.status, StatusCode::UNAUTHORIZED);

    let ada = org.ada().await;
    assert_eq!(org.authorize(&[], &ada).await.returned("iss"), None);
    switches.turn_on(Switch::CallbackOtherIssuer);
    let callback = org.authorize(&[], &ada).await;
    assert_eq!(
        callback.returned("iss").as_deref(),
        Some("https://elsewhere.example")
    );
}

#[tokio::test]
async fn switches_change_the_answers() {
    let org = Org::open().await;
    let part = async |switch: Option<Switch>, part: usize| {
        org.okta.switches().turn_all_off();
        if let Some(switch) = switch {
            org.okta.switches().turn_on(switch);
        }
        let tokens = org.redeem(&org.code(&[]).await, &[]).await.json();
        let token = tokens["id_token"].as_str().unwrap_or_default().to_owned();
        let part = token.split('.').nth(part).unwrap_or_default();
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap_or_default()
    };
    let claims = async |switch| part(switch, 1).await;
    let good = claims(None).await;
    assert_eq!(good["aud"], CLIENT_ID);
    assert_eq!(
        (&good["ver"], &good["exp"]),
        (&json!(1), &json!(NOW + 3600))
    );
    assert_eq!(good["nonce"], "a nonce");
    assert!(
        claims(Some(Switch::ThinTokens))
            .await
            .get("email")
            .is_none()
    );
    assert_ne!(claims(Some(Switch::WrongNonce)).await["nonce"], "a nonce");
    assert_ne!(claims(Some(Switch::WrongAudience)).await["aud"], CLIENT_ID);
    assert_ne!(claims(Some(Switch::WrongIssuer)).await["iss"], org.issuer);
    assert_eq!(claims(Some(Switch::ExpiredToken)).await["exp"], NOW - 3600);
    assert_eq!(
        claims(Some(Switch::EmailUnverified)).await["email_verified"],
        false
    );
    assert_eq!(
        claims(Some(Switch::OtherDomain)).await["email"],
        "ada@elsewhere.example"
    );
    let odd = claims(Some(Switch::OddEmail)).await;
    assert_eq!(odd["email"], "Ada Lovelace <ada@acme.example>");
    assert!(good.get("azp").is_none());
    let other = claims(Some(Switch::OtherParty)).await;
    assert_eq!(other["azp"], "0oaanotherclient");
    let missing = claims(Some(Switch::MissingNonce)).await;
    assert!(missing.get("nonce").is_none());
    assert_eq!(claims(Some(Switch::FutureToken)).await["iat"], NOW + 3600);
    let long = claims(Some(Switch::LongToken)).await;
    assert_eq!(long["exp"], NOW + 315_360_000);
    // That of another access token is always the same.
    let one = claims(Some(Switch::WrongTokenHash)).await;
    let two = claims(Some(Switch::WrongTokenHash)).await;
    assert!(one["at_hash"].is_string() && one["at_hash"] == two["at_hash"]);
    for (switch, algorithm) in [
        (None, "RS256"),
        (Some(Switch::UnsignedToken), "none"),
        (Some(Switch::SharedKeyToken), "HS256"),
    ] {
        assert_eq!(part(switch, 0).await["alg"], algorithm);
    }
    org.okta.switches().turn_all_off();
    org.okta.switches().turn_on(Switch::NoIdToken);
    let tokens = org.redeem(&org.code(&[]).await, &[]).await.json();
    assert!(tokens["id_token"].is_null() && tokens["access_token"].is_string());

    for (switch, status) in [
        (Switch::TokenInvalidClient, 401),
        (Switch::TokenInvalidGrant, 400),
        (Switch::TokenServerError, 500),
        (Switch::TokenRateLimited, 429),
    ] {
        org.okta.switches().turn_all_off();
        org.okta.switches().turn_on(switch);
        assert_eq!(
            org.redeem("any", &[]).await.status.as_u16(),
            status,
            "{switch:?}"
        );
    }
    let limited = org.redeem("any", &[]).await;
    assert_eq!(limited.header("x-rate-limit-remaining"), "0");
    assert_eq!(limited.header("x-rate-limit-reset"), (NOW + 30).to_string());
}
