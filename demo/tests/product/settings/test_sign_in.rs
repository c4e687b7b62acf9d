//! The test sign-in: whom it leads to, whose it is, and what it is worth.

use okta_sso_demo::dev_okta::Switch;

use super::status;
use crate::browser::Browser;
use crate::guide::GINA;
use crate::stage::{CLIENT_SECRET, CLIENT_SECRET_OF_GLOBEX, PASSWORD, Stage};

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
    page.says(200, "Failed SSO domain")
        .says(200, "What was checked Passed Metadata");
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.ask_for_domain(&gina, "acme.example").await;
    let page = stage
        .test_again_as(&gina, &page, "hal@globex.example")
        .await;
    page.says(200, "Failed You")
        .says(200, "another of your people");
    let page = stage.test_again_as(&gina, &page, "eve@acme.example").await;
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
    let page = stage.test_again_as(&gina, &page, GINA).await;
    page.says(200, "Failed You")
        .says(200, "differ in capital letters");
}

/// What Okta has instead of an address is shown, its odd character by name.
#[tokio::test]
async fn an_address_that_is_not_taken_is_shown() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.okta.switches().turn_on(Switch::TrailingSpace);
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(200, "Failed E-mail")
        .says(200, "Found “gina@globex.example ”, with U+0020 (a space)")
        .says(200, "Not checked SSO domain");
    stage.okta.switches().turn_all_off();
    stage.okta.switches().turn_on(Switch::OtherDomain);
    let page = stage.test_sign_in_known(&gina).await;
    page.says(200, "Passed E-mail")
        .says(200, "Expected globex.example Found gina@elsewhere.example");
}

/// Whether a sign-in needs UserInfo is told where UserInfo is.
#[tokio::test]
async fn a_thin_id_token_is_told() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(200, "The settings work.")
        .says(200, "The ID token holds the e-mail itself");
    assert!(!page.text().contains("is thin"), "{}", page.text());
    stage.okta.switches().turn_on(Switch::ThinTokens);
    let page = stage.test_sign_in_known(&gina).await;
    page.says(200, "The settings work.").says(
        200,
        "Passed UserInfo UserInfo answers for the same person. The ID token is thin: the e-mail came from UserInfo",
    );
}

/// What is wrong with the issuer is the first thing that is told, though nobody comes as far as Okta's page.
#[tokio::test]
async fn a_check_list_begins_with_metadata_issuer_and_keys() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    stage.okta.switches().turn_on(Switch::MetadataOtherIssuer);
    let page = stage.test_sign_in_known(&gina).await;
    page.says(200, "What was checked Passed Metadata")
        .says(200, "Failed Issuer")
        .says(200, "Not checked Keys")
        .says(200, "Failed Okta’s answer");
    stage.okta.switches().turn_all_off();
    stage.ask_for_domain(&gina, "globex.example").await;
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(200, "The settings work.");
    let text = page.text();
    let at = |title: &str| text.find(&format!("Passed {title} ")).unwrap();
    let titles = ["Metadata", "Issuer", "Keys", "Callback", "You"];
    let places = titles.map(at);
    assert!(places.is_sorted(), "{places:?}");
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

/// Settings that Acme's administrator saves again, with their secret.
async fn save_acme(stage: &Stage, anna: &Browser) {
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("client_secret", CLIENT_SECRET),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(anna, &fields).await;
}

/// An issuer that changes for good leaves people tied to the one before. The test fails where that would lock out the
/// administrator, too, and warns where it would lock out others.
#[tokio::test]
async fn ties_to_another_issuer_are_told_before_they_lock_anybody_out() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    stage
        .sign_in(&stage.browser(), "bo@acme.example")
        .await
        .says(200, "Hello, Bo");
    stage
        .change("UPDATE links SET issuer = 'https://before.okta.com'")
        .await;
    save_acme(&stage, &anna).await;
    anna.visit(&stage.at("/settings/sso/test"))
        .await
        .says(200, "2 of your people are tied to https://before.okta.com");
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Failed You Your account is tied to another issuer")
        .says(200, "Found https://before.okta.com");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 1);
    stage
        .change(
            "UPDATE links SET issuer = (SELECT issuer FROM connections WHERE tenant = 'acme')
             WHERE user_id = (SELECT id FROM users WHERE email = 'anna@acme.example')",
        )
        .await;
    anna.visit(&stage.at("/settings/sso/test"))
        .await
        .says(200, "1 of your people is tied to https://before.okta.com");
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Look at this You You could get in.")
        .says(200, "Found https://before.okta.com");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
}

