//! Signing out: here, at Okta, everywhere; and sessions that end by themselves.

use crate::browser::Browser;
use crate::stage::{PASSWORD, Stage};

#[tokio::test]
async fn signing_out_here_leaves_okta_alone() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let home = stage.sign_in(&anna, "anna@acme.example").await;
    let session = anna.cookie(&stage.public_url, "__Host-session").unwrap();
    let page = anna.submit(&home, "/logout", &[]).await;
    page.says(200, "You are signed out of Ledgerline in this browser.")
        .says(200, "You are still signed in at Okta.");
    stage.is_signed_out(&anna);
    anna.plant(&stage.public_url, "__Host-session", &session);
    assert_eq!(anna.get(&stage.at("/me")).await.status, 401);
    // Okta asks for nothing.
    stage.press_okta(&anna).await.says(200, "Hello, Anna");
}

#[tokio::test]
async fn signing_out_at_okta_too() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let home = stage.sign_in(&anna, "anna@acme.example").await;
    let page = anna.submit(&home, "/logout", &[]).await;
    let link = page.link("Sign out of Okta too");
    let left = anna.get(&link).await;
    assert!(
        left.location().as_str().starts_with(&stage.issuer),
        "{}",
        left.text()
    );
    let back = anna.follow(left).await;
    assert_eq!(back.url.path(), "/signed-out");
    back.says(200, "You are signed out of Ledgerline and of Okta.");
    stage.press_okta(&anna).await.says(200, "Username");
    // Once.
    anna.get(&link)
        .await
        .says(200, "You are signed out here, but perhaps not at Okta.");
}

/// Anybody can open the address, and link to it: what it says of Okta's session is for whoever was sent there from here.
#[tokio::test]
async fn what_is_not_known_of_oktas_session_is_not_said() {
    const OF_OKTA: [&str; 2] = ["and of Okta", "Your session at Okta has ended"];
    let stage = Stage::open().await;
    let is_silent = async |browser: &Browser, address: &str, words: &str| {
        let page = browser.visit(&stage.at(address)).await;
        page.says(200, words);
        for claim in OF_OKTA {
            assert!(!page.text().contains(claim), "{address}: {}", page.text());
        }
    };
    let anna = stage.browser();
    let known = "You are signed in to Ledgerline in this browser.";
    let unknown = "You are signed out of Ledgerline. Okta may still know you.";
    is_silent(&anna, "/signed-out", unknown).await;
    is_silent(&anna, "/signed-out?state=x", unknown).await;
    let home = stage.sign_in(&anna, "anna@acme.example").await;
    is_silent(&anna, "/signed-out", known).await;
    let page = anna.submit(&home, "/logout", &[]).await;
    let left = anna.get(&page.link("Sign out of Okta too")).await;
    is_silent(&anna, "/signed-out", unknown).await;
    is_silent(&anna, "/signed-out?state=x", unknown).await;
    // Signed in here again in the meantime.
    stage.press_okta(&anna).await.says(200, "Hello, Anna");
    let back = anna.follow(left).await;
    back.says(200, "Your session at Okta has ended.");
    // Once.
    is_silent(
        &anna,
        &format!("/signed-out?{}", back.url.query().unwrap()),
        known,
    )
    .await;
}

#[tokio::test]
async fn the_way_to_okta_is_open_for_five_minutes() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let home = stage.sign_in(&anna, "anna@acme.example").await;
    let page = anna.submit(&home, "/logout", &[]).await;
    stage.pass(300);
    anna.get(&page.link("Sign out of Okta too"))
        .await
        .says(200, "You are signed out here, but perhaps not at Okta.");
}

#[tokio::test]
async fn signing_out_everywhere() {
    let stage = Stage::open().await;
    let (phone, desk) = (stage.browser(), stage.browser());
    stage.sign_in(&phone, "anna@acme.example").await;
    let home = stage.sign_in(&desk, "anna@acme.example").await;
    let page = desk
        .submit(&home, "/logout", &[("scope", "everywhere")])
        .await;
    page.says(200, "You are signed out of Ledgerline in every browser.");
    assert_eq!(phone.get(&stage.at("/me")).await.status, 401);
    assert_eq!(stage.count("SELECT count(*) FROM sessions").await, 0);
}

#[tokio::test]
async fn signing_out_needs_a_form_of_ours() {
    let stage = Stage::open().await;
    let gina = stage.browser();
    stage.password(&gina, "gina@globex.example", PASSWORD).await;
    let url = stage.at("/logout");
    gina.get(&url)
        .await
        .says(405, "This page cannot be used that way");
    let forged = gina.send(&url, gina.request_post(&url, &[])).await;
    forged.says(403, "This form has expired");
    stage.me(&gina).await;
}

/// `/me` asks once in so many seconds, and the answers are counted.
async fn used_every(stage: &Stage, seconds: u64, times: u32) -> u32 {
    let gina = stage.browser();
    stage.password(&gina, "gina@globex.example", PASSWORD).await;
    for time in 0..times {
        stage.pass(seconds);
        if gina.get(&stage.at("/me")).await.status != 200 {
            return time;
        }
    }
    times
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_of_use_or_two_without() {
    let stage = Stage::open().await;
    let hour = 60 * 60;
    assert_eq!(
        used_every(&stage, hour, 13).await,
        11,
        "the twelfth hour is over"
    );
    assert_eq!(used_every(&stage, 2 * hour - 1, 3).await, 3);
    assert_eq!(used_every(&stage, 2 * hour, 1).await, 0);
}

#[tokio::test]
async fn how_long_a_session_lasts_can_be_said() {
    let stage = Stage::open_with(&["--session-minutes=30", "--idle-minutes=10"]).await;
    assert_eq!(used_every(&stage, 9 * 60, 5).await, 3);
    assert_eq!(used_every(&stage, 10 * 60, 1).await, 0);
}

/// T43
#[tokio::test]
async fn who_is_disabled_is_out_at_once() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    stage.sign_in(&anna, "anna@acme.example").await;
    stage
        .change("UPDATE users SET disabled = 1 WHERE email = 'anna@acme.example'")
        .await;
    assert_eq!(anna.get(&stage.at("/me")).await.status, 401);
    stage
        .press_okta(&anna)
        .await
        .says(403, "that sign-in does not open an account here");
}
