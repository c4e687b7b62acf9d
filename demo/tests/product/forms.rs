//! Every form of the pages for administrators and operators: from our own pages alone, and answered whatever it holds.

use reqwest::header::ORIGIN;

use crate::browser::Browser;
use crate::stage::Stage;

type Fields = &'static [(&'static str, &'static str)];

/// Each form of a company's administrators, filled in well enough to do something.
const OF_ADMINISTRATORS: &[(&str, Fields)] = &[
    (
        "/settings/sso",
        &[
            ("enabled", "on"),
            ("client_id", "0oaother"),
            ("issuer", "https://x.okta.com"),
        ],
    ),
    ("/settings/sso/check", &[("issuer", "x")]),
    ("/settings/sso/discard", &[]),
    ("/settings/sso/on", &[]),
    ("/settings/sso/off", &[]),
    ("/settings/sso/secret/remove", &[("secret", "x")]),
    ("/settings/sso/key/new", &[]),
    ("/settings/sso/key/remove", &[("key", "x")]),
    ("/settings/sso/domain", &[("domain", "forged.example")]),
    (
        "/settings/sso/domain/withdraw",
        &[("domain", "acme.example")],
    ),
    (
        "/people/invite",
        &[("name", "X"), ("email", "x@acme.example")],
    ),
    ("/people/change", &[("id", "x"), ("action", "remove")]),
    ("/people/mend", &[("id", "x"), ("email", "x@acme.example")]),
    ("/history/check", &[]),
];

/// Each form of the operators.
const OF_OPERATORS: &[(&str, Fields)] = &[
    ("/operator/logout", &[]),
    (
        "/operator/domains",
        &[
            ("tenant", "acme"),
            ("domain", "acme.example"),
            ("action", "release"),
        ],
    ),
    (
        "/operator/tenants/acme/recover",
        &[("email", "anna@acme.example"), ("reason", "x")],
    ),
    ("/operator/tenants/acme/off", &[]),
    (
        "/operator/tenants/acme/move",
        &[("from", "x"), ("to", "https://x.okta.com")],
    ),
    ("/operator/tenants/acme/undo", &[("id", "x")]),
];

/// Those that anybody can send.
const OF_ANYBODY: &[(&str, Fields)] = &[
    (
        "/operator/login",
        &[("name", "olga"), ("password", "canary-operator-password")],
    ),
    ("/recover", &[("code", "x")]),
];

async fn proof(stage: &Stage, browser: &Browser) -> String {
    let page = browser.visit(&stage.at("/recover")).await;
    page.hidden("/recover").remove(0).1
}