/// Whom the settings are not for is told before passwords stop.
#[tokio::test]
async fn addresses_on_another_domain_are_told_before_they_are_locked_out() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    let test = stage.at("/settings/sso/test");
    let page = gina.visit(&test).await;
    assert!(
        !page.text().contains("on another domain"),
        "{}",
        page.text()
    );
    stage
        .change(
            "INSERT INTO users (id, tenant, email, name, password)
             VALUES ('jon', 'globex', 'jon@adviser.example', 'Jon', 'x')",
        )
        .await;
    gina.visit(&test)
        .await
        .says(200, "1 of your people has an address on another domain");
}

/// The same decision as at a real sign-in: whoever could not come in has not passed, however alike the addresses are.
#[tokio::test]
async fn a_test_passes_only_for_whoever_could_come_in() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex"),
        ("client_secret", CLIENT_SECRET_OF_GLOBEX),
        ("issuer", &*stage.issuer),
        ("email_rule", "ascii-case-insensitive"),
    ];
    stage.send_settings(&gina, &fields).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.approve(&olga, "globex.example").await;
    stage
        .change(
            "INSERT INTO users (id, tenant, email, name)
             VALUES ('other', 'globex', 'GINA@globex.example', 'Another Gina')",
        )
        .await;
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(200, "Failed You Two of your people have this e-mail");
    stage.change("DELETE FROM users WHERE id = 'other'").await;
    // No password to be invited by, no invitation, no tie.
    stage
        .change("UPDATE users SET password = NULL WHERE name = 'Gina Gray'")
        .await;
    let page = stage.test_sign_in_known(&gina).await;
    page.says(200, "Failed You")
        .says(200, "no user here is invited with exactly this e-mail");
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Waiting for a test sign-in");
    stage
        .change(
            "INSERT INTO invitations (user_id, expires)
             SELECT id, 1800000000 FROM users WHERE name = 'Gina Gray'",
        )
        .await;
    let page = stage.test_sign_in_known(&gina).await;
    page.says(200, "Single sign-on is active at Globex");
}

/// Days may pass between the test and the operator's word.
#[tokio::test]
async fn whoever_tested_must_still_be_able_to_come_in() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    let page = stage.test_sign_in(&gina, GINA).await;
    page.says(200, "The settings work.");
    stage
        .change("UPDATE users SET password = NULL WHERE name = 'Gina Gray'")
        .await;
    stage
        .approve(&olga, "globex.example")
        .await
        .says(200, "Approved.");
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Waiting for a test sign-in");
    let outdated = stage.latest("globex", "settings/test-outdated").await;
    assert_eq!(outdated.map(|(_, email)| email), Some(GINA.to_owned()));
    let page = stage
        .password(&stage.browser(), "hal@globex.example", PASSWORD)
        .await;
    page.says(200, "Hello, Hal");
}

