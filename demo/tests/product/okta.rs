//! Signing in with Okta, and each way in which that ends without a session.

use std::time::{Duration, Instant};

use okta_sso_demo::dev_okta::Switch;

use crate::stage::Stage;

#[tokio::test]
async fn signing_in() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let page = stage.sign_in(&anna, "anna@acme.example").await;
    page.says(200, "Hello, Anna");
    assert_eq!(page.url, stage.at("/"));
    let me = stage.me(&anna).await;
    assert_eq!(me["tenant"], "acme");
    assert_eq!(me["email"], "anna@acme.example");
    assert_eq!(me["method"], "okta");
    assert!(!me["user"].as_str().unwrap().is_empty());
    let stranger = stage.browser().get(&stage.at("/me")).await;
    assert_eq!(stranger.status, 401);
}

#[tokio::test]
async fn wrong_browser() {
    let stage = Stage::open().await;
    let (anna, stranger) = (stage.browser(), stage.browser());
    let callback = stage.callback(&anna, "anna@acme.example").await;
    let page = stranger.visit(&callback).await;
    page.says(400, "This sign-in was started in another browser")
        .says(400, "Go back to the sign-in page and try again.");
    stage.is_signed_out(&stranger);
    let (code, ..) = stage.history("acme", &page.number()).await;
    assert_eq!(code, "login/transaction-not-found");
    // A stranger does not use up somebody's attempt.
    anna.visit(&callback).await.says(200, "Hello, Anna");
}

/// Okta goes on answering with the one whom it knows, until it is asked to ask.
#[tokio::test]
async fn the_wrong_person_comes_as_somebody_else() {
    const ELSE: &str = "Sign in to Okta as somebody else";
    let stage = Stage::open().await;
    let bo = stage.browser();
    let page = stage.sign_in(&bo, "eve@acme.example").await;
    page.says(403, "that sign-in does not open an account here");
    let same = stage.press_okta(&bo).await;
    same.says(403, "that sign-in does not open an account here");
    let asked = bo.visit(&same.link(ELSE)).await;
    let callback = stage.identify(&bo, &asked, "bo@acme.example").await;
    bo.visit(&callback).await.says(200, "Hello, Bo");
    // Whatever the reason is: the way is the same, and where nobody came back from Okta there is none.
    stage.okta.switches().turn_on(Switch::TamperedSignature);
    let other = stage.sign_in(&stage.browser(), "bo@acme.example").await;
    assert_eq!(other.link(ELSE), page.link(ELSE));
    for address in ["/sso/okta/start?tenant=none", "/sso/okta/callback"] {
        let refused = stage.browser().visit(&stage.at(address)).await;
        assert!(!refused.text().contains(ELSE), "{}", refused.text());
    }
}

