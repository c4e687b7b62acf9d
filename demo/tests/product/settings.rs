//! *Settings*, *Single sign-on*: from nothing to active, and what stands in the way.

use okta_sso_demo::dev_okta::Switch;

use crate::guide::GINA;
use crate::stage::{CLIENT_SECRET_OF_GLOBEX, PASSWORD, Stage};

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
    let page = stage.ask_for_domain(&gina, " Globex.Example ").await;
    page.says(200, "We have your request.")
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

#[tokio::test]
async fn an_issuer_is_corrected_and_the_correction_shown() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    for pasted in [
        format!("{}/", stage.issuer),
        format!("\"{}\"", stage.issuer),
        format!("{}/.well-known/openid-configuration", stage.issuer),
    ] {
        let fields = [
            ("enabled", "on"),
            ("client_id", "0oaglobex"),
            ("issuer", &*pasted),
        ];
        let page = stage.send_settings(&gina, &fields).await;
        let page = gina.follow(page).await;
        page.says(200, "Saved as a draft.");
        assert_eq!(page.value("issuer"), stage.issuer, "{pasted}");
        assert_eq!(page.value("client_id"), "0oaglobex");
        assert!(page.body.contains("class=\"correction\""), "{pasted}");
    }
    // An address cannot make the page say what the plugin would not.
    let page = gina
        .visit(&stage.at("/settings/sso?corrected=issuer/<b>evil&done=evil&corrected=x"))
        .await;
    assert!(!page.body.contains("evil"), "{}", page.text());
}

#[tokio::test]
async fn each_field_says_what_is_wrong_with_it() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert!(!page.is_invalid("issuer") && !page.is_invalid("client_id"));
    let help = page.described("issuer");
    assert_eq!(help.len(), 1, "{help:?}");
    for (client_id, issuer, field) in [
        ("0oaglobex", "https://globex-admin.okta.com", "issuer"),
        ("0oaglobex", "https://{yourOktaDomain}", "issuer"),
        ("0oaglobex", "http://globex.okta.com", "issuer"),
        ("0oaglobex", "not an address", "issuer"),
        ("no spaces allowed", "https://globex.okta.com", "client_id"),
    ] {
        let fields = [
            ("enabled", "on"),
            ("client_id", client_id),
            ("issuer", issuer),
            ("client_secret", "canary-typed-secret"),
        ];
        let page = stage.send_settings(&gina, &fields).await;
        page.says(422, "Nothing was put into use.");
        assert!(page.is_invalid(field), "{issuer} {client_id}");
        let other = if field == "issuer" {
            "client_id"
        } else {
            "issuer"
        };
        assert!(!page.is_invalid(other), "{issuer} {client_id}");
        assert!(page.described(field).len() > 1, "{issuer} {client_id}");
        // Nothing is done yet, whatever was kept of it.
        assert!(!page.text().contains("What is left to do"));
        // What was typed is still there, but for the secret.
        assert_eq!(page.value("issuer"), issuer);
        assert_eq!(page.value("client_id"), client_id);
        assert!(!page.body.contains("canary-typed-secret"));
    }
    // Its own text is no markup of ours.
    let fields = [("issuer", "\"><script>alert(1)</script>")];
    let page = stage.send_settings(&gina, &fields).await;
    assert_eq!(page.status, 422);
    assert!(!page.body.contains("<script>alert"));
}

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

/// A draft can be thrown away; what is in use stays.
#[tokio::test]
async fn changes_can_be_discarded() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaother"),
        ("issuer", &*stage.issuer),
    ];
    let page = stage.send_settings(&anna, &fields).await;
    let page = anna.follow(page).await;
    page.says(200, "There are changes that are not in use yet.");
    let page = anna.submit(&page, "/settings/sso/discard", &[]).await;
    let page = anna.follow(page).await;
    page.says(200, "The draft is gone.");
    assert_eq!(page.value("client_id"), "0oaacme");
    // What is in use already is no change.
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("issuer", &*stage.issuer),
        ("email_rule", "exact"),
        ("then", "test-sign-in"),
    ];
    let page = stage.send_settings(&anna, &fields).await;
    anna.follow(page).await.says(200, "Nothing was changed");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
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
        ("client_secret", crate::stage::CLIENT_SECRET),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&anna, &right).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
    // The same issuer and client ID: nobody is signed out.
    assert_eq!(stage.me(&bo).await["email"], "bo@acme.example");
}

