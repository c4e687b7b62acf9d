//! The way back for a company that has locked itself out, and for one whose issuer changes for good.

use okta_sso_demo::database::Database;
use okta_sso_demo::dev_okta::Switch;
use okta_sso_demo::recover::{self, RecoverError};

use crate::browser::{Browser, Page};
use crate::stage::{PASSWORD, Stage};

const ANNA: &str = "anna@acme.example";
const ACME: &str = "/operator/tenants/acme";

/// The operator asks for a code; the console's answer.
async fn grant(stage: &Stage, olga: &Browser, email: &str, reason: &str) -> Page {
    let page = olga.visit(&stage.at(ACME)).await;
    let fields = [("email", email), ("reason", reason)];
    olga.submit(&page, "/operator/tenants/acme/recover", &fields)
        .await
}

/// Somebody enters a code; stops at the answer.
async fn enter(stage: &Stage, browser: &Browser, code: &str) -> Page {
    let page = browser.visit(&stage.at("/recover")).await;
    page.says(200, "Come in with a recovery code");
    browser.submit(&page, "/recover", &[("code", code)]).await
}

/// Okta does not answer and passwords are refused: the operator's code lets the administrator switch it off.
#[tokio::test]
async fn a_locked_out_company_comes_back() {
    let stage = Stage::open().await;
    let olga = stage.olga().await;
    stage.okta.switches().turn_on(Switch::TokenInvalidClient);
    let anna = stage.browser();
    let refused = stage.sign_in(&anna, ANNA).await;
    let page = stage.password(&anna, ANNA, PASSWORD).await;
    assert_eq!(page.status, 403);
    assert_eq!(page.link("Use a recovery code"), stage.at("/recover"));
    anna.visit(&refused.link("Use a recovery code"))
        .await
        .says(200, "Ledgerline’s support gives you the code.");
    let page = grant(&stage, &olga, ANNA, "Called back on the contract's number").await;
    page.says(
        200,
        "It works once, within one hour, and is not shown again.",
    );
    let code = page.value("code");
    assert_eq!(code.len(), 43);
    for path in [ACME, "/operator"] {
        assert!(!olga.visit(&stage.at(path)).await.body.contains(&code));
    }
    let page = enter(&stage, &anna, &format!(" {code} ")).await;
    let page = anna.follow(page).await;
    assert_eq!(page.url, stage.at("/settings/sso"));
    let me = stage.me(&anna).await;
    assert_eq!(
        (&me["email"], &me["method"]),
        (&ANNA.into(), &"recovery".into())
    );
    let page = anna.visit(&stage.at("/")).await;
    page.says(200, "Hello, Anna Acme · signed in by a recovery code");
    let stranger = stage.browser();
    let page = enter(&stage, &stranger, &code).await;
    page.says(403, "mistyped, used or expired");
    stage.is_signed_out(&stranger);
    // Who, when and why is in the company's history, for the company to read.
    let (actor, detail) = stage
        .latest("acme", "operator/recovery-granted")
        .await
        .unwrap();
    assert_eq!(actor, "operator olga");
    assert_eq!(
        detail,
        format!("{ANNA}: Called back on the contract's number")
    );
    let (actor, _) = stage.latest("acme", "signed-in/recovery").await.unwrap();
    assert_eq!(actor, ANNA);
    anna.visit(&stage.at("/history"))
        .await
        .says(200, "Called back on the contract's number");
    let fields = [("client_id", "0oaacme"), ("issuer", &*stage.issuer)];
    let page = stage.send_settings(&anna, &fields).await;
    page.says(200, "Switch single sign-on off?");
    let page = anna.submit(&page, "/settings/sso/off", &[]).await;
    anna.follow(page).await.says(200, "Single sign-on is off.");
    let page = stage.password(&stage.browser(), ANNA, PASSWORD).await;
    page.says(200, "Hello, Anna");
}

#[tokio::test]
async fn a_code_is_for_one_hour() {
    let stage = Stage::open().await;
    let olga = stage.olga().await;
    let code = grant(&stage, &olga, ANNA, "why").await.value("code");
    stage.pass(60 * 60);
    let anna = stage.browser();
    let page = enter(&stage, &anna, &code).await;
    page.says(403, "mistyped, used or expired");
    // The session ends with the hour, whenever it began; a newer code makes the one before void.
    let first = grant(&stage, &olga, ANNA, "why").await.value("code");
    let second = grant(&stage, &olga, ANNA, "why").await.value("code");
    enter(&stage, &anna, &first)
        .await
        .says(403, "mistyped, used or expired");
    stage.pass(60 * 50);
    let page = enter(&stage, &anna, &second).await;
    assert_eq!(page.status, 303);
    stage.pass(60 * 9);
    assert_eq!(stage.me(&anna).await["email"], ANNA);
    stage.pass(60);
    stage.is_signed_out_of(&anna).await;
}

