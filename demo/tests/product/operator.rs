//! The operator's console: which domain belongs to which company.

use crate::guide::{GINA, OPERATOR_PASSWORD};
use crate::stage::{PASSWORD, Stage};

#[tokio::test]
async fn only_operators_come_in() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    let paths = [
        "/operator",
        "/operator/events",
        "/operator/tenants",
        "/operator/tenants/globex",
    ];
    for path in paths {
        olga.visit(&stage.at(path))
            .await
            .says(200, "Operator console");
        // An administrator of a company is nobody here, and so is a stranger.
        for browser in [&gina, &stage.browser()] {
            let page = browser.visit(&stage.at(path)).await;
            page.says(200, "For the people who run Ledgerline.");
        }
        // Whoever comes in goes on to the page that was asked for.
        let late = stage.browser();
        let page = late.visit(&stage.at(path)).await;
        let fields = [("name", "olga"), ("password", OPERATOR_PASSWORD)];
        let page = late.submit(&page, "/operator/login", &fields).await;
        assert_eq!(page.location().path(), path);
    }
    // And an operator is nobody at a company.
    let page = olga.visit(&stage.at("/settings/sso")).await;
    assert_eq!(page.url.path(), "/login");
    // Neither a wrong password, nor an unknown name, nor a person's password.
    let stranger = stage.browser();
    let page = stranger.visit(&stage.at("/operator/login")).await;
    for (name, password) in [
        ("olga", "wrong"),
        ("nobody", OPERATOR_PASSWORD),
        (GINA, PASSWORD),
    ] {
        let fields = [("name", name), ("password", password)];
        let page = stranger.submit(&page, "/operator/login", &fields).await;
        page.says(403, "Name or password is not right.");
        assert_eq!(page.value("name"), name);
    }
    // Guessing is slowed down, the right password included.
    for _ in 0..10 {
        let fields = [("name", "olga"), ("password", "wrong")];
        stranger.submit(&page, "/operator/login", &fields).await;
    }
    let fields = [("name", "olga"), ("password", OPERATOR_PASSWORD)];
    let page = stranger.submit(&page, "/operator/login", &fields).await;
    page.says(429, "There were too many tries.");
    stage.pass(60);
    let login = stranger.visit(&stage.at("/operator/login")).await;
    let page = stranger.submit(&login, "/operator/login", &fields).await;
    stranger.follow(page).await.says(200, "Held domains");
    // Signing out ends the session; so do two hours.
    let page = olga.visit(&stage.at("/operator")).await;
    let page = olga.submit(&page, "/operator/logout", &[]).await;
    olga.follow(page).await.says(200, "For the people who run");
    assert_eq!(
        stage.count("SELECT count(*) FROM operator_sessions").await,
        5
    );
    stage.pass(2 * 60 * 60);
    let page = stranger.visit(&stage.at("/operator")).await;
    page.says(200, "For the people who run Ledgerline.");
}

/// From the console's sign-in page nobody is sent anywhere but into the console.
#[tokio::test]
async fn the_console_leads_nowhere_else() {
    let stage = Stage::open().await;
    for elsewhere in [
        "https://evil.example/operator/tenants",
        "//evil.example",
        "/\\evil.example",
        "/operator/tenants/../../logout",
        "/logout",
        "/people",
        "",
    ] {
        let browser = stage.browser();
        let mut address = stage.at("/operator/login");
        address
            .query_pairs_mut()
            .append_pair("return_to", elsewhere);
        let page = browser.visit(&address).await;
        // Neither by the address nor by a changed form.
        let mut fields = page.hidden("/operator/login");
        let mut hidden = fields.iter_mut();
        let return_to = hidden.find(|(name, _)| name == "return_to").unwrap();
        assert_eq!(return_to.1, "/operator", "{elsewhere}");
        return_to.1 = elsewhere.to_owned();
        for (name, value) in [("name", "olga"), ("password", OPERATOR_PASSWORD)] {
            fields.push((name.to_owned(), value.to_owned()));
        }
        let url = stage.at("/operator/login");
        let page = browser
            .send(&url, browser.request_post(&url, &fields))
            .await;
        assert_eq!(page.header("location"), "/operator", "{elsewhere}");
    }
}

