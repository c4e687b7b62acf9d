//! The client secret: it goes in, is kept for the issuer it was typed for, and never comes out.

use super::status;
use crate::guide::GINA;
use crate::stage::{CLIENT_SECRET, CLIENT_SECRET_OF_GLOBEX, Stage};

/// The secret goes in and never comes out: not in a page, not in an answer, whatever is asked.
#[tokio::test]
async fn the_client_secret_is_write_only() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    let mut pages = Vec::new();
    let page = stage.save_globex(&gina).await;
    page.says(200, "Set on");
    assert_eq!(page.value("client_secret"), "");
    let sealed = "SELECT secret FROM drafts";
    let before = stage.bytes(sealed).await;
    assert!(!before.is_empty());
    // A blank field keeps it, with another change and without.
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex"),
        ("client_secret", ""),
        ("issuer", &*stage.issuer),
    ];
    pages.push(stage.send_settings(&gina, &fields).await);
    assert_eq!(stage.bytes(sealed).await, before);
    // The form comes back with an error, and the hints while typing see the secret, too.
    let wrong = [
        ("enabled", "on"),
        ("client_secret", CLIENT_SECRET_OF_GLOBEX),
        ("issuer", "ftp://x"),
    ];
    pages.push(stage.send_settings(&gina, &wrong).await);
    let typed = [("client_secret", CLIENT_SECRET_OF_GLOBEX)];
    pages.push(stage.hints(&gina, &typed).await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.approve(&olga, "globex.example").await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex"),
        ("issuer", &*stage.issuer),
        ("then", "test-connection"),
    ];
    let page = stage.send_settings(&gina, &fields).await;
    pages.push(gina.follow(page).await);
    pages.push(stage.test_sign_in(&gina, GINA).await);
    for path in [
        "/settings/sso",
        "/settings/sso/test",
        "/people",
        "/history",
        "/history.csv",
        "/",
    ] {
        pages.push(gina.visit(&stage.at(path)).await);
    }
    for path in ["/operator", "/operator/tenants", "/operator/tenants/globex"] {
        pages.push(olga.visit(&stage.at(path)).await);
    }
    // It was the right one: it signed somebody in.
    pages[4].says(
        200,
        "Single sign-on is active at Globex with these settings.",
    );
    for page in pages {
        assert!(!page.body.contains(CLIENT_SECRET_OF_GLOBEX), "{}", page.url);
        let base64 = "Y2FuYXJ5LWNsaWVudC1zZWNyZXQtb2YtZ2xvYmV4";
        assert!(!page.body.contains(base64), "{}", page.url);
    }
}

/// A new secret is tried by a test sign-in before it is used.
#[tokio::test]
async fn a_new_secret_is_tested_before_it_is_used() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_secret", "not-the-secret"),
        ("issuer", &*stage.issuer),
    ];
    let page = stage.send_settings(&anna, &fields).await;
    anna.follow(page).await.says(200, "Saved as a draft.");
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Failed")
        .says(200, "Nothing was changed.")
        .says(200, "Client secret");
    let bo = stage.browser();
    stage
        .sign_in(&bo, "bo@acme.example")
        .await
        .says(200, "Hello, Bo");
    let right = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_secret", CLIENT_SECRET),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&anna, &right).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
    // The same issuer and client ID: nobody is signed out.
    assert_eq!(stage.me(&bo).await["email"], "bo@acme.example");
}

/// A secret goes to the issuer that it was typed for, as the client that it was typed for, and to no other that somebody
/// types later.
#[tokio::test]
async fn a_stored_secret_goes_to_no_other_issuer() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    let kept = "SELECT count(*) FROM drafts WHERE secret IS NOT NULL";
    let save = async |client_id: &str, issuer: &str| {
        let fields = [
            ("enabled", "on"),
            ("client_id", client_id),
            ("issuer", issuer),
            ("then", "test-sign-in"),
        ];
        let page = stage.send_settings(&gina, &fields).await;
        gina.follow(page).await
    };
    for (client_id, issuer) in [
        ("0oaglobex", "https://globex.okta.com"),
        ("0oaother", &*stage.issuer),
        ("0oaglobex", ""),
        ("", &*stage.issuer),
    ] {
        stage.save_globex(&gina).await.says(200, "Set on");
        assert_eq!(stage.count(kept).await, 1);
        let page = save(client_id, issuer).await;
        page.says(200, "Enter the secret that Okta shows for these.");
        assert!(page.is_invalid("client_secret"), "{client_id} {issuer}");
        assert_eq!(page.value("issuer"), issuer);
        assert_eq!(status(&page), "Not complete");
        assert_eq!(stage.count(kept).await, 0, "{client_id} {issuer}");
        // Not by way of the old values, either.
        save("0oaglobex", &stage.issuer).await;
        assert_eq!(stage.count(kept).await, 0, "{client_id} {issuer}");
    }
    assert!(
        stage
            .latest("globex", "settings/secret-dropped")
            .await
            .is_some()
    );
    // One that was typed first is for what is filled in next.
    stage.change("DELETE FROM drafts").await;
    let first = [
        ("enabled", "on"),
        ("client_secret", CLIENT_SECRET_OF_GLOBEX),
        ("client_id", "0oaglobex"),
    ];
    stage.send_settings(&gina, &first).await;
    save("0oaglobex", &stage.issuer).await;
    assert_eq!(stage.count(kept).await, 1);
}

/// The connection in use has its own secret: a change to another issuer does without it, and a change back finds it.
#[tokio::test]
async fn a_change_of_issuer_leaves_the_secret_in_use() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let save = async |issuer: &str| {
        let fields = [
            ("enabled", "on"),
            ("client_id", "0oaacme"),
            ("issuer", issuer),
        ];
        let page = stage.send_settings(&anna, &fields).await;
        anna.follow(page).await
    };
    save("https://acme.okta.com")
        .await
        .says(200, "Enter the secret that Okta shows for these.");
    let drafted = "SELECT count(*) FROM drafts WHERE secret IS NULL";
    assert_eq!(stage.count(drafted).await, 1);
    save(&stage.issuer).await.says(200, "Nothing was changed");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
    let page = stage.sign_in(&stage.browser(), "bo@acme.example").await;
    page.says(200, "Hello, Bo");
}
