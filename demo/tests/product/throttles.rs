//! How often something may be tried: by address, by account and by company.

use std::cell::Cell;

use reqwest::RequestBuilder;
use url::Url;

use crate::browser::{Browser, Page};
use crate::guide::GINA;
use crate::stage::{NOW, PASSWORD, Stage};

#[tokio::test]
async fn guessing_is_slowed_down_for_the_account() {
    let stage = Stage::open().await;
    let (gina, guesser) = (stage.browser(), stage.browser());
    for _ in 0..10 {
        stage
            .password(&guesser, GINA, "wrong")
            .await
            .says(403, "E-mail or password is not right");
    }
    let page = stage
        .password(&guesser, "GINA@globex.example", "wrong")
        .await;
    page.says(429, "Too many tries");
    assert_eq!(page.header("retry-after"), "60");
    stage
        .password(&gina, GINA, PASSWORD)
        .await
        .says(429, "Wait a minute");
    stage.pass(60);
    stage
        .password(&gina, GINA, PASSWORD)
        .await
        .says(200, "Hello, Gina");
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_address() {
    let stage = Stage::open().await;
    let guesser = stage.browser();
    for number in 0..20 {
        let email = format!("person{number}@globex.example");
        stage
            .password(&guesser, &email, "wrong")
            .await
            .says(403, "E-mail or password is not right");
    }
    let page = stage.password(&guesser, GINA, PASSWORD).await;
    page.says(429, "There were too many tries to sign in from here");
    assert_eq!(page.header("retry-after"), "3");
}

#[tokio::test]
async fn only_a_trusted_proxy_says_where_somebody_is() {
    let guess = async |stage: &Stage, forwarded: String| {
        let browser = stage.browser();
        let url = stage.at("/login");
        let mut fields = browser.get(&url).await.hidden("/login");
        for (name, value) in [("email", forwarded.as_str()), ("password", "wrong")] {
            fields.push((name.to_owned(), value.to_owned()));
        }
        let request = browser
            .request_post(&url, &fields)
            .header("x-forwarded-for", forwarded.as_str());
        browser.send(&url, request).await.status.as_u16()
    };
    let direct = Stage::open().await;
    for number in 0..20 {
        assert_eq!(guess(&direct, format!("203.0.113.{number}")).await, 403);
    }
    assert_eq!(guess(&direct, "203.0.113.99".to_owned()).await, 429);
    let behind = Stage::open_with(&["--trusted-proxy=127.0.0.0/8"]).await;
    for number in 0..21 {
        assert_eq!(guess(&behind, format!("203.0.113.{number}")).await, 403);
    }
}

#[tokio::test]
async fn attempts_from_one_address_are_bounded() {
    let stage = Stage::open().await;
    let browser = stage.browser();
    let start = stage.at("/sso/okta/start?tenant=nobody");
    for _ in 0..100 {
        assert_eq!(browser.get(&start).await.status, 404);
    }
    browser.get(&start).await.says(429, "Too many tries");
    stage.pass(1);
    assert_eq!(browser.get(&start).await.status, 404);
}

/// Returns that come to nothing; those that do not are not counted.
#[tokio::test]
async fn returns_to_one_address_are_bounded() {
    let stage = Stage::open().await;
    let (anna, stranger) = (stage.browser(), stage.browser());
    let good = stage.callback(&anna, "anna@acme.example").await;
    let bad = stage.at("/sso/okta/callback?state=x&code=x");
    for _ in 0..100 {
        assert_eq!(stranger.get(&bad).await.status, 400);
    }
    stranger.get(&bad).await.says(429, "Too many tries");
    // A true one has to wait, and is not used up by it.
    anna.get(&good).await.says(429, "Wait a minute");
    stage.pass(1);
    anna.visit(&good).await.says(200, "Hello, Anna");
    assert_eq!(stranger.get(&bad).await.status, 400);
    assert_eq!(stranger.get(&bad).await.status, 429);
}

/// A crowd of addresses behind a proxy that the product trusts.
struct Crowd {
    stage: Stage,
    browser: Browser,
    next: Cell<u32>,
}

impl Crowd {
    async fn gathers() -> Self {
        let stage = Stage::open_with(&["--trusted-proxy=127.0.0.0/8"]).await;
        Self {
            browser: stage.browser(),
            stage,
            next: Cell::new(0),
        }
    }

    /// Sends from an address that has asked for nothing yet.
    async fn send(&self, url: &Url, request: RequestBuilder) -> Page {
        let number = self.next.get();
        self.next.set(number + 1);
        let [_, a, b, c] = number.to_be_bytes();
        let request = request.header("x-forwarded-for", format!("10.{a}.{b}.{c}"));
        self.browser.send(url, request).await
    }

    async fn start(&self, tenant: &str) -> u16 {
        let url = self.stage.at(&format!("/sso/okta/start?tenant={tenant}"));
        let page = self.send(&url, self.browser.request_get(&url)).await;
        page.status.as_u16()
    }

    /// A password at a company's own sign-in page, or at the common one.
    async fn password(&self, tenant: &str, email: &str, password: &str) -> u16 {
        let url = self.stage.at("/login");
        let fields = self.browser.get(&url).await.hidden("/login");
        let proof = fields.into_iter().find(|(name, _)| name == "proof");
        let typed = [("tenant", tenant), ("email", email), ("password", password)];
        let typed = typed.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let fields: Vec<_> = proof.into_iter().chain(typed).collect();
        let request = self.browser.request_post(&url, &fields);
        self.send(&url, request).await.status.as_u16()
    }
}

/// T36: one company's attempts are bounded, wherever they come from, and another's go on.
#[tokio::test]
async fn attempts_at_one_company_are_bounded() {
    let crowd = Crowd::gathers().await;
    for number in 0..1_000 {
        assert_eq!(crowd.start("globex").await, 404, "{number}");
    }
    assert_eq!(crowd.start("globex").await, 429);
    assert_eq!(crowd.start("acme").await, 303);
    // A test sign-in is one of them.
    let (gina, olga) = (crowd.stage.gina().await, crowd.stage.olga().await);
    crowd.stage.save_globex(&gina).await;
    crowd.stage.ask_for_domain(&gina, "globex.example").await;
    crowd.stage.approve(&olga, "globex.example").await;
    let before = gina.visit(&crowd.stage.at("/settings/sso/test")).await;
    let go = before.link("Continue to Okta");
    gina.visit(&go).await.says(429, "Too many tries");
    crowd.stage.pass(1);
    gina.visit(&go).await.says(200, "Sign in");
    for _ in 1..20 {
        assert_eq!(crowd.start("globex").await, 404);
    }
    assert_eq!(crowd.start("globex").await, 429);
}

/// However many of a company's people come in at once.
#[tokio::test]
async fn an_attempt_that_succeeds_is_not_counted() {
    let crowd = Crowd::gathers().await;
    let stage = &crowd.stage;
    stage
        .change("UPDATE connections SET enabled = 0 WHERE tenant = 'acme'")
        .await;
    for number in 1..1_000 {
        assert_eq!(crowd.start("acme").await, 404, "{number}");
    }
    stage
        .change("UPDATE connections SET enabled = 1 WHERE tenant = 'acme'")
        .await;
    for (person, name) in [("anna", "Anna"), ("bo", "Bo")] {
        let login = format!("{person}@acme.example");
        let page = stage.sign_in(&stage.browser(), &login).await;
        page.says(200, &format!("Hello, {name}"));
    }
    assert_eq!(crowd.start("acme").await, 303);
    assert_eq!(crowd.start("acme").await, 429);
}

/// Whoever goes through a company's accounts, a few tries each and from everywhere.
#[tokio::test]
async fn guessing_at_one_company_is_bounded() {
    let crowd = Crowd::gathers().await;
    let long = "x".repeat(257); // is refused unread, which takes no time
    for number in 0..1_000 {
        let email = format!("person{number}@globex.example");
        assert_eq!(
            crowd.password("globex", &email, &long).await,
            403,
            "{number}"
        );
    }
    assert_eq!(crowd.password("globex", GINA, PASSWORD).await, 429);
    // The other doors are open: another company's, the common one, the operators'.
    assert_eq!(
        crowd.password("beta", "berta@beta.example", &long).await,
        403
    );
    assert_eq!(crowd.password("", GINA, PASSWORD).await, 303);
    crowd.stage.olga().await;
    crowd.stage.pass(1);
    assert_eq!(crowd.password("globex", GINA, PASSWORD).await, 303);
}

/// Somebody with one address and password at two companies: who guesses at the one locks nobody out of the other.
#[tokio::test]
async fn guessing_at_one_company_locks_no_account_of_another() {
    let crowd = Crowd::gathers().await;
    let stage = &crowd.stage;
    stage
        .change("INSERT INTO tenants (id, name) VALUES ('initech', 'Initech')")
        .await;
    stage
        .change(
            "INSERT INTO users (id, tenant, email, name, password)
             SELECT '1', tenants.id, email, 'Gina', password FROM users, tenants
             WHERE email = 'gina@globex.example' AND tenants.id = 'initech'",
        )
        .await;
    for _ in 0..10 {
        assert_eq!(crowd.password("globex", GINA, "wrong").await, 403);
    }
    assert_eq!(crowd.password("globex", GINA, PASSWORD).await, 429);
    assert_eq!(crowd.password("initech", GINA, PASSWORD).await, 303);
    // A company that is not there is no further door.
    for _ in 0..10 {
        let status = crowd.password("nowhere", GINA, "wrong").await;
        assert_eq!(status, 403);
    }
    for tenant in ["", "nowhere", "elsewhere"] {
        assert_eq!(
            crowd.password(tenant, GINA, PASSWORD).await,
            429,
            "{tenant}"
        );
    }
}

/// F-40: whoever has mistyped once comes in, and who was guessing waits as long as before.
#[tokio::test]
async fn f_40_the_clock_is_set_back() {
    let crowd = Crowd::gathers().await;
    assert_eq!(crowd.password("globex", GINA, "wrong").await, 403);
    let hal = "hal@globex.example";
    for _ in 0..10 {
        assert_eq!(crowd.password("globex", hal, "wrong").await, 403);
    }
    crowd.stage.clock().set(NOW - 60 * 60);
    assert_eq!(crowd.password("globex", GINA, PASSWORD).await, 303);
    assert_eq!(crowd.password("globex", hal, PASSWORD).await, 429);
    crowd.stage.pass(60);
    assert_eq!(crowd.password("globex", hal, PASSWORD).await, 303);
}