/// Refused with a reason, which the company reads; asked for again; approved.
#[tokio::test]
async fn a_request_is_refused_and_asked_for_again() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.ask_for_domain(&gina, "globex.example").await;
    let page = olga.visit(&stage.at("/operator")).await;
    page.says(
        200,
        "The company has not saved its issuer and client ID yet",
    );
    stage.save_globex(&gina).await;
    let fields = [("action", "refuse"), ("reason", "  ")];
    let page = stage.decide(&olga, "globex.example", &fields).await;
    page.says(409, "Say why");
    assert!(page.is_invalid("reason-1"));
    assert!(page.described("reason-1").concat().starts_with("Say why"));
    assert!(page.body.contains("<details open><summary>Refuse"));
    let fields = [("action", "refuse"), ("reason", "Who are <b>you</b>?")];
    let page = stage.decide(&olga, "globex.example", &fields).await;
    page.says(200, "Refused.").says(200, "Nothing waits");
    let page = gina.visit(&stage.at("/settings/sso")).await;
    page.says(200, "Refused on")
        .says(200, "Who are <b>you</b>?");
    let (actor, detail) = stage
        .latest("globex", "operator/domain-refused")
        .await
        .unwrap();
    assert_eq!(actor, "operator olga");
    assert_eq!(detail, "globex.example: Who are <b>you</b>?");
    stage.ask_for_domain(&gina, "globex.example").await;
    let page = olga.visit(&stage.at("/operator")).await;
    page.says(200, "gina@globex.example asked on")
        .says(200, &stage.issuer)
        .says(200, "0oaglobex");
    stage
        .approve(&olga, "globex.example")
        .await
        .says(200, "Approved.");
    let (actor, detail) = stage
        .latest("globex", "operator/domain-approved")
        .await
        .unwrap();
    assert_eq!(actor, "operator olga");
    assert_eq!(
        detail,
        format!(
            "globex.example for {} and client ID 0oaglobex",
            stage.issuer
        )
    );
}

#[tokio::test]
async fn a_domain_belongs_to_one_company() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    // The company is not told whose it is; the operator is.
    let page = stage.ask_for_domain(&gina, "acme.example").await;
    page.says(200, "We have your request.");
    assert!(!page.text().contains("Acme"), "{}", page.text());
    let page = olga.visit(&stage.at("/operator")).await;
    page.says(200, "Another company holds this domain.");
    assert!(!page.text().contains("Approve"), "{}", page.text());
    let page = olga.visit(&stage.at("/operator/tenants/globex")).await;
    let fields = [("domain", "acme.example"), ("action", "approve")];
    let page = olga.submit(&page, "/operator/domains", &fields).await;
    page.says(422, "Another company holds this domain.");
    assert_eq!(page.value("domain"), "acme.example");
    let holders = "SELECT count(*) FROM domains WHERE domain = 'acme.example' AND tenant = 'acme'";
    assert_eq!(stage.count(holders).await, 1);
    assert!(
        stage
            .latest("globex", "operator/domain-approved")
            .await
            .is_none()
    );
    // Released there, it can be had here, and the sessions that began with it have ended.
    let anna = stage.anna().await;
    let page = stage.release(&olga, "acme", "acme.example").await;
    page.says(200, "Released.");
    stage.is_signed_out_of(&anna).await;
    let (actor, detail) = stage
        .latest("acme", "operator/domain-released-last")
        .await
        .unwrap();
    assert_eq!(
        (actor.as_str(), detail.as_str()),
        ("operator olga", "acme.example")
    );
    stage
        .approve(&olga, "acme.example")
        .await
        .says(200, "Approved.");
    let holders =
        "SELECT count(*) FROM domains WHERE domain = 'acme.example' AND tenant = 'globex'";
    assert_eq!(stage.count(holders).await, 1);
}

