//! What a browser, a proxy or an attacker may send that is not as it should be.
//!
//! The numbers are those of the table of bad inputs; what the component makes of a callback is in its own cases.

use okta_sso_demo::dev_okta::Endpoint;
use url::Url;

use crate::browser::Browser;
use crate::stage::{PASSWORD, Stage};

const ANNA: &str = "anna@acme.example";

/// An address with another query.
fn with(url: &Url, pairs: &[(String, String)]) -> Url {
    let mut url = url.clone();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url
}

fn pairs(url: &Url) -> Vec<(String, String)> {
    url.query_pairs().into_owned().collect()
}

/// Nobody is in, and the provider was not asked for a token.
async fn nothing_happened(stage: &Stage, browser: &Browser, tokens: u64, what: &str) {
    stage.is_signed_out(browser);
    assert_eq!(
        stage.count("SELECT count(*) FROM sessions").await,
        0,
        "{what}"
    );
    assert_eq!(stage.count("SELECT count(*) FROM links").await, 0, "{what}");
    let asked = stage.okta.requests().of(Endpoint::Token);
    assert_eq!(asked, tokens, "{what}");
}

/// BI-001 to BI-011: each is refused without a question to the provider, and the true callback still works where the
/// wrong one did not name its attempt.
#[tokio::test]
async fn a_callback_that_is_not_one() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let callback = stage.callback(&anna, ANNA).await;
    let good = pairs(&callback);
    let value = |name: &str| {
        good.iter()
            .find(|(found, _)| found == name)
            .unwrap()
            .1
            .clone()
    };
    let (code, state) = (value("code"), value("state"));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let long = "a".repeat(10 * 1024);
    let wrong: Vec<(&str, Vec<(String, String)>)> = vec![
        ("BI-002", vec![pair("code", &code)]),
        ("BI-003", vec![pair("code", &code), pair("state", "")]),
        (
            "BI-005 shorter",
            vec![pair("code", &code), pair("state", &state[1..])],
        ),
        (
            "BI-005 longer",
            vec![pair("code", &code), pair("state", &format!("{state}A"))],
        ),
        (
            "BI-005 alphabet",
            vec![
                pair("code", &code),
                pair("state", &format!("+{}", &state[1..])),
            ],
        ),
        (
            "BI-005 NUL",
            vec![
                pair("code", &code),
                pair("state", &format!("\0{}", &state[1..])),
            ],
        ),
        (
            "BI-007",
            vec![
                pair("code", &code),
                pair("state", &state),
                pair("state", &state),
            ],
        ),
        (
            "BI-008 code",
            vec![
                pair("code", &code),
                pair("code", &code),
                pair("state", &state),
            ],
        ),
        (
            "BI-008 iss",
            vec![
                pair("code", &code),
                pair("state", &state),
                pair("iss", &stage.issuer),
                pair("iss", &stage.issuer),
            ],
        ),
        ("BI-009", vec![pair("state", &state)]),
        (
            "BI-011 long",
            vec![pair("code", &long), pair("state", &state)],
        ),
        (
            "BI-011 CR LF",
            vec![pair("code", "a\r\nX: y"), pair("state", &state)],
        ),
        (
            "BI-011 NUL",
            vec![pair("code", "a\0"), pair("state", &state)],
        ),
        (
            "BI-011 letters",
            vec![pair("code", "ä"), pair("state", &state)],
        ),
    ];
    for (what, query) in &wrong {
        let page = anna.get(&with(&callback, query)).await;
        assert_eq!(page.status, 400, "{what}: {}", page.text());
        page.says(400, "Go back to the sign-in page and try again.");
        nothing_happened(&stage, &anna, 0, what).await;
    }
    let none = anna.get(&stage.at("/sso/okta/callback")).await;
    none.says(400, "Your sign-in could not be completed.");
    // BI-001 and BI-004: no cookie, and another attempt's.
    let stranger = stage.browser();
    stranger
        .get(&callback)
        .await
        .says(400, "started in another browser");
    stage.callback(&stranger, ANNA).await;
    stranger
        .get(&callback)
        .await
        .says(400, "started in another browser");
    nothing_happened(&stage, &stranger, 0, "BI-004").await;
    anna.visit(&callback).await.says(200, "Hello, Anna");
}

