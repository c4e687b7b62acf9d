//! The operators' audit trail: who came into the console, and what strangers tried.

use crate::browser::{Browser, Page};
use crate::guide::{GINA, OPERATOR_PASSWORD};
use crate::stage::Stage;

/// What was typed into the wrong field.
const SLIP: &str = "canary-slip";

async fn sign_in(stage: &Stage, browser: &Browser, name: &str, password: &str) -> Page {
    let page = browser.visit(&stage.at("/operator/login")).await;
    let fields = [("name", name), ("password", password)];
    browser.submit(&page, "/operator/login", &fields).await
}

async fn trail(stage: &Stage, olga: &Browser, kind: &str) -> Page {
    let mut url = stage.at("/operator/events");
    url.query_pairs_mut().append_pair("kind", kind);
    olga.visit(&url).await
}

/// The words, each as often as it stands on the page.
#[track_caller]
fn lines(page: &Page, words: &str, times: usize) {
    let text = page.text();
    assert_eq!(text.matches(words).count(), times, "{words}: {text}");
}

#[tokio::test]
async fn operators_come_and_go() {
    let stage = Stage::open().await;
    let olga = stage.olga().await;
    let page = olga.visit(&stage.at("/operator")).await;
    olga.submit(&page, "/operator/logout", &[]).await;
    // A form that is sent twice tells nothing twice, and a session that is over is nobody's.
    olga.submit(&page, "/operator/logout", &[]).await;
    stage.pass(60);
    for (name, password) in [("olga", SLIP), (SLIP, OPERATOR_PASSWORD)] {
        let page = sign_in(&stage, &stage.browser(), name, password).await;
        page.says(403, "Name or password is not right.");
    }
    let olga = stage.olga().await;
    let page = trail(&stage, &olga, "").await;
    page.says(200, "Who came into this console");
    lines(&page, "olga Signed in to the console.", 2);
    lines(&page, "olga Signed out of the console.", 1);
    lines(&page, "olga Tried to sign in to the console", 1);
    lines(&page, "Tried to sign in to the console", 2);
    lines(&page, "127.0.0.1", 5);
    // A password in the wrong field is repeated nowhere.
    assert!(!page.body.contains(SLIP), "{}", page.text());
    let page = trail(&stage, &olga, "refused").await;
    lines(&page, "Tried to sign in to the console", 2);
    lines(&page, "Signed in to the console.", 0);
    let page = trail(&stage, &olga, "changed").await;
    page.says(200, "Nothing of this kind has happened yet");
}

/// A limit is one line each time that it is reached, however often somebody knocks at it then.
#[tokio::test]
async fn each_limit_is_told_once() {
    let stage = Stage::open().await;
    let browser = stage.browser();
    let start = stage.at("/sso/okta/start?tenant=nobody");
    for _ in 0..110 {
        browser.get(&start).await;
    }
    let back = stage.at("/sso/okta/callback?state=x&code=x");
    for _ in 0..105 {
        browser.get(&back).await;
    }
    for _ in 0..13 {
        stage.password(&browser, GINA, "wrong").await;
    }
    stage.pass(60);
    for _ in 0..3 {
        stage.password(&browser, GINA, "wrong").await;
    }
    stage.pass(60);
    let page = browser.visit(&stage.at("/recover")).await;
    for _ in 0..23 {
        browser.submit(&page, "/recover", &[("code", SLIP)]).await;
    }
    stage.pass(60);
    for _ in 0..12 {
        sign_in(&stage, &browser, "olga", "wrong").await;
    }
    stage.pass(60);
    let olga = stage.olga().await;
    let page = trail(&stage, &olga, "refused").await;
    lines(&page, "Too many sign-ins with Okta were begun.", 1);
    lines(&page, "Too many returns from Okta came to nothing.", 1);
    lines(&page, "Too many wrong recovery codes.", 1);
    lines(&page, "Tried a recovery code", 20);
    lines(&page, "Too many wrong passwords.", 3);
    lines(
        &page,
        "gina@globex.example at the common page, globex.example",
        2,
    );
    lines(&page, "one name at the console", 1);
    lines(&page, "olga Tried to sign in to the console", 10);
    assert!(!page.body.contains(SLIP), "{}", page.text());
}

/// Whoever is let in is on record: were the table out of reach, nobody would be let in.
#[tokio::test]
async fn nobody_comes_in_unrecorded() {
    let stage = Stage::open().await;
    stage
        .change("ALTER TABLE operator_events RENAME TO away")
        .await;
    let olga = stage.browser();
    let page = sign_in(&stage, &olga, "olga", OPERATOR_PASSWORD).await;
    page.says(503, "Something went wrong on our side");
    let sessions = "SELECT count(*) FROM operator_sessions";
    assert_eq!(stage.count(sessions).await, 0);
}
