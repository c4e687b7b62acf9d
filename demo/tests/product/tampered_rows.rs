//! Rows that were changed behind the product's back.

use crate::settings::client_key;
use crate::stage::{CLIENT_SECRET, Stage};

/// Another company's secret, sealed by the same key, in this one's row: it does not open there, and nothing is sent.
#[tokio::test]
async fn mt_28_a_secret_that_was_copied_from_another_row() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await.says(200, "Set on");
    let (admin, anna) = (stage.anna().await, stage.browser());
    let callback = stage.callback(&anna, "anna@acme.example").await;
    stage
        .change(
            "UPDATE connections SET secret = (SELECT secret FROM drafts WHERE tenant = 'globex')
             WHERE tenant = 'acme'",
        )
        .await;
    anna.get(&callback)
        .await
        .says(503, "Something went wrong on our side");
    let page = stage.press_okta(&stage.browser()).await;
    page.says(503, "Something went wrong on our side");
    let event = stage.latest("acme", "fault/secret").await;
    assert!(event.is_some(), "MT-28: the administrator finds the reason");
    assert_eq!(
        stage.count("SELECT count(*) FROM sessions").await,
        2,
        "of the two administrators"
    );
    // What the history advises can be done: the secret is entered again, and the test sign-in proves it.
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_secret", CLIENT_SECRET),
        ("issuer", &*stage.issuer),
        ("email_rule", "exact"),
        ("then", "save"),
    ];
    let page = stage.send_settings(&admin, &fields).await;
    admin.follow(page).await.says(200, "Set on");
    let page = stage.test_sign_in_known(&admin).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    stage
        .sign_in(&stage.browser(), "bo@acme.example")
        .await
        .says(200, "Hello, Bo");
}

/// Something else that was sealed by the same key, in the place of a client key.
#[tokio::test]
async fn mt_28_a_client_key_that_was_overwritten() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    client_key::choose(&stage, &anna).await;
    client_key::take_to_okta(&stage, &anna).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    stage
        .change(
            "UPDATE client_keys SET pkcs8 = (SELECT secret FROM connections WHERE tenant = 'acme')",
        )
        .await;
    let page = stage.press_okta(&stage.browser()).await;
    page.says(503, "Something went wrong on our side");
    let event = stage.latest("acme", "fault/secret").await;
    assert!(event.is_some(), "MT-28: the administrator finds the reason");
}
