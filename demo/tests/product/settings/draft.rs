//! The form: what is wrong with it, what is put right, and what it leaves behind.

use okta_sso_demo::dev_okta::Switch;

use crate::stage::{CLIENT_SECRET_OF_GLOBEX, Stage};

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
    // It is told where the saved values are looked at next, whichever button was pressed.
    let quoted = format!("\"{}/\"", stage.issuer);
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex"),
        ("client_secret", CLIENT_SECRET_OF_GLOBEX),
        ("issuer", &*quoted),
        ("then", "test-sign-in"),
    ];
    let page = stage.send_settings(&gina, &fields).await;
    let page = gina.follow(page).await;
    assert_eq!(page.url.path(), "/settings/sso/test");
    page.says(200, "The slash at the end was removed")
        .says(200, "The quotes around the value were removed.")
        .says(200, &format!("You go to {} ", stage.issuer));
    // An address cannot make the page say what the plugin would not.
    let page = gina
        .visit(&stage.at("/settings/sso?corrected=issuer/<b>evil&done=evil&corrected=x"))
        .await;
    assert!(!page.body.contains("evil"), "{}", page.text());
    let page = gina
        .visit(&stage.at("/settings/sso/test?corrected=issuer/<b>evil&corrected=x"))
        .await;
    page.says(200, "lets nobody in");
    for foreign in ["evil", "class=\"correction\""] {
        assert!(!page.body.contains(foreign), "{}", page.text());
    }
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
    // All of a field at once, and what it comes to in the end.
    let pasted = ask("\"https://globex.okta.com/\"").await;
    assert_eq!(pasted.as_array().unwrap().len(), 1, "{pasted}");
    let text = pasted[0]["text"].as_str().unwrap();
    assert!(text.contains("quotes") && text.contains("slash"), "{text}");
    assert!(
        text.ends_with("It will be saved as https://globex.okta.com."),
        "{text}"
    );
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
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
    // Asked once more, with what goes and what stays; until then nothing has happened.
    let page = anna.visit(&page.link("Discard the changes")).await;
    page.says(200, "Discard the changes?")
        .says(200, "Client ID in use 0oaacme")
        .says(200, "Client ID thrown away 0oaother");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 1);
    let page = anna.submit(&page, "/settings/sso/discard", &[]).await;
    let page = anna.follow(page).await;
    page.says(200, "The draft is gone.");
    assert_eq!(page.value("client_id"), "0oaacme");
    let (actor, _) = stage.latest("acme", "settings/discarded").await.unwrap();
    assert_eq!(actor, "anna@acme.example");
    // Nothing is left to ask about.
    let page = anna.visit(&stage.at("/settings/sso/discard")).await;
    assert_eq!(page.url.path(), "/settings/sso");
    // What is in use already is no change.
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaacme"),
        ("issuer", &*stage.issuer),
        ("email_rule", "exact"),
        ("then", "test-sign-in"),
    ];
    let page = stage.send_settings(&anna, &fields).await;
    let page = anna.follow(page).await;
    page.says(200, "Nothing was tested: these settings are in use")
        .says(200, "A test sign-in is for changes");
    let page = anna.visit(&stage.at("/settings/sso/test")).await;
    page.says(200, "Nothing was tested: these settings are in use");
    assert_eq!(stage.count("SELECT count(*) FROM drafts").await, 0);
    // Nor is there a test where nothing was ever saved.
    let gina = stage.gina().await;
    let page = gina.visit(&stage.at("/settings/sso/test")).await;
    assert!(
        !page.text().contains("Nothing was tested"),
        "{}",
        page.text()
    );
}

#[tokio::test]
async fn a_connection_test_lists_each_finding() {
    let stage = Stage::open().await;
    let gina = stage.gina().await;
    let nothing = [("enabled", "on"), ("then", "test-connection")];
    let page = stage.send_settings(&gina, &nothing).await;
    let page = gina.follow(page).await;
    page.says(200, "To test the connection, enter the Client ID");
    assert!(!page.text().contains("The connection was tested."));
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
        assert_eq!(
            page.described("new-domain").len(),
            2,
            "{domain}: problem, help"
        );
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
    let withdrawn = stage.latest("globex", "settings/domain-withdrawn").await;
    let expected = (
        "gina@globex.example".to_owned(),
        "globex.example".to_owned(),
    );
    assert_eq!(withdrawn, Some(expected));
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

/// What became of a request for a domain that the company holds already is not hidden behind what it holds.
#[tokio::test]
async fn a_held_domain_shows_what_was_asked_for_it() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.approve(&olga, "globex.example").await;
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaglobex2"),
        ("client_secret", "canary-second-secret-of-globex"),
        ("issuer", &*stage.issuer),
    ];
    let page = stage.send_settings(&gina, &fields).await;
    gina.follow(page)
        .await
        .says(200, "To be confirmed again")
        .says(200, "gina@globex.example asked for it on");
    let fields = [("action", "refuse"), ("reason", "Call us first.")];
    stage.decide(&olga, "globex.example", &fields).await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    page.says(200, "It was confirmed for another issuer or client ID")
        .says(200, "Refused on")
        .says(200, "Call us first.");
    assert_eq!(page.link("Ask for it").fragment(), Some("new-domain"));
    assert!(!page.text().contains("To be confirmed again"));
    let page = gina
        .submit(&page, "/settings/sso/domain/withdraw", &[])
        .await;
    gina.follow(page).await.says(200, "To be confirmed again");
}