#[tokio::test]
async fn a_code_is_for_administrators_and_for_a_reason() {
    let stage = Stage::open().await;
    let olga = stage.olga().await;
    for (email, reason, wrong, problem) in [
        (ANNA, " ", "reason", "Say how you know who asked"),
        (
            "bo@acme.example",
            "why",
            "email",
            "no administrator of this company has that e-mail",
        ),
        (
            "gina@globex.example",
            "why",
            "email",
            "no administrator of this company has that e-mail",
        ),
        (
            "",
            "why",
            "email",
            "no administrator of this company has that e-mail",
        ),
    ] {
        let page = grant(&stage, &olga, email, reason).await;
        page.says(422, problem);
        for field in ["email", "reason"] {
            assert_eq!(page.is_invalid(field), field == wrong, "{field}: {email}");
            let told = page.described(field).concat();
            assert_eq!(told.contains(problem), field == wrong, "{field}: {told}");
        }
        assert_eq!(page.value("reason"), reason);
    }
    assert_eq!(stage.count("SELECT count(*) FROM recoveries").await, 0);
    // Whoever was deactivated since does not come in.
    let code = grant(&stage, &olga, ANNA, "why").await.value("code");
    stage
        .change("UPDATE users SET disabled = 1 WHERE email = 'anna@acme.example'")
        .await;
    let anna = stage.browser();
    enter(&stage, &anna, &code)
        .await
        .says(403, "mistyped, used or expired");
    stage.is_signed_out(&anna);
    // Guessing is slowed down.
    for _ in 0..20 {
        enter(&stage, &anna, "guess").await;
    }
    enter(&stage, &anna, "guess")
        .await
        .says(429, "There were too many tries.");
}

/// At the company's request, from the console.
#[tokio::test]
async fn the_operator_switches_it_off() {
    let stage = Stage::open().await;
    let (olga, bo) = (stage.olga().await, stage.browser());
    stage
        .sign_in(&bo, "bo@acme.example")
        .await
        .says(200, "Hello, Bo");
    let page = olga.visit(&stage.at(ACME)).await;
    let page = olga.visit(&page.link("Switch single sign-on off …")).await;
    page.says(200, "Switch single sign-on off?");
    let page = olga.submit(&page, "/operator/tenants/acme/off", &[]).await;
    olga.follow(page)
        .await
        .says(200, "The company’s settings stay as a draft.");
    stage.is_signed_out_of(&bo).await;
    let page = stage.password(&stage.browser(), ANNA, PASSWORD).await;
    page.says(200, "Hello, Anna");
    let (actor, _) = stage
        .latest("acme", "operator/sso-switched-off")
        .await
        .unwrap();
    assert_eq!(actor, "operator olga");
    assert_eq!(
        stage
            .count("SELECT count(*) FROM drafts WHERE tenant = 'acme'")
            .await,
        1
    );
}

