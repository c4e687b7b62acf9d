//! A whole product with its development Okta, and people with browsers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use okta_sso_demo::database::Database;
use okta_sso_demo::dev_okta::DevOkta;
use okta_sso_demo::serve::{Options, Product};
use okta_sso_host::Clock;
use sqlx::AnyPool;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::browser::{Browser, Page};
use crate::place::Place;

pub(crate) const SEALING_KEY: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../demo/tests/sealing.key");
pub(crate) const NOW: u64 = 1_790_000_000;
pub(crate) const CLIENT_SECRET: &str = "canary-client-secret-of-acme";
pub(crate) const CLIENT_SECRET_OF_GLOBEX: &str = "canary-client-secret-of-globex";
pub(crate) const OKTA_PASSWORD: &str = "canary-okta-password";
pub(crate) const PASSWORD: &str = "canary-ledgerline-password";

/// Two companies that sign in with Okta, and one that does not.
const SETUP: &str = r#"
operator = { name = "olga", password = "canary-operator-password" }

[[tenants]]
id = "acme"
name = "Acme"
approved_domains = ["acme.example"]
connection = { client_id = "0oaacme", client_secret = "canary-client-secret-of-acme", issuer = "dev-okta" }
users = [
    { email = "anna@acme.example", name = "Anna Andersen", admin = true, password = "canary-ledgerline-password", invited = true },
    { email = "bo@acme.example", name = "Bo Berg", invited = true },
    { email = "carl@acme.example", name = "Carl Clausen", invited = true },
    { email = "dan@acme.example", name = "Dan Dahl", invited = true, disabled = true },
    { email = "old@acme.example", name = "Old Olsen" },
    { email = "guest@elsewhere.example", name = "Guest", password = "canary-ledgerline-password" },
]

[[tenants]]
id = "beta"
name = "Beta"
approved_domains = ["beta.example"]
connection = { client_id = "0oabeta", client_secret = "canary-client-secret-of-beta", issuer = "dev-okta" }
users = [{ email = "berta@beta.example", name = "Berta", invited = true }]

[[tenants]]
id = "globex"
name = "Globex"
users = [
    { email = "gina@globex.example", name = "Gina Gray", admin = true, password = "canary-ledgerline-password" },
    { email = "hal@globex.example", name = "Hal Holm", password = "canary-ledgerline-password" },
]

[dev_okta]
apps = [
    { name = "Ledgerline", client_id = "0oaglobex", client_secret = "canary-client-secret-of-globex" },
    { name = "Ledgerline", client_id = "0oaglobex2", client_secret = "canary-second-secret-of-globex" },
]
people = [
    { login = "anna@acme.example", name = "Anna Andersen", password = "canary-okta-password" },
    { login = "bo@acme.example", name = "Bo Berg", password = "canary-okta-password" },
    { login = "carl@acme.example", name = "Carl Clausen", password = "canary-okta-password", assigned = false },
    { login = "dan@acme.example", name = "Dan Dahl", password = "canary-okta-password" },
    { login = "eve@acme.example", name = "Eve Ekman", password = "canary-okta-password" },
    { login = "old@acme.example", name = "Old Olsen", password = "canary-okta-password" },
    { login = "berta@beta.example", name = "Berta", password = "canary-okta-password" },
    { login = "gina@globex.example", name = "Gina Gray", password = "canary-okta-password" },
    { login = "hal@globex.example", name = "Hal Holm", password = "canary-okta-password" },
]
"#;

/// What `okta-sso-demo serve` would make of these words.
pub(crate) fn options(words: &[&str]) -> Options {
    Options::of(words).unwrap()
}

/// The test's own clock.
#[derive(Clone)]
pub(crate) struct Time(Arc<AtomicU64>);

