//! The provider's signing keys: rotated, withdrawn, out of reach, and asked for by strangers.

use std::time::Instant;

use okta_sso_conformance::stage::platform::millis;
use okta_sso_conformance::stage::provider::Place;

use super::*;

/// Seconds that the provider's documents stay fresh.
const FRESH: i64 = 300;
/// Seconds that they stand in for newer ones.
const STALE: i64 = 3_600;

#[tokio::test]
async fn f_20_rotated_between_authorization_and_token() {
    let stage = Stage::open().await;
    stage.sign_in(None).await.unwrap();
    let attempt = stage.begin(None).await;
    stage.provider.rotate().unwrap();
    stage.provider.asked(Place::Keys);
    stage.complete(&attempt).await.unwrap();
    let asked = stage.provider.asked(Place::Keys);
    println!("F-20: signed in with the new key, {asked} request for keys more");
    assert_eq!(asked, 1, "F-20");
}

#[tokio::test]
async fn f_21_a_withdrawn_key_is_gone_with_the_next_refresh() {
    let stage = Stage::open().await;
    stage.sign_in(None).await.unwrap();
    let (early, late) = (stage.begin(None).await, stage.begin(None).await);
    stage.provider.withdraw().unwrap();
    // Until the document that was fetched is no longer fresh, nobody can know.
    stage.pass(FRESH - 1);
    stage.complete(&early).await.unwrap();
    stage.pass(1);
    assert_eq!(
        token_problem(stage.complete(&late).await),
        TokenProblem::KeyNotFound,
        "F-21"
    );
    stage.sign_in(None).await.unwrap();
    println!("F-21: a withdrawn key was good for {FRESH} s, then refused; the new one is good");
}

#[tokio::test]
async fn f_22_unknown_keys_are_asked_for_within_a_bucket() {
    const STRANGERS: u32 = 50;
    let stage = Stage::open().await;
    stage.sign_in(None).await.unwrap();
    stage.provider.asked(Place::Keys);
    for _ in 0..STRANGERS {
        let outcome = stage.sign_in(Some(Fault::UnknownKey)).await;
        assert_eq!(token_problem(outcome), TokenProblem::KeyNotFound, "F-22");
    }
    let asked = stage.provider.asked(Place::Keys);
    stage.sign_in(None).await.unwrap();
    println!("F-22: {STRANGERS} tokens with unknown keys, {asked} requests for keys");
    // Three refetches, each of the set that everybody shares and of the client's own.
    assert!(asked <= 6, "F-22 {asked}");
}

#[tokio::test]
async fn f_23_known_keys_stand_in_for_an_hour() {
    let stage = Stage::open().await;
    stage.sign_in(None).await.unwrap();
    stage.provider.set(Place::Keys, Some(Fault::Status(503)));
    stage.provider.asked(Place::Keys);
    let mut logins = 0;
    for step in [FRESH, 600, 600, 600, 600, 600, 599] {
        stage.pass(step);
        stage.sign_in(None).await.unwrap();
        logins += 1;
    }
    let asked = stage.provider.asked(Place::Keys);
    stage.pass(1);
    let refused = refusal(stage.sign_in(None).await);
    assert_eq!(refused, "login/provider-unavailable/keys", "F-23");
    println!(
        "F-23: keys out of reach, {logins} of 7 logins within {STALE} s after they were no longer fresh \
         ({asked} requests), then {refused}"
    );
    stage.provider.set(Place::Keys, None);
    stage.sign_in(None).await.unwrap();
}

#[tokio::test]
async fn f_24_without_known_keys_it_is_told_and_not_remembered() {
    let stage = Stage::open().await;
    stage.provider.set(Place::Keys, Some(Fault::Status(503)));
    let before = Instant::now();
    let refused = refusal(stage.sign_in(None).await);
    let took = millis(before.elapsed());
    assert_eq!(refused, "login/provider-unavailable/keys", "F-24");
    stage.provider.set(Place::Keys, None);
    let before = Instant::now();
    stage.sign_in(None).await.unwrap();
    let again = millis(before.elapsed());
    println!("F-24: cold, {refused} after {took}; keys are back, signed in {again} later");
}
