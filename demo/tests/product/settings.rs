//! *Settings*, *Single sign-on*: from nothing to active, and what stands in the way.

pub(crate) mod client_key;
mod draft;
mod second_secret;
mod secret;
mod test_sign_in;

use okta_sso_demo::dev_okta::Switch;

use crate::guide::GINA;
use crate::stage::{PASSWORD, Stage};

/// What stands beside the page's title.
fn status(page: &crate::browser::Page) -> String {
    let (_, after) = page.body.split_once("id=\"status\">").unwrap();
    after.split_once('<').unwrap().0.to_owned()
}

/// The guide in its order: toggle, values, domain, confirmation, test; each state is said as it is reached.
#[tokio::test]
async fn from_nothing_to_active() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Not configured");
    page.says(200, "Your people sign in with passwords.")
        .says(200, "No domain yet");
    assert_eq!(
        page.value("redirect_uri"),
        stage.at("/sso/okta/callback").as_str()
    );
    assert_eq!(
        page.value("post_logout_redirect_uri"),
        stage.at("/signed-out").as_str()
    );
    // The toggle alone saves a draft.
    let fields = [("enabled", "on"), ("then", "save")];
    let page = stage.send_settings(&gina, &fields).await;
    let page = gina.follow(page).await;
    page.says(200, "Saved as a draft.")
        .says(200, "passwords stop working at Globex");
    assert_eq!(status(&page), "Not complete");
    let page = stage.save_globex(&gina).await;
    page.says(200, "Saved as a draft.")
        .says(200, "passwords stop working at Globex");
    assert_eq!(status(&page), "Waiting for the domain");
    assert_eq!(page.link("Ask for it").fragment(), Some("new-domain"));
    assert_eq!(page.link("recovery code"), stage.at("/recover"));
    let page = stage.ask_for_domain(&gina, " Globex.Example ").await;
    page.says(200, "We have your request: see SSO domain")
        .says(200, "globex.example")
        .says(200, "gina@globex.example asked for it on");
    // Approved and not tested: not active.
    stage.approve(&olga, "globex.example").await.says(
        200,
        "Approved. It counts for exactly the issuer and client ID",
    );
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Waiting for a test sign-in");
    page.says(200, "Confirmed on");
    let hal = stage.browser();
    let page = stage.password(&hal, "hal@globex.example", PASSWORD).await;
    page.says(200, "Hello, Hal");
    // The warning comes before the last step.
    gina.visit(&stage.at("/settings/sso/test"))
        .await
        .says(200, "single sign-on becomes active at once")
        .says(200, "passwords stop working at Globex");
    let before = stage.count("SELECT count(*) FROM sessions").await;
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(200, "Passed").says(
        200,
        "Single sign-on is active at Globex with these settings.",
    );
    assert_eq!(stage.count("SELECT count(*) FROM sessions").await, before);
    assert_eq!(stage.count("SELECT count(*) FROM links").await, 0);
    assert_eq!(stage.me(&gina).await["method"], "password");
    assert!(
        stage
            .latest("globex", "settings/test-passed")
            .await
            .is_some()
    );
    let (actor, detail) = stage.latest("globex", "settings/active").await.unwrap();
    assert_eq!((actor.as_str(), detail), (GINA, stage.issuer.clone()));
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Active");
    // Passwords have stopped, and everybody who had one can come in by Okta.
    let page = stage.password(&stage.browser(), GINA, PASSWORD).await;
    page.says(403, "Okta");
    stage.is_signed_out(&stage.browser());
    let hal = stage.browser();
    let page = hal.visit(&stage.at("/sso/okta/start?tenant=globex")).await;
    let callback = stage.identify(&hal, &page, "hal@globex.example").await;
    hal.visit(&callback).await.says(200, "Hello, Hal");
    assert_eq!(stage.me(&hal).await["method"], "okta");
}

/// The other order: the test passes while the domain waits, and the operator's word is the last step.
#[tokio::test]
async fn an_approval_after_the_test_activates() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(200, "The settings work.")
        .says(200, "which we have not confirmed yet");
    let page = stage.password(&stage.browser(), GINA, PASSWORD).await;
    page.says(200, "Hello, Gina");
    stage.approve(&olga, "globex.example").await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Active");
    let page = stage.password(&stage.browser(), GINA, PASSWORD).await;
    page.says(403, "Okta");
}