#[tokio::test]
async fn replayed_callback() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let callback = stage.callback(&anna, "anna@acme.example").await;
    anna.visit(&callback).await.says(200, "Hello, Anna");
    let page = anna.visit(&callback).await;
    page.says(400, "This sign-in did not succeed")
        .says(400, "or was used already.")
        .says(
            400,
            "In this browser you are still signed in as anna@acme.example.",
        );
    assert_eq!(page.link("Go on to Ledgerline"), stage.at("/"));
    assert_eq!(stage.me(&anna).await["email"], "anna@acme.example");
    assert_eq!(stage.count("SELECT count(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn two_tabs() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let first = stage.press_okta(&anna).await;
    let second = stage.press_okta(&anna).await;
    let second = stage.identify(&anna, &second, "anna@acme.example").await;
    let first = stage.identify(&anna, &first, "anna@acme.example").await;
    assert_ne!(first, second);
    anna.visit(&first).await.says(200, "Hello, Anna");
    let session = anna.cookie(&stage.public_url, "__Host-session");
    anna.visit(&second).await.says(200, "Hello, Anna");
    assert_ne!(anna.cookie(&stage.public_url, "__Host-session"), session);
    assert_eq!(stage.count("SELECT count(*) FROM sessions").await, 1);
}

#[tokio::test]
async fn tampered_token() {
    let stage = Stage::open().await;
    stage.okta.switches().turn_on(Switch::TamperedSignature);
    let anna = stage.browser();
    let page = stage.sign_in(&anna, "anna@acme.example").await;
    page.says(502, "Your sign-in could not be completed.")
        .says(502, "Go back to the sign-in page and try again.");
    stage.is_signed_out(&anna);
    let (code, ..) = stage.history("acme", &page.number()).await;
    assert_eq!(code, "login/token-rejected/signature-mismatch");
    assert_eq!(stage.count("SELECT count(*) FROM links").await, 0);
}

#[tokio::test]
async fn rotated_key() {
    let stage = Stage::open().await;
    stage
        .sign_in(&stage.browser(), "anna@acme.example")
        .await
        .says(200, "Hello, Anna");
    stage.okta.rotate_keys().unwrap();
    stage
        .sign_in(&stage.browser(), "anna@acme.example")
        .await
        .says(200, "Hello, Anna");
    stage.okta.switches().turn_on(Switch::UnknownKey);
    let page = stage.sign_in(&stage.browser(), "anna@acme.example").await;
    page.says(502, "Your sign-in could not be completed.");
    let (code, ..) = stage.history("acme", &page.number()).await;
    assert_eq!(code, "login/token-rejected/key-not-found");
}

#[tokio::test]
async fn thin_token() {
    let stage = Stage::open().await;
    stage.okta.switches().turn_on(Switch::ThinTokens);
    let bo = stage.browser();
    stage
        .sign_in(&bo, "bo@acme.example")
        .await
        .says(200, "Hello, Bo");
    assert_eq!(stage.me(&bo).await["email"], "bo@acme.example");
}

#[tokio::test]
async fn wrong_domain() {
    let stage = Stage::open().await;
    stage.okta.switches().turn_on(Switch::OtherDomain);
    let bo = stage.browser();
    let page = stage.sign_in(&bo, "bo@acme.example").await;
    page.says(403, "that sign-in does not open an account here");
    stage.is_signed_out(&bo);
    let (code, actor, _) = stage.history("acme", &page.number()).await;
    assert_eq!(code, "login/email-domain-not-approved");
    assert_eq!(actor, "bo@elsewhere.example");
}

#[tokio::test]
async fn uninvited_user() {
    let stage = Stage::open().await;
    let users = stage.count("SELECT count(*) FROM users").await;
    let eve = stage.browser();
    let page = stage.sign_in(&eve, "eve@acme.example").await;
    page.says(403, "that sign-in does not open an account here")
        .says(403, "ask your administrator to invite you");
    stage.is_signed_out(&eve);
    let (code, actor, _) = stage.history("acme", &page.number()).await;
    assert_eq!(code, "account/not-invited");
    assert_eq!(actor, "eve@acme.example");
    assert_eq!(stage.count("SELECT count(*) FROM users").await, users);
    assert_eq!(stage.count("SELECT count(*) FROM links").await, 0);
}

#[tokio::test]
async fn tile_launch() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let dashboard = anna.visit(&stage.issuer.parse().unwrap()).await;
    let dashboard = stage.identify(&anna, &dashboard, "anna@acme.example").await;
    let dashboard = anna.visit(&dashboard).await;
    let tile = format!("{}/home/oidc_client/0oaacme", stage.issuer);
    assert!(dashboard.body.contains("/home/oidc_client/0oaacme"));
    let page = anna.visit(&tile.parse().unwrap()).await;
    page.says(
        403,
        "403 User performed OIDC single sign-on to app - failure: missing_initiate_login_uri",
    );
    stage.is_signed_out(&anna);
    // The way that the page names works at once: Okta knows her already.
    page.says(403, "choose Okta on its login page");
    stage.press_okta(&anna).await.says(200, "Hello, Anna");
}

/// Refusals that would tell a stranger who exists, in whatever way they differ inside.
#[tokio::test]
async fn refusals_of_a_person_read_the_same() {
    let stage = Stage::open().await;
    let mut pages = Vec::new();
    for (login, switch, reason) in [
        ("eve@acme.example", None, "account/not-invited"),
        ("old@acme.example", None, "account/not-invited"),
        ("dan@acme.example", None, "account/disabled"),
        (
            "bo@acme.example",
            Some(Switch::OtherDomain),
            "login/email-domain-not-approved",
        ),
        (
            "bo@acme.example",
            Some(Switch::EmailUnverified),
            "login/email-unverified",
        ),
    ] {
        stage.okta.switches().turn_all_off();
        if let Some(switch) = switch {
            stage.okta.switches().turn_on(switch);
        }
        let browser = stage.browser();
        let page = stage.sign_in(&browser, login).await;
        let number = page.number();
        assert_eq!(stage.history("acme", &number).await.0, reason);
        stage.is_signed_out(&browser);
        pages.push((page.status, page.body.replace(&number, "NUMBER")));
    }
    let same = pages.windows(2).all(|pair| pair[0] == pair[1]);
    assert!(same, "{pages:#?}");
}