#[tokio::test]
async fn a_connection_test_lists_each_finding() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    let test = async || {
        let fields = [
            ("enabled", "on"),
            ("client_id", "0oaglobex"),
            ("issuer", &*stage.issuer),
            ("then", "test-connection"),
        ];
        let page = stage.send_settings(&gina, &fields).await;
        gina.follow(page).await
    };
    let page = test().await;
    page.says(200, "The connection was tested.");
    for title in [
        "Metadata",
        "Issuer",
        "Endpoints",
        "Code flow",
        "PKCE",
        "Token algorithm",
        "Client authentication",
        "Scopes",
        "Keys",
        "Clock",
    ] {
        page.says(200, &format!("Passed {title}"));
    }
    // Both sides of a mismatch, and what could not be looked at.
    stage.okta.switches().turn_on(Switch::MetadataOtherIssuer);
    let page = test().await;
    page.says(200, "Failed Issuer")
        .says(200, &format!("Expected {}", stage.issuer))
        .says(200, "Found http")
        .says(200, "Not checked Keys");
    stage.okta.switches().turn_all_off();
    stage.okta.switches().turn_on(Switch::KeysHtml);
    test()
        .await
        .says(200, "Failed Keys")
        .says(200, "Passed Issuer");
    // Nothing of this is a sign-in or a change of settings in use.
    assert_eq!(
        stage
            .count("SELECT count(*) FROM connections WHERE tenant = 'globex'")
            .await,
        0
    );
}

/// The person at Okta is nobody here, somebody else, or almost the administrator.
#[tokio::test]
async fn a_test_sign_in_says_whom_it_leads_to() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    // Neither asked for nor approved: the page says so before, and the list after.
    gina.visit(&stage.at("/settings/sso/test"))
        .await
        .says(200, "You have not asked for an SSO domain yet.");
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(200, "Failed SSO domain");
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.ask_for_domain(&gina, "acme.example").await;
    let page = stage.test_sign_in_anew(&gina, "hal@globex.example").await;
    page.says(200, "Failed You")
        .says(200, "another of your people");
    let page = stage.test_sign_in_anew(&gina, "eve@acme.example").await;
    page.says(200, "Failed You")
        .says(200, "Nobody here has this e-mail address");
    assert!(
        stage
            .latest("globex", "settings/test-passed")
            .await
            .is_none()
    );
    let (actor, detail) = stage
        .latest("globex", "settings/test-failed")
        .await
        .unwrap();
    assert_eq!((actor.as_str(), detail.as_str()), (GINA, "own/nobody"));
    // An address that differs in letter case is told as that.
    stage
        .change("UPDATE users SET email = 'Gina@globex.example' WHERE name = 'Gina Gray'")
        .await;
    let page = stage.test_sign_in_anew(&gina, GINA).await;
    page.says(200, "Failed You")
        .says(200, "differ only in capital letters");
}