/// Whoever tested must be able to come in: another domain than theirs is not enough.
#[tokio::test]
async fn an_approval_of_another_domain_than_the_tested_one_does_not_activate() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.ask_for_domain(&gina, "globex.org").await;
    stage
        .test_sign_in(&gina, GINA)
        .await
        .says(200, "The settings work.");
    stage
        .approve(&olga, "globex.org")
        .await
        .says(200, "Approved.");
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Waiting for the domain");
    let page = stage.password(&stage.browser(), GINA, PASSWORD).await;
    page.says(200, "Hello, Gina");
    stage.approve(&olga, "globex.example").await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Active");
}

/// Changed settings wait beside those in use until they are approved and tested for themselves.
#[tokio::test]
async fn a_change_waits_and_the_settings_in_use_go_on() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.activate_globex(&gina, &olga).await;
    // Another application, and so another client ID: MT-18.
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex2"),
        ("client_secret", "canary-second-secret-of-globex"),
        ("issuer", &*stage.issuer),
    ];
    let page = stage.send_settings(&gina, &fields).await;
    let page = gina.follow(page).await;
    assert_eq!(status(&page), "Active");
    page.says(200, "Saved as a draft.")
        .says(200, "There are changes that are not in use yet.")
        .says(200, "To be confirmed again");
    page.says(200, "take the place of those in use at once");
    assert!(!page.text().contains("passwords stop working"));
    assert_eq!(page.value("client_id"), "0oaglobex2");
    // The test passes as far as it can, and changes nothing without the approval.
    let page = stage.test_sign_in_known(&gina).await;
    page.says(200, "as soon as we have confirmed your SSO domain for them")
        .says(200, "which we have not confirmed yet");
    let in_use = "SELECT count(*) FROM connections WHERE client_id = '0oaglobex' AND enabled = 1";
    assert_eq!(stage.count(in_use).await, 1);
    let hal = stage.browser();
    let page = hal.visit(&stage.at("/sso/okta/start?tenant=globex")).await;
    assert!(page.url.query().unwrap_or_default().contains("fromURI") || page.status == 200);
    let callback = stage.identify(&hal, &page, "hal@globex.example").await;
    hal.visit(&callback).await.says(200, "Hello, Hal");
    // The operator is asked again, for the new settings, and sees them.
    let console = olga.visit(&stage.at("/operator")).await;
    console.says(200, "Waiting for you").says(200, "0oaglobex2");
    stage.approve(&olga, "globex.example").await;
    assert_eq!(stage.count(in_use).await, 0);
    assert_eq!(
        stage
            .count("SELECT count(*) FROM domains WHERE tenant = 'globex'")
            .await,
        1
    );
    // What began with the settings before has ended; who comes now comes by the new ones.
    stage.is_signed_out_of(&hal).await;
    let gina = stage.browser();
    let page = gina.visit(&stage.at("/sso/okta/start?tenant=globex")).await;
    let callback = stage.identify(&gina, &page, GINA).await;
    gina.visit(&callback).await.says(200, "Hello, Gina");
}

/// MT-18: an approval is never carried over to another issuer.
#[tokio::test]
async fn an_approval_is_not_carried_over_to_another_issuer() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.approve(&olga, "globex.example").await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex"),
        ("client_secret", "of-another-okta"),
        ("issuer", "https://globex.okta.com"),
    ];
    let page = stage.send_settings(&gina, &fields).await;
    let page = gina.follow(page).await;
    assert_eq!(status(&page), "Waiting for the domain");
    page.says(200, "To be confirmed again");
    let (_, detail) = stage.latest("globex", "settings/saved").await.unwrap();
    assert_eq!(detail, "");
    // An operator who saw the old settings approves nothing.
    let page = olga.visit(&stage.at("/operator")).await;
    page.says(200, "https://globex.okta.com");
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex"),
        ("issuer", "https://globex2.okta.com"),
    ];
    stage.send_settings(&gina, &fields).await;
    let fields = [("action", "approve")];
    olga.submit_beside(&page, ">globex.example<", "/operator/domains", &fields)
        .await
        .says(409, "has changed its issuer or client ID since");
}