impl Time {
    pub(crate) fn set(&self, now: u64) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Clock for Time {
    fn now(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Starts a product at its place. All share the component's compiled code, which is believed under the key.
async fn start(place: &Place, words: &[&str], time: &Time) -> Product {
    let plugin = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/plugin/okta_sso.wasm"
    );
    // Seen from the demo and from the conformance tests, which open this stage as well.
    let compiled = concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled");
    let database = place.database();
    let mut all = vec!["--danger-allow-loopback", "--plugin", plugin];
    all.extend(["--key-file", SEALING_KEY, "--compiled-cache", compiled]);
    all.extend(["--database", &database]);
    all.extend(words);
    Product::start(options(&all), Arc::new(time.clone()))
        .await
        .unwrap_or_else(|error| panic!("{error}"))
}

/// What is left of a product that was stopped: its files, and an Okta that did not notice.
pub(crate) struct Stopped {
    okta: DevOkta,
    place: Place,
    address: SocketAddr,
    time: Time,
}

impl Stopped {
    /// Starts it again at the same address.
    pub(crate) async fn start(self) -> Stage {
        let okta = self.okta.issuer().trim_start_matches("http://");
        let listener = TcpListener::bind(okta).await.unwrap();
        let server = self.okta.clone();
        tokio::spawn(async move { server.serve(listener).await });
        let listen = format!("--listen={}", self.address);
        let product = start(&self.place, &[&listen], &self.time).await;
        Stage::run(product, self.okta, self.place, self.time).await
    }
}

pub(crate) struct Stage {
    pub(crate) okta: DevOkta,
    pub(crate) issuer: String,
    pub(crate) public_url: Url,
    pub(crate) address: SocketAddr,
    pub(crate) metrics: Option<SocketAddr>,
    place: Place,
    time: Time,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
    db: AnyPool,
}

impl Stage {
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With more flags.
    pub(crate) async fn open_with(flags: &[&str]) -> Self {
        Self::open_at(NOW, flags).await
    }

    /// The same, begun at another time.
    pub(crate) async fn open_at(now: u64, flags: &[&str]) -> Self {
        let place = Place::new().await;
        let setup = place.file("setup.toml");
        std::fs::write(&setup, SETUP).unwrap();
        let mut words = vec![
            "--listen=127.0.0.1:0",
            "--dev-okta=127.0.0.1:0",
            "--setup",
            setup.to_str().unwrap(),
        ];
        words.extend(flags);
        let time = Time(Arc::new(AtomicU64::new(now)));
        let product = start(&place, &words, &time).await;
        let okta = product.dev_okta().unwrap().clone();
        Self::run(product, okta, place, time).await
    }

    async fn run(product: Product, okta: DevOkta, place: Place, time: Time) -> Self {
        let (stop, stopped) = oneshot::channel();
        let public_url = Url::parse(product.public_url()).unwrap();
        let (address, metrics) = (product.address(), product.metrics_address());
        let running = tokio::spawn(product.run(async {
            let _ = stopped.await; // dropped is stopped, too
        }));
        let db = place.connect().await;
        Self {
            issuer: okta.issuer().to_owned(),
            okta,
            public_url,
            address,
            metrics,
            place,
            time,
            stop,
            running,
            db,
        }
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.time.0.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> &Time {
        &self.time
    }

    /// The product's database, as its options name it.
    pub(crate) fn database(&self) -> Database {
        self.place.database().parse().unwrap()
    }

    /// Asks the product to stop and waits until it has.
    pub(crate) async fn stop(self) -> Stopped {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
        self.db.close().await;
        Stopped {
            okta: self.okta,
            place: self.place,
            address: self.address,
            time: self.time,
        }
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser::new(self.address)
    }

    pub(crate) fn at(&self, path: &str) -> Url {
        self.public_url.join(path).unwrap()
    }

    /// Opens Acme's sign-in page and presses the button; stops where Okta asks who is there, or sends back.
    pub(crate) async fn press_okta(&self, browser: &Browser) -> Page {
        let page = browser.visit(&self.at("/login?tenant=acme")).await;
        page.says(200, "Sign in to Acme");
        browser.visit(&page.link("Okta")).await
    }

    /// Signs in at Okta's page; the redirect that leads back.
    pub(crate) async fn identify(&self, browser: &Browser, page: &Page, login: &str) -> Url {
        page.says(200, "Sign in");
        let next = [("username", login)];
        let page = browser.submit(page, "/signin/username", &next).await;
        let page = browser.follow(page).await;
        page.says(200, "Verify with your password");
        let verify = [("password", OKTA_PASSWORD)];
        let page = browser.submit(&page, "/signin/password", &verify).await;
        assert!(page.status.is_redirection(), "{}", page.text());
        page.location()
    }

    /// From the sign-in page to the callback's address, which is not visited.
    pub(crate) async fn callback(&self, browser: &Browser, login: &str) -> Url {
        let page = self.press_okta(browser).await;
        let callback = self.identify(browser, &page, login).await;
        assert_eq!(callback.path(), "/sso/okta/callback", "{callback}");
        callback
    }

    /// From the sign-in page to wherever it ends.
    pub(crate) async fn sign_in(&self, browser: &Browser, login: &str) -> Page {
        let callback = self.callback(browser, login).await;
        browser.visit(&callback).await
    }

    /// Signs in with a password.
    pub(crate) async fn password(&self, browser: &Browser, email: &str, password: &str) -> Page {
        let page = browser.visit(&self.at("/login")).await;
        let fields = [("email", email), ("password", password)];
        let page = browser.submit(&page, "/login", &fields).await;
        browser.follow(page).await
    }

    /// `/me` of a browser that is signed in.
    pub(crate) async fn me(&self, browser: &Browser) -> serde_json::Value {
        let page = browser.get(&self.at("/me")).await;
        assert_eq!(page.status, 200, "{}", page.body);
        page.json()
    }

    /// The product does not know the browser's session any more.
    pub(crate) async fn is_signed_out_of(&self, browser: &Browser) {
        let page = browser.get(&self.at("/me")).await;
        assert_eq!(page.status, 401, "{}", page.body);
    }

    #[track_caller]
    pub(crate) fn is_signed_out(&self, browser: &Browser) {
        assert_eq!(browser.cookie(&self.public_url, "__Host-session"), None);
    }

    /// The history's entry under a number: code, actor, detail.
    pub(crate) async fn history(&self, tenant: &str, number: &str) -> (String, String, String) {
        sqlx::query_as(
            "SELECT code, actor, detail FROM events WHERE tenant = $1 AND correlation_id = $2",
        )
        .bind(tenant)
        .bind(number)
        .fetch_one(&self.db)
        .await
        .unwrap()
    }

    /// A number out of the tables.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap()
    }

    /// The history's latest entry with a code: actor and detail.
    pub(crate) async fn latest(&self, tenant: &str, code: &str) -> Option<(String, String)> {
        sqlx::query_as(
            "SELECT actor, detail FROM events WHERE tenant = $1 AND code = $2 ORDER BY id DESC LIMIT 1",
        )
        .bind(tenant)
        .bind(code)
        .fetch_optional(&self.db)
        .await
        .unwrap()
    }

    /// Writes an event into a history, as the product would.
    pub(crate) async fn happens(&self, tenant: &str, code: &str, detail: &str) {
        let event = "INSERT INTO events (tenant, kind, at, code, correlation_id, actor, detail)
                     VALUES ($1, 'changed', 1, $2, 'somewhere', '', $3)";
        let event = sqlx::query(event).bind(tenant).bind(code).bind(detail);
        event.execute(&self.db).await.unwrap();
    }

    /// A text out of the tables.
    pub(crate) async fn text(&self, query: &'static str) -> String {
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap()
    }

    /// Bytes out of the tables.
    pub(crate) async fn bytes(&self, query: &'static str) -> Vec<u8> {
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap()
    }

    /// Changes the tables behind the product's back.
    pub(crate) async fn change(&self, statement: &'static str) {
        sqlx::query(statement).execute(&self.db).await.unwrap();
    }
}
