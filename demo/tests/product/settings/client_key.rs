//! *Public key / Private key*: the product makes the key, Okta is given its public half, and no secret is shared.

use okta_sso_demo::dev_okta::Endpoint;
use serde_json::Value;

use crate::browser::{Browser, Page};
use crate::stage::Stage;

const NEW: &str = "/settings/sso/key/new";
const REMOVE: &str = "/settings/sso/key/remove";
const BO: &str = "bo@acme.example";

/// Saves Acme's settings with a key in the place of the secret.
pub(crate) async fn choose(stage: &Stage, anna: &Browser) -> Page {
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_auth", "private-key"),
        ("issuer", &*stage.issuer),
    ];
    let page = stage.send_settings(anna, &fields).await;
    anna.follow(page).await
}

/// Tells Acme's application in Okta how it proves itself.
async fn tell_okta(stage: &Stage, fields: &[(&str, &str)]) {
    let console = stage.browser();
    let page = format!("{}/admin/app/0oaacme/client-authentication", stage.issuer);
    let url = page.parse().unwrap();
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let told = console
        .send(&url, console.request_post(&url, &fields))
        .await;
    assert!(told.status.is_redirection(), "{}", told.body);
}

/// Has Okta fetch them from the address that the page shows.
pub(crate) async fn take_to_okta(stage: &Stage, anna: &Browser) {
    let page = anna.visit(&stage.at("/settings/sso")).await;
    let address = page.value("jwks_url");
    tell_okta(stage, &[("method", "url"), ("url", &address)]).await;
}

/// What Okta finds at the address of the keys.
async fn served(stage: &Stage) -> Vec<Value> {
    let url = stage.at("/sso/keys/okta-acme");
    let page = stage.browser().get(&url).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), "application/jwk-set+json");
    let set = page.json();
    set.get("keys").unwrap().as_array().unwrap().clone()
}

async fn bo_signs_in(stage: &Stage) {
    let page = stage.sign_in(&stage.browser(), BO).await;
    page.says(200, "Hello, Bo");
}

#[tokio::test]
async fn a_key_takes_the_place_of_the_secret() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    assert_eq!(served(&stage).await.len(), 0);
    choose(&stage, &anna)
        .await
        .says(200, "Saved as a draft.")
        .says(200, "Address of the public keys");
    let keys = served(&stage).await;
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["alg"], "ES256");
    assert!(keys[0].get("d").is_none(), "the private half stays");
    // Okta does not know it yet; what is in use goes on.
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Failed").says(200, "Nothing was changed.");
    bo_signs_in(&stage).await;

    take_to_okta(&stage, &anna).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    bo_signs_in(&stage).await;
    let token = stage.okta.requests().of(Endpoint::Token);
    bo_signs_in(&stage).await;
    assert_eq!(stage.okta.requests().of(Endpoint::Token), token + 1);
    for code in ["key-made", "client-authentication-changed"] {
        let told = stage.latest("acme", &format!("settings/{code}")).await;
        assert_eq!(told.unwrap().0, "anna@acme.example", "{code}");
    }
    // Back to the secret, which was kept.
    tell_okta(&stage, &[("method", "secret")]).await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_auth", "client-secret"),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&anna, &fields).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    bo_signs_in(&stage).await;
}

/// A new key is served before it is used, and the old one until it is removed.
#[tokio::test]
async fn a_key_is_replaced_without_a_gap() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    choose(&stage, &anna).await;
    let settings = stage.at("/settings/sso");
    take_to_okta(&stage, &anna).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    let old = served(&stage).await.remove(0);

    let page = anna.visit(&settings).await;
    let page = anna.submit(&page, NEW, &[]).await;
    let page = anna.follow(page).await;
    page.says(200, "The new key is made")
        .says(200, "Waits for a test sign-in")
        .says(200, "In use");
    assert!(!page.body.contains(NEW), "there are two at most");
    let both = served(&stage).await;
    assert_eq!(both.len(), 2);
    assert!(both.contains(&old));
    bo_signs_in(&stage).await;
    // One that is used is not removed.
    let proof = page.hidden("/settings/sso").remove(0).1;
    let fields = [("proof", &*proof), ("key", old["kid"].as_str().unwrap())];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let remove = stage.at(REMOVE);
    anna.send(&remove, anna.request_post(&remove, &fields))
        .await;
    assert_eq!(served(&stage).await.len(), 2);

    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    bo_signs_in(&stage).await;
    let page = anna.visit(&settings).await;
    let page = anna.submit(&page, REMOVE, &[]).await;
    anna.follow(page).await.says(200, "The key is removed.");
    let left = served(&stage).await;
    assert_eq!(left.len(), 1);
    assert!(!left.contains(&old));
    bo_signs_in(&stage).await;
}

/// Where Okta cannot reach the product, the key is pasted there.
#[tokio::test]
async fn a_pasted_key_is_as_good() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    choose(&stage, &anna).await;
    let key = served(&stage).await.remove(0).to_string();
    let page = anna.visit(&stage.at("/settings/sso")).await;
    let kid = key.split('"').max_by_key(|part| part.len()).unwrap();
    assert!(page.body.contains(kid), "the page shows it");
    tell_okta(&stage, &[("method", "key"), ("key", &key)]).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    bo_signs_in(&stage).await;
}

/// Nobody learns at the address of keys which companies there are.
#[tokio::test]
async fn no_company_has_no_keys() {
    let stage = Stage::open().await;
    let browser = stage.browser();
    for connection in ["okta-globex", "okta-nobody", "draft-acme", "x"] {
        let url = stage.at(&format!("/sso/keys/{connection}"));
        let page = browser.get(&url).await;
        assert_eq!((page.status.as_u16(), &*page.body), (200, r#"{"keys":[]}"#));
    }
}