fn fields(proof: Option<&str>, fields: Fields) -> Vec<(String, String)> {
    let proof = proof.map(|proof| ("proof", proof));
    let all = proof.into_iter().chain(fields.iter().copied());
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// What all of this must leave as it was.
async fn state(stage: &Stage) -> [i64; 7] {
    [
        stage.count("SELECT count(*) FROM users").await,
        stage.count("SELECT count(*) FROM sessions").await,
        stage.count("SELECT count(*) FROM operator_sessions").await,
        stage.count("SELECT count(*) FROM domains").await,
        stage.count("SELECT count(*) FROM domain_requests").await,
        stage.count("SELECT count(*) FROM drafts").await,
        stage.count("SELECT count(*) FROM events").await,
    ]
}

/// T28 and the like: neither without the page's proof, nor with another browser's, nor from another site.
#[tokio::test]
async fn a_form_comes_from_our_own_page_in_this_browser() {
    let stage = Stage::open().await;
    let (anna, olga) = (stage.anna().await, stage.olga().await);
    let foreign = proof(&stage, &stage.browser()).await;
    let before = state(&stage).await;
    for (browser, forms) in [
        (&anna, OF_ADMINISTRATORS),
        (&olga, OF_OPERATORS),
        (&stage.browser(), OF_ANYBODY),
    ] {
        let own = proof(&stage, browser).await;
        for (path, filled_in) in forms {
            let url = stage.at(path);
            for wrong in [None, Some(""), Some("x"), Some(&*foreign)] {
                let request = browser.request_post(&url, &fields(wrong, filled_in));
                let page = browser.send(&url, request).await;
                assert_eq!(page.status, 403, "{path} {wrong:?}: {}", page.text());
                page.says(403, "This form has expired");
            }
            let good = fields(Some(&own), filled_in);
            for (header, value) in [
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-site", "same-site"),
                (ORIGIN.as_str(), "https://evil.example"),
                (ORIGIN.as_str(), "null"),
            ] {
                let request = browser.request_post(&url, &good).header(header, value);
                let page = browser.send(&url, request).await;
                assert_eq!(page.status, 403, "{path} {value}: {}", page.text());
                page.says(403, "This form came from another site");
            }
        }
    }
    assert_eq!(state(&stage).await, before);
}

/// With a good proof and nobody, or the wrong person, behind it.
#[tokio::test]
async fn a_form_needs_the_right_person() {
    let stage = Stage::open().await;
    let (gina, hal, stranger) = (stage.gina().await, stage.browser(), stage.browser());
    let page = stage
        .password(&hal, "hal@globex.example", crate::stage::PASSWORD)
        .await;
    page.says(200, "Hello, Hal");
    let before = state(&stage).await;
    for (forms, browser, login) in [
        (OF_ADMINISTRATORS, &stranger, Some("/login")),
        (OF_ADMINISTRATORS, &hal, None),
        (OF_OPERATORS, &stranger, Some("/operator/login")),
        (OF_OPERATORS, &gina, Some("/operator/login")),
    ] {
        let own = proof(&stage, browser).await;
        for (path, filled_in) in forms {
            // Signing out is for everybody.
            if *path == "/operator/logout" {
                continue;
            }
            let url = stage.at(path);
            let request = browser.request_post(&url, &fields(Some(&own), filled_in));
            let page = browser.send(&url, request).await;
            match login {
                Some(login) => assert_eq!(page.location(), stage.at(login), "{path}"),
                None => {
                    page.says(403, "This page is for the administrators of your company.");
                }
            }
        }
    }
    assert_eq!(state(&stage).await, before);
}

/// Nothing that a form can hold is a fault of ours.
#[tokio::test]
async fn whatever_a_form_holds_is_answered() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    let long = "x".repeat(10_000);
    let values = [
        "",
        " ",
        "\0",
        "\u{202e}\u{feff}",
        "\r\nSet-Cookie: x=y",
        "' OR 1=1 --",
        "../../etc/passwd",
        "https://127.0.0.1",
        "{{7*7}}",
        "\u{1f4a5}",
        &long,
    ];
    for (browser, forms) in [(&gina, OF_ADMINISTRATORS), (&olga, OF_OPERATORS)] {
        let own = proof(&stage, browser).await;
        for (path, filled_in) in forms {
            let url = stage.at(path);
            let send = async |fields: Vec<(String, String)>| {
                let page = browser
                    .send(&url, browser.request_post(&url, &fields))
                    .await;
                let status = page.status.as_u16();
                assert!(status < 500, "{path} {fields:?}: {status} {}", page.text());
                page
            };
            for (index, _) in filled_in.iter().enumerate() {
                for value in values {
                    let mut fields = fields(Some(&own), filled_in);
                    fields[index + 1].1 = value.to_owned();
                    send(fields).await;
                }
                // Twice, and not at all.
                let mut twice = fields(Some(&own), filled_in);
                twice.push(twice[index + 1].clone());
                send(twice).await.says(400, "This form could not be read");
                let mut absent = fields(Some(&own), filled_in);
                absent.remove(index + 1);
                send(absent).await;
            }
            let mut too_long = fields(Some(&own), filled_in);
            too_long.push(("more".to_owned(), "x".repeat(70_000)));
            send(too_long).await.says(400, "longer than it may be");
        }
        if std::ptr::eq(browser, &gina) {
            assert_eq!(stage.me(&gina).await["tenant"], "globex");
        }
    }
}

/// The addresses that show something, too: the form itself, and the questions before one.
const WITH_A_PAGE: [&str; 3] = [
    "/settings/sso",
    "/settings/sso/discard",
    "/operator/tenants/acme/off",
];

/// Nothing of a form is in an address.
#[tokio::test]
async fn a_page_that_only_takes_forms_says_so() {
    let stage = Stage::open().await;
    let (gina, olga) = (stage.gina().await, stage.olga().await);
    for (browser, forms) in [(&gina, OF_ADMINISTRATORS), (&olga, OF_OPERATORS)] {
        for (path, _) in forms.iter().filter(|(path, _)| !WITH_A_PAGE.contains(path)) {
            let page = browser.visit(&stage.at(path)).await;
            page.says(405, "This page cannot be used that way");
        }
    }
}

/// Two tabs: the form of one company's administrator is not carried out at the company that the browser signed in to since.
#[tokio::test]
async fn a_form_is_not_carried_out_as_somebody_else() {
    let stage = Stage::open().await;
    let browser = stage.anna().await;
    let drawn = browser.visit(&stage.at("/people")).await;
    let fields = [("name", "Eve Ekman"), ("email", "eve@acme.example")];
    let page = stage
        .password(&browser, crate::guide::GINA, crate::stage::PASSWORD)
        .await;
    page.says(200, "Hello, Gina");
    let page = browser.submit(&drawn, "/people/invite", &fields).await;
    page.says(403, "This form has expired").says(
        403,
        "Somebody has signed in or out since the form was drawn",
    );
    let eve = "SELECT count(*) FROM users WHERE email = 'eve@acme.example'";
    assert_eq!(stage.count(eve).await, 0);
    // Nor after signing out, nor as another operator.
    let drawn = browser.visit(&stage.at("/people")).await;
    browser.submit(&drawn, "/logout", &[]).await;
    let page = browser.submit(&drawn, "/logout", &[]).await;
    page.says(403, "This form has expired");
    let olga = stage.olga().await;
    let drawn = olga.visit(&stage.at("/operator")).await;
    olga.plant(&stage.public_url, "__Host-operator", "another");
    let page = olga.submit(&drawn, "/operator/logout", &[]).await;
    page.says(403, "This form has expired");
}