/// BI-010, BI-014 to BI-017, BI-056, BI-057, BI-060: answers of the provider, each consuming its attempt.
#[tokio::test]
async fn a_callback_with_an_error_or_another_issuer() {
    let stage = Stage::open().await;
    for (what, status, extra) in [
        ("BI-010", 400, vec![("error", "access_denied")]),
        ("BI-014", 400, vec![("iss", "")]),
        ("BI-015", 400, vec![("iss", "https://beta.okta.com")]),
        ("BI-016", 400, vec![("iss", "ISSUER/")]),
        (
            "BI-056",
            403,
            vec![
                ("code", ""),
                ("error", "access_denied"),
                ("error_description", "<script>alert(1)</script>"),
            ],
        ),
        (
            "BI-057",
            403,
            vec![("code", ""), ("error", "<img src=x onerror=alert(1)>")],
        ),
        (
            "BI-060",
            403,
            vec![
                ("code", ""),
                ("error", "server_error"),
                ("error_uri", "javascript:alert(1)"),
            ],
        ),
    ] {
        let anna = stage.browser();
        let callback = stage.callback(&anna, ANNA).await;
        let mut query = pairs(&callback);
        for (name, value) in &extra {
            if value.is_empty() && *name != "iss" {
                query.retain(|(found, _)| found != name);
            } else {
                query.push(((*name).to_owned(), value.replace("ISSUER", &stage.issuer)));
            }
        }
        let page = anna.get(&with(&callback, &query)).await;
        assert_eq!(page.status.as_u16(), status, "{what}: {}", page.text());
        for foreign in ["alert(1)", "onerror", "javascript:"] {
            assert!(!page.body.contains(foreign), "{what}: {}", page.body);
        }
        nothing_happened(&stage, &anna, 0, what).await;
        if what != "BI-010" && what != "BI-014" {
            anna.get(&callback).await.says(400, "or was used already.");
            nothing_happened(&stage, &anna, 0, what).await;
        }
    }
}

/// BI-019 to BI-022, T31: the product's addresses come from its own settings.
#[tokio::test]
async fn headers_and_parameters_change_nothing() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let start = stage.at(
        "/sso/okta/start?tenant=acme&scope=all&redirect_uri=https://evil.example&prompt=none\
         &client_id=evil&response_mode=form_post&state=x&nonce=y",
    );
    let request = anna
        .request_get(&start)
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example")
        .header("x-forwarded-uri", "/healthz")
        .header("x-original-url", "/healthz")
        .header("x-rewrite-url", "/healthz")
        .header("x_forwarded_user", ANNA)
        .header("x-forwarded-user", ANNA);
    let started = anna.send(&start, request).await;
    assert!(!started.header("location").contains("evil"));
    let page = anna.follow(started).await;
    let callback = stage.identify(&anna, &page, ANNA).await;
    assert_eq!(callback.origin(), stage.public_url.origin());
    anna.visit(&callback).await.says(200, "Hello, Anna");
}

/// MT-05: nothing that a person could be named by is read from the callback.
#[tokio::test]
async fn a_callback_names_nobody() {
    let stage = Stage::open().await;
    let bo = stage.browser();
    let callback = stage.callback(&bo, "bo@acme.example").await;
    let mut query = pairs(&callback);
    for (name, value) in [
        ("email", ANNA),
        ("tenant", "beta"),
        ("sub", "00uanna"),
        ("connection", "okta-beta"),
    ] {
        query.push((name.to_owned(), value.to_owned()));
    }
    bo.visit(&with(&callback, &query))
        .await
        .says(200, "Hello, Bo");
    let me = stage.me(&bo).await;
    assert_eq!(
        (&me["tenant"], &me["email"]),
        (&"acme".into(), &"bo@acme.example".into())
    );
}

/// MT-02 and MT-06: one Okta for two companies, and a person of the one at the other's door.
#[tokio::test]
async fn a_person_of_another_company_stays_outside() {
    let stage = Stage::open().await;
    let berta = stage.browser();
    let page = stage.sign_in(&berta, "berta@beta.example").await;
    page.says(403, "that sign-in does not open an account here");
    stage.is_signed_out(&berta);
    let (code, ..) = stage.history("acme", &page.number()).await;
    assert_eq!(code, "login/email-domain-not-approved");
    assert_eq!(stage.count("SELECT count(*) FROM links").await, 0);
    assert_eq!(
        stage
            .count("SELECT count(*) FROM events WHERE tenant = 'beta'")
            .await,
        0
    );
}

/// MT-12: what somebody had before their first sign-in with Okta is worth nothing after it.
#[tokio::test]
async fn the_first_sign_in_with_okta_ends_what_was_before() {
    let stage = Stage::open().await;
    stage
        .change("UPDATE connections SET enabled = 0 WHERE tenant = 'acme'")
        .await;
    let before = stage.browser();
    stage
        .password(&before, ANNA, PASSWORD)
        .await
        .says(200, "Hello, Anna");
    stage
        .change("UPDATE connections SET enabled = 1 WHERE tenant = 'acme'")
        .await;
    let anna = stage.browser();
    stage.sign_in(&anna, ANNA).await.says(200, "Hello, Anna");
    assert_eq!(before.get(&stage.at("/me")).await.status, 401);
    stage
        .change("UPDATE connections SET enabled = 0 WHERE tenant = 'acme'")
        .await;
    let again = stage.browser();
    stage
        .password(&again, ANNA, PASSWORD)
        .await
        .says(403, "E-mail or password is not right");
}

