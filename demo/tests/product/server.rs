//! What every answer has in common, what watches the process, and how it starts and ends.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::stage::{NOW, PASSWORD, Stage};

#[tokio::test]
async fn every_link_of_a_page_leads_to_one() {
    let stage = Stage::open().await;
    // An administrator of a company that does not use Okta, and somebody whom the product does not know.
    let gina = stage.browser();
    let home = stage.password(&gina, "gina@globex.example", PASSWORD).await;
    let eve = stage.browser();
    let refused = stage.sign_in(&eve, "eve@acme.example").await;
    let login = stage.browser().visit(&stage.at("/login")).await;
    for (browser, page) in [(&gina, home), (&eve, refused), (&gina, login)] {
        let links: Vec<_> = page.links().collect();
        assert!(links.len() > 2, "{}: {links:?}", page.url);
        for link in links {
            let found = browser.visit(&link).await;
            assert_eq!(found.status, 200, "{link} on {}", page.url);
        }
    }
}

#[tokio::test]
async fn every_answer_has_its_headers() {
    let stage = Stage::open().await;
    let browser = stage.browser();
    for path in [
        "/login",
        "/",
        "/me",
        "/nowhere",
        "/healthz",
        "/signed-out",
        "/login/okta",
    ] {
        let page = browser.get(&stage.at(path)).await;
        let policy = page.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}"); // T30 among them
        }
        assert_eq!(page.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(page.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(page.header("cache-control"), "no-store", "{path}");
        assert_eq!(
            page.header("cross-origin-opener-policy"),
            "same-origin",
            "{path}"
        );
        assert_eq!(
            page.header("strict-transport-security"),
            "",
            "{path}: plain http"
        );
    }
    let callback = browser.get(&stage.at("/sso/okta/callback")).await;
    assert_eq!(callback.header("referrer-policy"), "no-referrer", "T21");
    assert_eq!(callback.header("cache-control"), "no-store");
    for asset in [
        "/assets/style.css",
        "/assets/ledgerline.js",
        "/assets/icon.svg",
    ] {
        let page = browser.get(&stage.at(asset)).await;
        assert_eq!(page.status, 200, "{asset}");
        assert_eq!(page.header("cache-control"), "public, max-age=300");
    }
}

#[tokio::test]
async fn behind_tls_browsers_are_told_to_stay_there() {
    let stage = Stage::open_with(&["--public-url=https://ledgerline.example"]).await;
    let mut url = stage.at("/login");
    url.set_scheme("http").unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(stage.address.port())).unwrap();
    let page = stage.browser().get(&url).await;
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn health_and_readiness() {
    let stage = Stage::open().await;
    let browser = stage.browser();
    let health = browser.get(&stage.at("/healthz")).await;
    assert_eq!(
        (health.status.as_u16(), health.body.as_str()),
        (200, "ok\n")
    );
    let ready = browser.get(&stage.at("/readyz")).await;
    assert_eq!(ready.status, 200);
    assert_eq!(
        ready.json(),
        serde_json::json!({ "ready": true, "not_ready": [] })
    );
    stage.change("ALTER TABLE tenants RENAME TO away").await;
    let ready = browser.get(&stage.at("/readyz")).await;
    assert_eq!(ready.status, 503);
    assert_eq!(
        ready.json(),
        serde_json::json!({ "ready": false, "not_ready": ["database"] })
    );
    // Nor does a page fall over: it says so, with a number.
    let page = browser.get(&stage.at("/login")).await;
    page.says(503, "Something went wrong on our side");
    assert_eq!(page.number().len(), 16);
    assert!(!page.text().contains("tenants"), "{}", page.text());
    // What was done before the fault is done.
    assert!(!page.text().contains("Nothing was changed"));
}

/// What is not ready, by the answer.
async fn not_ready(stage: &Stage) -> serde_json::Value {
    let ready = stage.browser().get(&stage.at("/readyz")).await;
    assert_eq!(ready.status, 503, "{}", ready.body);
    ready.json().get("not_ready").cloned().unwrap()
}

#[tokio::test]
async fn f_30_without_its_storage_it_is_not_ready() {
    let stage = Stage::open().await;
    stage
        .change("ALTER TABLE okta_sso_storage RENAME TO away")
        .await;
    assert_eq!(not_ready(&stage).await, serde_json::json!(["state"]));
}

#[tokio::test]
async fn f_41_a_slow_clock_is_not_ready() {
    let stage = Stage::open().await;
    stage.clock().set(NOW - 10 * 365 * 24 * 60 * 60);
    assert_eq!(not_ready(&stage).await, serde_json::json!(["clock"]));
}