/// What a person may take for another company's domain is said before it is approved; a public one never is.
#[tokio::test]
async fn look_alike_and_public_domains_are_flagged() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    for (domain, warning) in [
        ("acrne.example", "Looks like acme.example"),
        ("mail.acme.example", "Lies above or below acme.example"),
        (
            "xn--pple-43d.example",
            "Written with letters beyond ASCII: \u{430}pple.example",
        ),
    ] {
        let page = stage.ask_for_domain(&gina, domain).await;
        page.says(200, "We have your request.");
        let page = olga.visit(&stage.at("/operator")).await;
        page.says(200, warning);
        let page = gina.visit(&stage.at("/settings/sso")).await;
        assert!(!page.text().contains("acme.example,"), "{}", page.text());
        let page = gina
            .submit(&page, "/settings/sso/domain/withdraw", &[])
            .await;
        gina.follow(page)
            .await
            .says(200, "The request is withdrawn.");
    }
    // By name, on the company's page.
    let page = olga.visit(&stage.at("/operator/tenants/globex")).await;
    for domain in ["gmail.com", "co.uk", "com", "localhost", "not a domain", ""] {
        let fields = [("domain", domain), ("action", "approve")];
        let page = olga.submit(&page, "/operator/domains", &fields).await;
        assert_eq!(page.status, 422, "{domain}: {}", page.text());
        assert!(
            page.text().contains("cannot be approved"),
            "{domain}: {}",
            page.text()
        );
    }
    assert_eq!(
        stage
            .count("SELECT count(*) FROM domain_holders WHERE tenant = 'globex'")
            .await,
        0
    );
    let fields = [("domain", "Globex.Example"), ("action", "approve")];
    let page = olga.submit(&page, "/operator/domains", &fields).await;
    let page = olga.follow(page).await;
    page.says(200, "Approved.")
        .says(200, "Holds globex.example");
    assert_eq!(page.url.path(), "/operator/tenants/globex");
}

/// Whoever held it would speak for the product's own people. Neither asked for nor given by name.
#[tokio::test]
async fn mt_23_the_products_own_domain_is_nobodys() {
    let mut stage = Stage::open_with(&["--public-url=https://app.ledgerline.example"]).await;
    let here = format!("http://localhost:{}", stage.address.port());
    stage.public_url = here.parse().unwrap();
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    let company = olga.visit(&stage.at("/operator/tenants/globex")).await;
    for own in [
        "ledgerline.example",
        "app.ledgerline.example",
        "mail.App.Ledgerline.example",
    ] {
        let page = stage.ask_for_domain(&gina, own).await;
        page.says(422, "This is Ledgerline’s own domain");
        assert!(page.body.contains(&format!("value=\"{own}\"")), "{own}");
        let fields = [("domain", own), ("action", "approve")];
        let page = olga.submit(&company, "/operator/domains", &fields).await;
        page.says(422, "This is Ledgerline’s own domain");
    }
    let requests = "SELECT count(*) FROM domain_requests";
    assert_eq!(stage.count(requests).await, 0);
    let holders = "SELECT count(*) FROM domain_holders WHERE tenant = 'globex'";
    assert_eq!(stage.count(holders).await, 0);
    // One that only looks like it is the operator's to judge.
    let page = stage.ask_for_domain(&gina, "notledgerline.example").await;
    page.says(200, "We have your request.");
}

/// Suspended: nobody comes in, neither way, until it is approved again; what waits beside it does not matter.
#[tokio::test]
async fn suspending() {
    let stage = Stage::open().await;
    let (anna, olga) = (stage.anna().await, stage.olga().await);
    // A draft for other settings stands beside what is in use.
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaother"),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&anna, &fields).await;
    stage
        .change_held(&olga, "acme.example", "suspend")
        .await
        .says(200, "Suspended.");
    stage.is_signed_out_of(&anna).await;
    let page = stage
        .password(&stage.browser(), "anna@acme.example", PASSWORD)
        .await;
    assert_eq!(page.status, 403, "{}", page.text());
    let page = anna.visit(&stage.at("/sso/okta/start?tenant=acme")).await;
    page.says(404, "does not sign in with Okta here, or not at the moment");
    let page = olga.visit(&stage.at("/operator/tenants")).await;
    page.says(200, "Suspended: nobody can sign in");
    stage
        .change_held(&olga, "acme.example", "approve")
        .await
        .says(200, "Approved.");
    stage
        .sign_in(&stage.browser(), "bo@acme.example")
        .await
        .says(200, "Hello, Bo");
    let (actor, _) = stage
        .latest("acme", "operator/domain-suspended")
        .await
        .unwrap();
    assert_eq!(actor, "operator olga");
}