/// Off is asked once more, with what it means; the settings stay as a draft that has to be tested again.
#[tokio::test]
async fn switching_off() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.activate_globex(&gina, &olga).await;
    let hal = stage.browser();
    let page = hal.visit(&stage.at("/sso/okta/start?tenant=globex")).await;
    let callback = stage.identify(&hal, &page, "hal@globex.example").await;
    hal.visit(&callback).await.says(200, "Hello, Hal");
    let fields = [
        ("client_id", "0oaglobex"),
        ("issuer", &*stage.issuer),
        ("then", "save"),
    ];
    let page = stage.send_settings(&gina, &fields).await;
    page.says(200, "Switch single sign-on off?")
        .says(200, "1 of your 2 people has no password");
    assert_eq!(
        status(&gina.visit(&stage.at("/settings/sso")).await),
        "Active"
    );
    let page = gina.submit(&page, "/settings/sso/off", &[]).await;
    let page = gina.follow(page).await;
    page.says(200, "Single sign-on is off.");
    assert_eq!(status(&page), "Not configured");
    assert_eq!(page.value("client_id"), "0oaglobex");
    stage.is_signed_out_of(&hal).await;
    let page = stage.password(&stage.browser(), GINA, PASSWORD).await;
    page.says(200, "Hello, Gina");
    let (actor, _) = stage
        .latest("globex", "settings/switched-off")
        .await
        .unwrap();
    assert_eq!(actor, GINA);
    // On again: approved as before, and to be tested again.
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex"),
        ("issuer", &*stage.issuer),
    ];
    let page = stage.send_settings(&gina, &fields).await;
    let page = gina.follow(page).await;
    assert_eq!(status(&page), "Waiting for a test sign-in");
}

/// Passwords do not stop at the press of *Save*: when the toggle is all that is missing, what it means is said first.
#[tokio::test]
async fn the_toggle_as_the_last_step_is_asked_once_more() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    let values = [
        ("client_id", "0oaglobex"),
        ("issuer", &*stage.issuer),
        ("then", "save"),
    ];
    let page = stage.send_settings(&gina, &values).await;
    assert_eq!(status(&gina.follow(page).await), "Not configured");
    // A test of settings that are switched off is a test of these settings.
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(
        200,
        "Nothing changes until you save them with single sign-on switched on.",
    );
    stage.approve(&olga, "globex.example").await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Not configured");
    let mut switched_on = vec![("enabled", "on")];
    switched_on.extend(values);
    let slashed = format!("{}/", stage.issuer);
    switched_on.push(("issuer", &slashed));
    switched_on.retain(|pair| *pair != ("issuer", &stage.issuer));
    let page = stage.send_settings(&gina, &switched_on).await;
    page.says(200, "Use these settings now?")
        .says(200, "The slash at the end was removed")
        .says(200, "passwords stop working at Globex");
    let hal = stage.browser();
    stage
        .password(&hal, "hal@globex.example", PASSWORD)
        .await
        .says(200, "Hello, Hal");
    // Not now is not later, either.
    stage.ask_for_domain(&gina, "globex.org").await;
    stage.approve(&olga, "globex.org").await;
    let again = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&again), "Not configured");
    let page = gina.submit(&page, "/settings/sso/on", &[]).await;
    let page = gina.follow(page).await;
    page.says(200, "Single sign-on is active.");
    assert_eq!(status(&page), "Active");
    let page = stage.password(&stage.browser(), GINA, PASSWORD).await;
    page.says(403, "Okta");
    let (actor, _) = stage
        .latest("globex", "settings/switched-on")
        .await
        .unwrap();
    assert_eq!(actor, GINA);
}

/// What is in use stays as the draft, as the page says; changes beside it go, as the page says.
#[tokio::test]
async fn switching_off_keeps_the_settings_in_use() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.activate_globex(&gina, &olga).await;
    let changes = [
        ("enabled", "on"),
        ("client_id", "0oaglobex2"),
        ("client_secret", "not-the-secret"),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&gina, &changes).await;
    let off = [("client_id", "0oaglobex2"), ("issuer", &*stage.issuer)];
    let page = stage.send_settings(&gina, &off).await;
    page.says(200, "The settings in use stay here as a draft.")
        .says(200, "The changes that are not in use yet are thrown away.");
    let page = gina.submit(&page, "/settings/sso/off", &[]).await;
    let page = gina.follow(page).await;
    assert_eq!(page.value("client_id"), "0oaglobex");
    // With their secret: switched on again, they pass.
    let on = [
        ("enabled", "on"),
        ("client_id", "0oaglobex"),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&gina, &on).await;
    let page = stage.test_sign_in_known(&gina).await;
    page.says(
        200,
        "Single sign-on is active at Globex with these settings.",
    );
}

/// What goes wrong before Okta's page is found under its reference, too, with both sides of what was compared.
#[tokio::test]
async fn a_test_that_ends_before_okta_is_in_the_history() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    stage.okta.switches().turn_on(Switch::MetadataOtherIssuer);
    let page = stage.test_sign_in_known(&gina).await;
    let code = "login/provider-misbehaved/metadata/issuer-mismatch";
    page.says(200, &stage.issuer);
    let number = page.url.path_segments().unwrap().next_back().unwrap();
    let (found, actor, detail) = stage.history("globex", number).await;
    assert_eq!(found, "settings/test-failed");
    assert_eq!((actor.as_str(), detail.as_str()), (GINA, code));
}