/// People who are tied to the issuer before cannot come in until the operator has moved them; a move can be undone.
#[tokio::test]
async fn links_are_moved_to_another_issuer_and_back() {
    let stage = Stage::open().await;
    let olga = stage.olga().await;
    let (anna, bo) = (stage.anna().await, stage.browser());
    stage
        .sign_in(&bo, "bo@acme.example")
        .await
        .says(200, "Hello, Bo");
    stage
        .change("UPDATE links SET issuer = 'https://before.okta.com'")
        .await;
    let page = stage.press_okta(&anna).await;
    page.says(403, "does not open an account here");
    let page = olga.visit(&stage.at(ACME)).await;
    page.says(200, "https://before.okta.com 2 linked");
    let page = olga.submit(&page, "/operator/tenants/acme/move", &[]).await;
    let page = olga.follow(page).await;
    page.says(200, "The links are moved.")
        .says(200, "2 linked In use");
    stage.press_okta(&anna).await.says(200, "Hello, Anna");
    let (actor, detail) = stage.latest("acme", "operator/links-moved").await.unwrap();
    assert_eq!(actor, "operator olga");
    assert_eq!(
        detail,
        format!("2 from https://before.okta.com to {}", stage.issuer)
    );
    let undo = page.hidden("/operator/tenants/acme/undo");
    let page = olga.submit(&page, "/operator/tenants/acme/undo", &[]).await;
    let page = olga.follow(page).await;
    page.says(200, "The move is undone.").says(200, "undone on");
    stage
        .press_okta(&anna)
        .await
        .says(403, "does not open an account here");
    assert!(
        stage
            .latest("acme", "operator/links-moved-back")
            .await
            .is_some()
    );
    // Once; and what is not there is not moved.
    let url = stage.at("/operator/tenants/acme/undo");
    let page = olga.send(&url, olga.request_post(&url, &undo)).await;
    assert_eq!(page.status, 422, "{}", page.text());
    let url = stage.at("/operator/tenants/acme/move");
    let nothing = [("from", "https://nowhere.okta.com")];
    let page = olga.visit(&stage.at(ACME)).await;
    let mut fields = page.hidden("/operator/tenants/acme/move");
    fields.retain(|(name, _)| name != "from");
    fields.extend(nothing.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let page = olga.send(&url, olga.request_post(&url, &fields)).await;
    page.says(422, "no account is tied to that issuer");
}

/// The ties are moved to the issuer of the draft before it is used, for its test fails until then.
#[tokio::test]
async fn links_are_moved_to_the_issuer_of_a_draft() {
    let stage = Stage::open().await;
    let olga = stage.olga().await;
    let anna = stage.anna().await;
    for statement in [
        "UPDATE links SET issuer = 'https://before.okta.com'",
        "UPDATE connections SET issuer = 'https://before.okta.com' WHERE tenant = 'acme'",
        "UPDATE domains SET issuer = 'https://before.okta.com' WHERE tenant = 'acme'",
    ] {
        stage.change(statement).await;
    }
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_secret", crate::stage::CLIENT_SECRET),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&anna, &fields).await;
    stage.approve(&olga, "acme.example").await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Failed You Your account is tied to another issuer");
    let drawn = olga.visit(&stage.at(ACME)).await;
    drawn.says(200, "https://before.okta.com 1 linked In use");
    // What the operator saw is what is done.
    let changed = [
        ("issuer", "https://other.okta.com"),
        ("client_id", "0oaacme"),
    ];
    let mut other = vec![("enabled", "on"), ("client_secret", "other")];
    other.extend(changed);
    stage.send_settings(&anna, &other).await;
    olga.submit(&drawn, "/operator/tenants/acme/move", &[])
        .await
        .says(422, "has changed its issuer since");
    stage.send_settings(&anna, &fields).await;
    let page = olga.visit(&stage.at(ACME)).await;
    let page = olga.submit(&page, "/operator/tenants/acme/move", &[]).await;
    olga.follow(page).await.says(200, "The links are moved.");
    // It passes: the draft is in use, and with another issuer everybody signs in again, as the same users.
    stage.test_sign_in_known(&anna).await.says(200, "Sign in");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
    stage.press_okta(&anna).await.says(200, "Hello, Anna");
    assert_eq!(stage.me(&anna).await["email"], ANNA);
}

/// By command line, while the product runs.
#[tokio::test]
async fn a_code_from_the_command_line() {
    let stage = Stage::open().await;
    let grant = async |tenant: &str, email: &str, reason: &str| {
        let options = recover::Options {
            database: stage.database(),
            tenant: tenant.to_owned(),
            email: email.to_owned(),
            reason: reason.to_owned(),
        };
        recover::grant(&options, stage.clock()).await
    };
    let refused = grant("nowhere", ANNA, "why").await;
    assert!(matches!(refused, Err(RecoverError::NoTenant(_))));
    let refused = grant("acme", "bo@acme.example", "why").await;
    assert!(matches!(refused, Err(RecoverError::NoAdministrator)));
    let refused = grant("acme", ANNA, " ").await;
    assert!(matches!(refused, Err(RecoverError::NoReason)));
    assert_eq!(stage.count("SELECT count(*) FROM recoveries").await, 0);
    let code = grant("acme", ANNA, "why").await.unwrap();
    let anna = stage.browser();
    let page = enter(&stage, &anna, &code).await;
    anna.follow(page).await.says(200, "Single sign-on");
    let (actor, detail) = stage
        .latest("acme", "operator/recovery-granted")
        .await
        .unwrap();
    assert_eq!(actor, "operator at the command line");
    assert_eq!(detail, format!("{ANNA}: why"));
    // A file that is not there is not made.
    let path = std::env::temp_dir().join("ledgerline-that-is-not-there.db");
    let options = recover::Options {
        database: Database::File(path.clone()),
        tenant: "acme".to_owned(),
        email: ANNA.to_owned(),
        reason: "why".to_owned(),
    };
    let refused = recover::grant(&options, stage.clock()).await;
    assert!(matches!(refused, Err(RecoverError::NoFile)));
    assert!(!path.exists());
}