/// MT-16
#[tokio::test]
async fn a_company_that_switches_okta_off_meanwhile() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let callback = stage.callback(&anna, ANNA).await;
    stage
        .change("UPDATE connections SET enabled = 0 WHERE tenant = 'acme'")
        .await;
    let page = anna.visit(&callback).await;
    page.says(
        400,
        "The sign-in settings were changed while you were signing in.",
    );
    nothing_happened(&stage, &anna, 0, "MT-16").await;
}

/// MT-18: another issuer than the one that the domain was approved for.
#[tokio::test]
async fn a_changed_issuer_needs_a_new_approval() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    stage.sign_in(&anna, ANNA).await.says(200, "Hello, Anna");
    stage
        .change("UPDATE connections SET issuer = 'https://evil.example' WHERE tenant = 'acme'")
        .await;
    let page = stage
        .browser()
        .visit(&stage.at("/sso/okta/start?tenant=acme"))
        .await;
    page.says(404, "This company does not sign in with Okta here");
    assert_eq!(
        stage.count("SELECT count(*) FROM links").await,
        1,
        "the tie is kept"
    );
}

/// MT-30: whoever is first; the others see a page, and the provider is asked once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_callback_many_times_at_once() {
    let stage = std::sync::Arc::new(Stage::open().await);
    let anna = std::sync::Arc::new(stage.browser());
    let callback = stage.callback(&anna, ANNA).await;
    let cookies = anna.cookie_header(&callback);
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let (browser, callback) = (stage.browser(), callback.clone());
            let request = browser
                .request_get(&callback)
                .header(reqwest::header::COOKIE, &cookies);
            tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
        })
        .collect();
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(
        statuses.iter().filter(|status| **status == 303).count(),
        1,
        "{statuses:?}"
    );
    assert_eq!(
        statuses.iter().filter(|status| **status == 400).count(),
        19,
        "{statuses:?}"
    );
    assert_eq!(stage.okta.requests().of(Endpoint::Token), 1);
    assert_eq!(stage.count("SELECT count(*) FROM sessions").await, 1);
}

/// MT-32
#[tokio::test]
async fn an_attempt_lasts_ten_minutes() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let page = stage.press_okta(&anna).await;
    stage.pass(599);
    let callback = stage.identify(&anna, &page, ANNA).await;
    stage.pass(1);
    anna.visit(&callback)
        .await
        .says(400, "took longer than ten minutes");
    nothing_happened(&stage, &anna, 0, "MT-32").await;
}

/// BI-061 to BI-065, T26
#[tokio::test]
async fn cookies_that_are_none_of_ours() {
    let stage = Stage::open().await;
    let gina = stage.browser();
    stage.password(&gina, "gina@globex.example", PASSWORD).await;
    let session = gina.cookie(&stage.public_url, "__Host-session").unwrap();
    let me = stage.at("/me");
    let stranger = stage.browser();
    let status = async |cookies: Vec<u8>| {
        let cookies = reqwest::header::HeaderValue::from_bytes(&cookies).unwrap();
        let request = stranger
            .request_get(&me)
            .header(reqwest::header::COOKIE, cookies);
        request.send().await.unwrap().status().as_u16()
    };
    let good = format!("__Host-session={session}");
    assert_eq!(status(good.clone().into()).await, 200);
    let flipped: String = {
        let last = if session.ends_with('A') { "B" } else { "A" };
        format!("__Host-session={}{last}", &session[..42])
    };
    for cookies in [
        format!("{good}; {good}").into_bytes(),
        format!("__host-session={session}").into(),
        format!("__Secure-session={session}").into(),
        format!("session={session}").into(),
        flipped.into(),
        b"__Host-session=".to_vec(),
        b";;;=;=a;\"".to_vec(),
        b"__Host-session=\xff\xfe".to_vec(),
        format!("{good}; pad={}", "a".repeat(64 * 1024)).into(),
        format!("{good}{}", "; a=1".repeat(300)).into(),
    ] {
        let shown = String::from_utf8_lossy(&cookies[..cookies.len().min(60)]).into_owned();
        let status = status(cookies).await;
        assert!(matches!(status, 400 | 401 | 431), "{status} for {shown}");
    }
}

/// No database is asked for what none of them can hold.
#[tokio::test]
async fn an_address_with_a_nul_leads_nowhere() {
    let stage = Stage::open().await;
    let (anna, olga) = (stage.anna().await, stage.olga().await);
    for (browser, path) in [
        (&anna, "/login?tenant=acme%00"),
        (&anna, "/login/okta?email=anna%00@acme.example"),
        (&anna, "/sso/okta/start?tenant=acme%00"),
        (&anna, "/settings/sso/test/acme%00"),
        (&anna, "/history?search=%00"),
        (&olga, "/operator/tenants/acme%00"),
    ] {
        let page = browser.get(&stage.at(path)).await;
        page.says(404, "There is no such page");
    }
}
