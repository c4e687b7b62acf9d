//! Recordings of failed sign-ins: only while the company agrees, and found by the number that the person was shown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use okta_sso_demo::dev_okta::Switch;

use crate::browser::Browser;
use crate::place::Place;
use crate::stage::Stage;

const SWITCH: &str = "/settings/sso/recordings";

/// The names of the recordings in a folder.
fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".recording")).collect()
}

/// The only recording, which is written beside the answer that the browser gets.
async fn only(folder: &Path) -> String {
    for _ in 0..500 {
        if let [name] = names(folder).as_slice() {
            return name.clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{:?}", names(folder))
}

/// A product with recordings, where every token is for somebody else.
async fn open() -> (Stage, Place, PathBuf) {
    let folder = Place::new().await;
    let recordings = folder.file("recordings");
    let flags = ["--recordings", recordings.to_str().unwrap()];
    let stage = Stage::open_with(&flags).await;
    (stage, folder, recordings)
}

async fn set(stage: &Stage, anna: &Browser, record: &str) {
    let page = anna.visit(&stage.at("/settings/sso")).await;
    let answer = anna.submit(&page, SWITCH, &[("record", record)]).await;
    assert_eq!(answer.location(), stage.at("/settings/sso#recordings"));
}

#[tokio::test]
async fn a_failed_sign_in_is_recorded_where_the_company_agrees() {
    let (stage, folder, recordings) = open().await;
    let anna = stage.anna().await;
    let page = anna.visit(&stage.at("/settings/sso")).await;
    page.says(200, "Recordings of failed sign-ins Off");
    stage.okta.switches().turn_on(Switch::WrongAudience);
    // Nobody agreed yet.
    stage.sign_in(&stage.browser(), "bo@acme.example").await;

    set(&stage, &anna, "on").await;
    let page = anna.visit(&stage.at("/settings/sso")).await;
    page.says(200, "Recordings of failed sign-ins On")
        .says(200, "Nothing is kept at the moment.");
    let (actor, _) = stage
        .latest("acme", "settings/recordings-on")
        .await
        .unwrap();
    assert_eq!(actor, "anna@acme.example");
    // Another company did not, and who comes in is nobody's to study.
    let berta = stage.browser();
    let page = berta.visit(&stage.at("/login?tenant=beta")).await;
    let page = berta.visit(&page.link("Okta")).await;
    let callback = stage.identify(&berta, &page, "berta@beta.example").await;
    let refused = berta.visit(&callback).await;
    let (code, ..) = stage.history("beta", &refused.number()).await;
    assert_eq!(code, "login/token-rejected/audience-mismatch");
    stage.okta.switches().turn_all_off();
    let page = stage.sign_in(&stage.browser(), "bo@acme.example").await;
    page.says(200, "Hello, Bo");
    stage.okta.switches().turn_on(Switch::WrongAudience);
    let refused = stage.sign_in(&stage.browser(), "bo@acme.example").await;
    let number = refused.number();
    let name = only(&recordings).await;
    assert!(name.ends_with(&format!("-{number}.recording")), "{name}");

    let history = stage.at(&format!("/history?search={number}"));
    let page = anna.visit(&history).await;
    page.says(
        200,
        "A recording of it is kept under this reference until 28 Sep 2026",
    );
    let page = anna.visit(&stage.at("/settings/sso")).await;
    page.says(200, "1 recording is kept");
    // Sealed, and its key is not beside it.
    let bytes = std::fs::read(recordings.join(&name)).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("acme") && !text.contains("eyJ"));
    assert!(folder.file("recordings.key").is_file());
    assert_eq!(std::fs::read_dir(&recordings).unwrap().count(), 1);

    stage.pass(7 * 24 * 60 * 60);
    stage.okta.switches().turn_all_off();
    let page = stage.anna().await.visit(&history).await;
    page.says(200, &number);
    assert!(!page.text().contains("recording of it"));
}

#[tokio::test]
async fn who_ends_them_deletes_what_was_kept() {
    let (stage, _folder, recordings) = open().await;
    let anna = stage.anna().await;
    set(&stage, &anna, "on").await;
    stage.okta.switches().turn_on(Switch::WrongAudience);
    stage.sign_in(&stage.browser(), "bo@acme.example").await;
    only(&recordings).await;

    set(&stage, &anna, "off").await;
    assert!(names(&recordings).is_empty());
    let (actor, _) = stage
        .latest("acme", "settings/recordings-off")
        .await
        .unwrap();
    assert_eq!(actor, "anna@acme.example");
    // What is so already is no event, and from here on nothing is kept.
    set(&stage, &anna, "off").await;
    let ended = "SELECT count(*) FROM events WHERE code = 'settings/recordings-off'";
    assert_eq!(stage.count(ended).await, 1);
    stage.sign_in(&stage.browser(), "bo@acme.example").await;
    set(&stage, &anna, "on").await;
    let refused = stage.sign_in(&stage.browser(), "bo@acme.example").await;
    let name = only(&recordings).await;
    assert!(name.contains(&refused.number()), "{name}");
}

#[tokio::test]
async fn where_the_deployment_has_none_nobody_is_asked() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let page = anna.visit(&stage.at("/settings/sso")).await;
    assert!(!page.text().contains("Recordings"));
    let mut fields = page.hidden("/settings/sso");
    fields.push(("record".to_owned(), "on".to_owned()));
    let url = stage.at(SWITCH);
    let request = anna.request_post(&url, &fields);
    let request = request.header("sec-fetch-site", "same-origin");
    anna.send(&url, request)
        .await
        .says(404, "There is no such page");
}
