//! Clocks that jump, stand years back, or disagree.

use okta_sso_host::{Clock as _, SelfTestError};

use super::*;

const HOUR: i64 = 3_600;

#[tokio::test]
async fn f_40_the_clock_jumps_during_a_login() {
    for (backend, address) in backends().await {
        let stage = Stage::over(&address).await;
        stage.sign_in(None).await.unwrap();
        for jump in [HOUR, -HOUR] {
            let attempt = stage.begin(None).await;
            stage.time.pass(jump);
            let during = refusal(stage.complete(&attempt).await);
            let while_wrong = refusal(stage.sign_in(None).await);
            assert!(
                while_wrong.starts_with("login/token-rejected/"),
                "F-40 {backend}: {while_wrong}"
            );
            stage.time.pass(-jump);
            // The first login on the right time works, and so does one that began before the jump.
            stage.sign_in(None).await.unwrap();
            let attempt = stage.begin(None).await;
            stage.time.pass(jump);
            stage.time.pass(-jump);
            stage.complete(&attempt).await.unwrap();
            println!(
                "F-40 {backend}: {jump:+} s: {during}, then {while_wrong}; right again: signed in at once"
            );
        }
    }
}

#[tokio::test]
async fn f_41_a_clock_ten_years_back() {
    let stage = Stage::open().await;
    assert_eq!(stage.host.plugin.self_test().await, Ok(()));
    stage.time.pass(-10 * 365 * 24 * HOUR);
    let ready = stage.host.plugin.self_test().await;
    assert_eq!(ready, Err(SelfTestError::Clock), "F-41");
    let refused = refusal(stage.sign_in(None).await);
    println!("F-41: not ready ({}), and {refused}", SelfTestError::Clock);
    stage.time.pass(10 * 365 * 24 * HOUR);
    stage.sign_in(None).await.unwrap();
}

/// Logins that begin before and end after each of them. Around a leap second Unix time shows one second twice.
#[tokio::test]
async fn f_42_remarkable_seconds_pass_during_a_login() {
    const SECONDS: [(&str, i64, i64); 5] = [
        ("a leap second", 1_798_761_600, 0),
        ("2038-01-19", 2_147_483_648, 1),
        ("2100-01-01", 4_102_444_800, 1),
        ("2100-02-29, which is none", 4_107_542_400, 1),
        ("2106-02-07", 4_294_967_296, 1),
    ];
    for (backend, address) in backends().await {
        let stage = Stage::over(&address).await;
        for (name, second, step) in SECONDS {
            stage.pass(second - 1 - i64::try_from(stage.time.now()).unwrap());
            let attempt = stage.begin(None).await;
            stage.pass(1);
            stage.pass(step - 1);
            stage.complete(&attempt).await.unwrap();
            stage.sign_in(None).await.unwrap();
            println!("F-42 {backend}: signed in over {name}");
        }
    }
}

#[tokio::test]
async fn f_44_the_providers_clock_is_ahead() {
    let stage = Stage::open().await;
    for ahead in [50, -50, 119] {
        stage.provider.is_ahead(ahead);
        stage.sign_in(None).await.unwrap();
    }
    stage.provider.is_ahead(300);
    let Err(CallError::Answer(LoginError::TokenRejected(rejection))) = stage.sign_in(None).await
    else {
        panic!("F-44: five minutes are beyond the tolerance");
    };
    assert_eq!(
        rejection.problem,
        TokenProblem::IssuedAtUnacceptable,
        "F-44"
    );
    let both = format!("{:?} {:?}", rejection.expected, rejection.found);
    let issued = Time::START + 300;
    println!("F-44: 50 s and 119 s pass, 300 s do not: expected, found {both}");
    assert!(
        both.contains(&issued.to_string()),
        "F-44: the administrator sees by how much"
    );
}