/// A test ends for the administrator who began it, signed in and an administrator to the last.
#[tokio::test]
async fn a_test_ends_for_whoever_began_it() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.approve(&olga, "globex.example").await;
    let begin = async || {
        let page = gina.visit(&stage.at("/settings/sso/test")).await;
        gina.get(&page.link("Continue to Okta")).await
    };
    let page = gina.follow(begin().await).await;
    let callback = stage.identify(&gina, &page, GINA).await;
    // Signed out here in the meantime, with the browser's other cookies in their place.
    let home = gina.visit(&stage.at("/")).await;
    gina.submit(&home, "/logout", &[]).await;
    gina.visit(&callback).await.says(200, "Sign in");
    let failed = async || stage.latest("globex", "settings/test-failed").await;
    let reason = failed().await.map(|(_, reason)| reason);
    assert_eq!(reason.as_deref(), Some("own/not-you"));
    let page = stage.password(&gina, GINA, PASSWORD).await;
    page.says(200, "Hello, Gina");
    // No administrator any more. Okta knows her, and sends her straight back.
    let page = gina.get(&begin().await.location()).await;
    stage
        .change("UPDATE users SET administrator = 0 WHERE name = 'Gina Gray'")
        .await;
    stage.change("DELETE FROM events").await;
    gina.follow(page).await.says(403, "For administrators");
    let reason = failed().await.map(|(_, reason)| reason);
    assert_eq!(reason.as_deref(), Some("own/not-you"));
    stage
        .change("UPDATE users SET administrator = 1 WHERE name = 'Gina Gray'")
        .await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    assert_eq!(status(&page), "Waiting for a test sign-in");
    assert!(
        stage
            .latest("globex", "settings/test-passed")
            .await
            .is_none()
    );
}

/// Passing may switch a company over, so no link of somebody else's begins a test: the page that says so comes first.
#[tokio::test]
async fn a_test_begins_on_its_own_page() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    let before = stage.at("/settings/sso/test");
    let start = gina.visit(&before).await.link("Continue to Okta");
    for (address, site) in [
        (stage.at("/settings/sso/test/start"), "same-origin"),
        (stage.at("/settings/sso/test/start?proof=x"), "same-origin"),
        (start.clone(), "cross-site"),
        (start.clone(), "same-site"),
        (start.clone(), "none"),
    ] {
        let request = gina.request_get(&address).header("sec-fetch-site", site);
        let page = gina.send(&address, request).await;
        assert_eq!(page.location(), before, "{address} {site}");
    }
    assert_eq!(stage.count("SELECT count(*) FROM rehearsals").await, 0);
    let request = gina
        .request_get(&start)
        .header("sec-fetch-site", "same-origin");
    let page = gina.send(&start, request).await;
    assert!(page.location().as_str().starts_with(&stage.issuer));
    // Nor does signing in lead there.
    let hal = stage.browser();
    let login = stage.at("/login?return_to=/settings/sso/test/start");
    let page = hal.visit(&login).await;
    let fields = [("email", GINA), ("password", PASSWORD)];
    let page = hal.submit(&page, "/login", &fields).await;
    assert_eq!(page.location(), stage.at("/"));
}

/// A company's check lists do not grow without bound.
#[tokio::test]
async fn only_the_latest_check_lists_are_kept() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    stage.save_globex(&gina).await;
    stage
        .change(
            "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 60)
             INSERT INTO rehearsals (handle, tenant, user_id, settings, begun_at)
             SELECT 'list-' || tenant || n, tenant, id, (SELECT id_hash FROM sessions LIMIT 1),
                1790000000 - 60 + n FROM users, number
             WHERE name IN ('Gina Gray', 'Berta')",
        )
        .await;
    let page = gina.visit(&stage.at("/settings/sso/test")).await;
    gina.get(&page.link("Continue to Okta")).await;
    let of_globex = "SELECT count(*) FROM rehearsals WHERE tenant = 'globex'";
    assert_eq!(stage.count(of_globex).await, 50);
    let oldest =
        "SELECT begun_at FROM rehearsals WHERE tenant = 'globex' ORDER BY begun_at LIMIT 1";
    assert_eq!(stage.count(oldest).await, 1_790_000_000 - 60 + 12);
}

/// The page says "active with these settings" of no others.
#[tokio::test]
async fn a_check_list_says_what_became_of_its_settings() {
    let stage = Stage::open().await;
    let anna = stage.anna().await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex2"),
        ("client_secret", "canary-second-secret-of-globex"),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&anna, &fields).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "The settings work.");
    let list = page.url.clone();
    let page = anna.visit(&stage.at("/settings/sso/discard")).await;
    anna.submit(&page, "/settings/sso/discard", &[]).await;
    let page = anna.visit(&list).await;
    page.says(200, "They are not in use now.");
    assert!(!page.text().contains("is active"));
}