#[tokio::test]
async fn pages_that_are_not_there_say_so() {
    let stage = Stage::open().await;
    let browser = stage.browser();
    for path in [
        "/nowhere",
        "/sso/okta",
        "/sso/okta/elsewhere",
        "/assets/../Cargo.toml",
    ] {
        browser
            .get(&stage.at(path))
            .await
            .says(404, "There is no such page");
    }
    let callback = stage.at("/sso/okta/callback");
    let posted = browser
        .send(&callback, browser.request_post(&callback, &[]))
        .await;
    assert_eq!(posted.status, 405, "T27");
}

/// What was begun before the end is finished; what comes after is not taken.
#[tokio::test]
async fn a_request_in_flight_is_answered_before_the_end() {
    let stage = Stage::open().await;
    let gina = stage.browser();
    let url = stage.at("/login");
    let page = gina.get(&url).await;
    let mut fields = page.hidden("/login");
    for (name, value) in [("email", "gina@globex.example"), ("password", PASSWORD)] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    let head = format!(
        "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nCookie: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len(),
        gina.cookie_header(&url),
    );
    let mut connection = TcpStream::connect(stage.address).await.unwrap();
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut asked_for_more = [0; 25];
    connection.read_exact(&mut asked_for_more).await.unwrap();
    assert_eq!(&asked_for_more, b"HTTP/1.1 100 Continue\r\n\r\n");

    let address = stage.address;
    let stopping = tokio::spawn(stage.stop());
    while TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    connection.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 303 See Other\r\n"), "{answer}");
    assert!(answer.contains("__Host-session="), "{answer}");
    let ended = tokio::time::timeout(Duration::from_secs(9), stopping).await;
    assert!(ended.unwrap().is_ok(), "it ends with the last answer");
}

/// Sessions and pending sign-ins outlive the process.
#[tokio::test]
async fn a_restart_loses_nobody() {
    let stage = Stage::open().await;
    let (anna, bo) = (stage.browser(), stage.browser());
    stage
        .sign_in(&anna, "anna@acme.example")
        .await
        .says(200, "Hello, Anna");
    let callback = stage.callback(&bo, "bo@acme.example").await;
    let stage = stage.stop().await.start().await;
    assert_eq!(stage.me(&anna).await["email"], "anna@acme.example");
    bo.visit(&callback).await.says(200, "Hello, Bo");
}

#[tokio::test]
async fn metrics_count_without_naming_anybody() {
    let stage = Stage::open_with(&["--metrics=127.0.0.1:0"]).await;
    let anna = stage.browser();
    stage
        .sign_in(&anna, "anna@acme.example")
        .await
        .says(200, "Hello, Anna");
    let eve = stage.sign_in(&stage.browser(), "eve@acme.example").await;
    eve.says(403, "does not open an account here");
    stage
        .password(&stage.browser(), "gina@globex.example", PASSWORD)
        .await;
    stage.okta.rotate_keys().unwrap();
    stage.sign_in(&stage.browser(), "bo@acme.example").await;
    let nobody = stage.at("/sso/okta/callback?code=x");
    stage.browser().get(&nobody).await.says(400, "");
    let address = stage.metrics.unwrap();
    let url = format!("http://{address}/metrics").parse().unwrap();
    let metrics = anna.get(&url).await;
    assert_eq!(metrics.status, 200);
    for line in [
        r#"ledgerline_sign_ins_total{outcome="signed-in/okta-first"} 2"#,
        r#"ledgerline_sign_ins_total{outcome="signed-in/password"} 1"#,
        r#"ledgerline_sign_ins_total{outcome="account/not-invited"} 1"#,
        r#"ledgerline_sign_ins_total{outcome="login/callback-malformed"} 1"#,
        r#"ledgerline_start_seconds_count{status="303"} 3"#,
        r#"ledgerline_callback_seconds_count{status="303"} 2"#,
        r#"ledgerline_callback_seconds_count{status="403"} 1"#,
        r#"ledgerline_provider_seconds_count{endpoint="metadata",answer="2xx"} 1"#,
        r#"ledgerline_provider_seconds_count{endpoint="keys",answer="2xx"} 2"#,
        r#"ledgerline_provider_seconds_count{endpoint="token",answer="2xx"} 3"#,
        r#"ledgerline_storage_seconds_count{operation="put",answer="ok"} 6"#,
        r#"ledgerline_storage_seconds_count{operation="take",answer="ok"} 3"#,
        "ledgerline_sandbox_busy 0",
        "ledgerline_key_refetches_total{outcome=\"made\"} 1",
    ] {
        assert!(
            metrics.body.lines().any(|found| found == line),
            "{line}: {}",
            metrics.body
        );
    }
    let (_, idle) = metrics
        .body
        .split_once("\nledgerline_database_connections_idle ")
        .unwrap();
    assert!(idle.starts_with(|digit: char| digit.is_ascii_digit()));
    for somebody in ["acme", "anna", "eve@", "127.0.0.1"] {
        assert!(!metrics.body.contains(somebody), "{somebody}");
    }
    let elsewhere = anna.get(&stage.at("/metrics")).await;
    elsewhere.says(404, "There is no such page");
}