/// A domain that waits to be used is suspended as much as one in use, and says so.
#[tokio::test]
async fn suspending_what_is_not_in_use() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    stage.approve(&olga, "globex.example").await;
    let page = stage.change_held(&olga, "globex.example", "suspend").await;
    page.says(200, "Suspended.")
        .says(200, "the company can put its settings into use");
    let page = stage.test_sign_in(&gina, "gina@globex.example").await;
    assert!(
        !page.text().contains("is active at Globex"),
        "{}",
        page.text()
    );
    let page = stage.change_held(&olga, "globex.example", "approve").await;
    page.says(200, "Approved.");
    let page = stage.test_sign_in_known(&gina).await;
    page.says(200, "Single sign-on is active at Globex");
}

/// What is no company, no domain or no action is answered, and changes nothing.
#[tokio::test]
async fn what_is_not_there_is_not_changed() {
    let stage = Stage::open().await;
    let olga = stage.olga().await;
    let page = olga.visit(&stage.at("/operator")).await;
    let proof = page.hidden("/operator/logout");
    let send = async |pairs: &[(&str, &str)]| {
        let mut fields = proof.clone();
        let pairs = pairs.iter();
        fields.extend(pairs.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let url = stage.at("/operator/domains");
        olga.send(&url, olga.request_post(&url, &fields)).await
    };
    let nowhere = [
        ("tenant", "nowhere"),
        ("domain", "a.example"),
        ("action", "release"),
    ];
    send(&nowhere).await.says(404, "no such page");
    let foreign = [
        ("tenant", "globex"),
        ("domain", "acme.example"),
        ("action", "release"),
    ];
    send(&foreign).await.says(409, "does not hold this domain");
    let suspend = [
        ("tenant", "globex"),
        ("domain", "acme.example"),
        ("action", "suspend"),
    ];
    send(&suspend).await.says(409, "does not hold this domain");
    let nothing = [("tenant", "globex"), ("domain", "x"), ("action", "erase")];
    send(&nothing).await.says(400, "could not be read");
    send(&[("action", "approve")])
        .await
        .says(400, "could not be read");
    // On the company's page a domain stays in the field where it was typed to be approved, and comes into it in no other way.
    for (action, typed) in [("suspend", ""), ("release", ""), ("approve", "gmail.com")] {
        let fields = [
            ("tenant", "acme"),
            ("domain", "gmail.com"),
            ("back", "company"),
        ];
        let page = send(&[&fields[..], &[("action", action)]].concat()).await;
        page.says(422, "Nothing was changed.");
        assert_eq!(page.value("domain"), typed, "{action}");
    }
    assert_eq!(stage.count("SELECT count(*) FROM domain_holders").await, 2);
    olga.visit(&stage.at("/operator/tenants/nowhere"))
        .await
        .says(404, "no such page");
}

/// What is in use waits for its domain and passwords work; an approval for a draft beside it takes nothing from anybody.
#[tokio::test]
async fn an_approval_for_other_settings_locks_nobody_out() {
    let stage = Stage::open().await;
    let (anna, olga) = (stage.browser(), stage.olga().await);
    stage
        .change("DELETE FROM domain_holders WHERE tenant = 'acme'")
        .await;
    let page = stage.password(&anna, "anna@acme.example", PASSWORD).await;
    page.says(200, "Hello, Anna");
    let fields = [
        ("enabled", "on"),
        ("client_id", "0oaother"),
        ("issuer", &*stage.issuer),
    ];
    stage.send_settings(&anna, &fields).await;
    let page = olga.visit(&stage.at("/operator/tenants/acme")).await;
    let fields = [("domain", "acme.example"), ("action", "approve")];
    let page = olga.submit(&page, "/operator/domains", &fields).await;
    let page = olga.follow(page).await;
    page.says(200, "Approved.").says(200, "Waits for a domain");
    let page = stage
        .password(&stage.browser(), "anna@acme.example", PASSWORD)
        .await;
    page.says(200, "Hello, Anna");
}

/// Without a domain nobody can come in by Okta: single sign-on is switched off, which is said, and needs its test again.
#[tokio::test]
async fn releasing_the_last_domain_switches_off() {
    let stage = Stage::open().await;
    let (bo, olga) = (stage.browser(), stage.olga().await);
    stage
        .sign_in(&bo, "bo@acme.example")
        .await
        .says(200, "Hello, Bo");
    let question = stage.at("/operator/domains/release?tenant=acme&domain=acme.example");
    olga.visit(&question)
        .await
        .says(200, "It is the last domain in use")
        .says(200, "people have no password and cannot sign in");
    let page = stage.release(&olga, "acme", "acme.example").await;
    page.says(200, "It was the last domain")
        .says(200, "passwords are taken again");
    stage.is_signed_out_of(&bo).await;
    let anna = stage.browser();
    let by_password = async |browser| {
        let page = stage.password(browser, "anna@acme.example", PASSWORD).await;
        page.says(200, "Hello, Anna");
    };
    by_password(&anna).await;
    anna.visit(&stage.at("/history"))
        .await
        .says(200, "Ledgerline released the last SSO domain.");
    // An approval alone does not bring it back.
    let page = olga.visit(&stage.at("/operator/tenants/acme")).await;
    page.says(200, "Passwords");
    let fields = [("domain", "acme.org"), ("action", "approve")];
    let page = olga.submit(&page, "/operator/domains", &fields).await;
    olga.follow(page).await.says(200, "Approved.");
    by_password(&stage.browser()).await;
    let page = anna.visit(&stage.at("/sso/okta/start?tenant=acme")).await;
    page.says(404, "does not sign in with Okta here");
    // One of two is no such thing.
    let page = olga.visit(&stage.at("/operator/tenants/beta")).await;
    let fields = [("domain", "beta.org"), ("action", "approve")];
    let page = olga.submit(&page, "/operator/domains", &fields).await;
    olga.follow(page).await.says(200, "Approved.");
    let page = stage.release(&olga, "beta", "beta.example").await;
    page.says(200, "Another company can have it now");
    let gone = stage.at("/operator/domains/release?tenant=beta&domain=beta.example");
    olga.visit(&gone).await.says(404, "");
    assert_eq!(
        stage
            .count("SELECT count(*) FROM connections WHERE tenant = 'beta'")
            .await,
        1
    );
}

/// A page that was drawn before decides nothing that is not so any more.
#[tokio::test]
async fn a_stale_page_decides_nothing() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.save_globex(&gina).await;
    stage.ask_for_domain(&gina, "globex.example").await;
    let stale = olga.visit(&stage.at("/operator")).await;
    let page = gina.visit(&stage.at("/settings/sso")).await;
    gina.submit(&page, "/settings/sso/domain/withdraw", &[])
        .await;
    for fields in [
        &[("action", "approve")][..],
        &[("action", "refuse"), ("reason", "No.")],
    ] {
        let page = olga
            .submit_beside(&stale, ">globex.example<", "/operator/domains", fields)
            .await;
        page.says(409, "This request was withdrawn or decided");
    }
    let holders = "SELECT count(*) FROM domain_holders WHERE tenant = 'globex'";
    assert_eq!(stage.count(holders).await, 0);
    for code in ["operator/domain-approved", "operator/domain-refused"] {
        assert_eq!(stage.latest("globex", code).await, None);
    }
    // Nor is a domain approved again that was not suspended any more.
    stage.change_held(&olga, "acme.example", "suspend").await;
    let stale = olga.visit(&stage.at("/operator")).await;
    stage
        .change_held(&olga, "acme.example", "approve")
        .await
        .says(200, "Approved.");
    let fields = [("action", "approve")];
    let held = "<strong>acme.example</strong>";
    let page = olga
        .submit_beside(&stale, held, "/operator/domains", &fields)
        .await;
    page.says(409, "This domain is not suspended any more.");
}

/// Whoever decides about a suspended company's next domain is told that it is suspended.
#[tokio::test]
async fn a_request_of_a_suspended_company_says_so() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    stage.activate_globex(&gina, &olga).await;
    stage.change_held(&olga, "globex.example", "suspend").await;
    stage
        .ask_for_domain(&gina, "globex.org")
        .await
        .says(200, "We have your request.");
    let page = olga.visit(&stage.at("/operator")).await;
    page.says(200, "Suspended by us: globex.example.");
}