/// The check list belongs to the tenant whose administrator began it; the way to it is used once.
#[tokio::test]
async fn a_check_list_is_its_tenants_alone() {
    let stage = Stage::open().await;
    let (gina, anna) = (stage.gina().await, stage.anna().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    let page = gina.visit(&stage.at("/settings/sso/test")).await;
    let page = gina.visit(&page.link("Continue to Okta")).await;
    let callback = stage.identify(&gina, &page, GINA).await;
    // Whoever got hold of the address does not end the test: neither a stranger nor another company's administrator.
    let stranger = stage.browser().visit(&callback).await;
    stranger.says(200, "Sign in");
    anna.visit(&callback).await.says(404, "no such page");
    let list = gina.visit(&callback).await;
    list.says(200, "The settings work.");
    anna.visit(&list.url).await.says(404, "no such page");
    // A second time changes nothing.
    let again = gina.visit(&callback).await;
    assert_eq!(again.body, list.body);
    gina.visit(&stage.at("/settings/sso/test/nothing"))
        .await
        .says(404, "no such page");
}

/// Settings that were changed while somebody was at Okta are not the ones that passed.
#[tokio::test]
async fn a_test_counts_for_the_settings_that_were_tested() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.approve(&olga, "globex.example").await;
    let page = gina.visit(&stage.at("/settings/sso/test")).await;
    let page = gina.visit(&page.link("Continue to Okta")).await;
    let callback = stage.identify(&gina, &page, GINA).await;
    // The same values, saved again: another secret, for all that anybody knows.
    stage.save_globex(&gina).await;
    gina.visit(&callback).await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Waiting for a test sign-in");
    let page = stage.password(&stage.browser(), GINA, PASSWORD).await;
    page.says(200, "Hello, Gina");
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
        .says(200, "1 of your 2 people have no password");
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

#[tokio::test]
async fn a_domain_is_asked_for_and_withdrawn() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    for (domain, what) in [
        ("gmail.com", "Anyone can get an address"),
        ("co.uk", ""),
        ("globex", ""),
        ("gina@globex.example", ""),
        ("globex.example, globex.org", ""),
        ("*.globex.example", ""),
        ("", ""),
        ("\u{440}globex.example", ""),
    ] {
        let page = stage.ask_for_domain(&gina, domain).await;
        assert_eq!(page.status, 422, "{domain}: {}", page.text());
        assert!(page.is_invalid("new-domain"), "{domain}");
        assert_eq!(page.described("new-domain").len(), 1, "{domain}");
        assert!(page.text().contains(what), "{domain}: {}", page.text());
        assert_eq!(page.value("new-domain"), domain);
    }
    assert_eq!(stage.count("SELECT count(*) FROM domain_requests").await, 0);
    let page = stage.ask_for_domain(&gina, "globex.example").await;
    let fields = [];
    let page = gina
        .submit(&page, "/settings/sso/domain/withdraw", &fields)
        .await;
    gina.follow(page)
        .await
        .says(200, "The request is withdrawn.");
    assert_eq!(stage.count("SELECT count(*) FROM domain_requests").await, 0);
    // A company cannot fill the operator's list.
    for number in 0..16 {
        let page = stage
            .ask_for_domain(&gina, &format!("globex{number}.example"))
            .await;
        page.says(200, "We have your request.");
    }
    stage
        .ask_for_domain(&gina, "globex99.example")
        .await
        .says(422, "There are many requests already.");
}

/// Hints while typing: JSON for the script, nothing saved.
#[tokio::test]
async fn hints_while_typing() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert!(
        page.header("content-security-policy")
            .contains("connect-src 'self'")
    );
    assert!(page.body.contains("data-check=\"/settings/sso/check\""));
    let ask = async |issuer: &str| {
        let answer = stage.hints(&gina, &[("issuer", issuer)]).await;
        assert_eq!(answer.status, 200);
        answer.json()
    };
    assert_eq!(ask("").await, serde_json::json!([]));
    let wrong = ask("https://globex-admin.okta.com").await;
    assert_eq!(
        (&wrong[0]["field"], &wrong[0]["problem"]),
        (&"issuer".into(), &true.into())
    );
    let corrected = ask("https://globex.okta.com/").await;
    assert_eq!(corrected[0]["problem"], false);
    let text = corrected[0]["text"].as_str().unwrap();
    assert!(
        text.ends_with("It will be saved as https://globex.okta.com."),
        "{text}"
    );
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
}

/// An issuer that changes for good leaves people tied to the one before: it is said before it locks them out.
#[tokio::test]
async fn ties_to_another_issuer_are_told_by_the_test() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    stage
        .change("UPDATE links SET issuer = 'https://before.okta.com'")
        .await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_secret", crate::stage::CLIENT_SECRET),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&anna, &fields).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Look at this You Accounts are tied to another issuer.")
        .says(200, "Found https://before.okta.com");
}