/// The page promises a reason in the history where there is one, and nowhere else.
#[tokio::test]
async fn a_reason_is_promised_where_it_is_recorded() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let callback = stage.callback(&anna, "anna@acme.example").await;
    let administrator = "Your administrator finds the reason under this reference";
    let support = "Ledgerline’s support finds the reason under this reference";
    stage.okta.switches().turn_on(Switch::TamperedSignature);
    let page = stage.sign_in(&stage.browser(), "bo@acme.example").await;
    page.says(502, administrator);
    stage.pass(60 * 60);
    let page = anna.visit(&callback).await;
    page.says(400, support);
    let recorded = "SELECT count(*) FROM events";
    assert_eq!(stage.count(recorded).await, 1);
    let page = anna.visit(&stage.at("/sso/okta/start?tenant=nobody")).await;
    page.says(404, support);
    stage.okta.switches().turn_all_off();
    let callback = stage.callback(&stage.browser(), "anna@acme.example").await;
    stage.change("UPDATE connections SET enabled = 0").await;
    let page = anna.visit(&callback).await;
    page.says(400, support);
    assert_eq!(stage.count(recorded).await, 1);
}

/// However often a stranger opens the address of somebody's callback, the history says it once.
#[tokio::test]
async fn a_callback_that_is_opened_again_and_again_is_one_refusal() {
    let stage = Stage::open().await;
    let (anna, stranger) = (stage.browser(), stage.browser());
    let callback = stage.callback(&anna, "anna@acme.example").await;
    for _ in 0..5 {
        let page = stranger.visit(&callback).await;
        page.says(400, "This sign-in was started in another browser")
            .says(400, "Your administrator finds the reason");
    }
    assert_eq!(stage.count("SELECT count(*) FROM events").await, 1);
    anna.visit(&callback).await.says(200, "Hello, Anna");
    assert_eq!(stage.count("SELECT count(*) FROM events").await, 2);
}

/// F-58: whoever finds no place within a second is told so, and the administrator why.
#[tokio::test]
async fn f_58_every_place_is_taken() {
    const PLACES: usize = 16; // of one connection
    let stage = Stage::open().await;
    let switches = stage.okta.switches();
    switches.turn_on(Switch::SlowAnswers);
    let start = stage.at("/sso/okta/start?tenant=acme");
    let before = Instant::now();
    let people = (0..=PLACES).map(|_| {
        let (person, start) = (stage.browser(), start.clone());
        tokio::spawn(async move { (person.get(&start).await, before.elapsed()) })
    });
    let people: Vec<_> = people.collect();
    let (mut full, mut slow) = (Vec::new(), 0);
    for person in people {
        let (page, told) = person.await.unwrap();
        assert_eq!(page.status, 503, "F-58: {}", page.text());
        let (code, _, detail) = stage.history("acme", &page.number()).await;
        match &*code {
            "fault/limit" => full.push((page, detail, told)),
            "login/provider-unavailable/metadata" => slow += 1,
            other => panic!("F-58: {other}"),
        }
    }
    let [(page, detail, told)] = &*full else {
        panic!("F-58: {} found no place", full.len());
    };
    assert_eq!(slow, PLACES, "F-58");
    page.says(503, "try again");
    println!("F-58: told after {told:.1?}; the history says: {detail}");
    assert!(*told < Duration::from_secs(3), "F-58 {told:?}");

    // Its places are free again, once the provider is asked again.
    switches.turn_all_off();
    let anna = stage.browser();
    while anna.get(&start).await.status != 303 {
        assert!(before.elapsed() < Duration::from_secs(60), "F-58");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let page = stage.sign_in(&anna, "anna@acme.example").await;
    page.says(200, "Hello, Anna");
}
