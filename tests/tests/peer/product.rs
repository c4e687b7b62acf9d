//! The whole product with the certified provider: pages, sessions and the history, over TLS with an extra authority.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use okta_sso_conformance::{part, run};
use okta_sso_demo::serve::{Options, Product};
use okta_sso_host::SystemClock;
use reqwest::{Certificate, Client};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

use crate::browser::{Browser, Page};
use crate::faults::{FAULTS, RIGHT};
use crate::provider::{Provider, Registration};
use crate::stage::SECRET;

/// Without a port, so that it is known before the product listens: browsers find it there all the same.
const ORIGIN: &str = "http://localhost";

/// Ledgerline, whose only company has the provider for its Okta.
struct Ledgerline {
    provider: Provider,
    folder: PathBuf,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Ledgerline {
    /// None where the part is left out.
    async fn open(name: &str) -> Option<Self> {
        if !part::bring("peer").unwrap_or_else(|error| panic!("{error}")) {
            return None;
        }
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("peer-{name}"));
        let _ = std::fs::remove_dir_all(&folder); // of the run before
        std::fs::create_dir_all(&folder).unwrap();
        let provider = Provider::start(&Registration {
            id: "0oa1ledgerline",
            secret: SECRET,
            redirect_uri: format!("{ORIGIN}/sso/okta/callback"),
            post_logout_redirect_uri: format!("{ORIGIN}/signed-out"),
            backchannel_logout_uri: "http://localhost:1/none".to_owned(),
            auth_method: "client_secret_basic",
            algorithm: "RS256",
        });
        let setup = format!(
            r#"[[tenants]]
            id = "acme"
            name = "Acme"
            approved_domains = ["acme.com"]
            connection = {{ client_id = "0oa1ledgerline", client_secret = "{SECRET}", issuer = "{}" }}
            users = [
                {{ email = "ada@acme.com", name = "Ada", admin = true, invited = true }},
                {{ email = "bo@acme.com", name = "Bo", invited = true }},
            ]"#,
            provider.issuer
        );
        std::fs::write(folder.join("setup.toml"), setup).unwrap();
        std::fs::write(folder.join("authority.pem"), &provider.authority).unwrap();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let (address, stop, running) = start(&folder, anywhere, true).await;
        Some(Self {
            provider,
            folder,
            address,
            stop,
            running,
        })
    }

    /// Stops it, and starts it at the same address on the same database: nothing is cached.
    async fn restart(self, trusting: bool) -> Self {
        self.stop.send(()).unwrap();
        self.running.await.unwrap().unwrap();
        let (_, stop, running) = start(&self.folder, self.address, trusting).await;
        Self {
            stop,
            running,
            ..self
        }
    }

    fn browser(&self) -> Browser {
        let authority = Certificate::from_pem(self.provider.authority.as_bytes()).unwrap();
        let client = Client::builder().tls_certs_merge([authority]);
        Browser::with(client, self.address)
    }

    /// From the company's sign-in page to wherever it ends.
    async fn sign_in(&self, browser: &Browser, login: &str) -> Page {
        let page = browser.visit(&at("/login?tenant=acme")).await;
        page.says(200, "Sign in to Acme");
        let page = browser.visit(&page.link("Okta")).await;
        if !page.url.path().starts_with("/signin/") {
            return page;
        }
        let form = [("login".to_owned(), login.to_owned())];
        let posted = browser.request_post(&page.url, &form);
        let page = browser.send(&page.url, posted).await;
        browser.follow(page).await
    }
}

/// Where it listens, how to stop it, and that it runs.
async fn start(
    folder: &Path,
    address: SocketAddr,
    trusting: bool,
) -> (
    SocketAddr,
    oneshot::Sender<()>,
    JoinHandle<std::io::Result<()>>,
) {
    let file = |name: &str| folder.join(name).into_os_string();
    let mut words = vec![
        format!("--listen={address}").into(),
        format!("--public-url={ORIGIN}").into(),
        "--danger-allow-loopback".into(),
        "--plugin".into(),
        run::component_path().into_os_string(),
        "--database".into(),
        file("ledgerline.db"),
        "--setup".into(),
        file("setup.toml"),
    ];
    if trusting {
        words.extend(["--extra-ca".into(), file("authority.pem")]);
    }
    let options = Options::of(words).unwrap();
    let product = Product::start(options, Arc::new(SystemClock)).await;
    let product = product.unwrap_or_else(|error| panic!("{error}"));
    let address = product.address();
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(product.run(async {
        let _ = stopped.await; // dropped is stopped, too
    }));
    (address, stop, running)
}

fn at(path: &str) -> Url {
    Url::parse(ORIGIN).unwrap().join(path).unwrap()
}

/// Whom the product knows in this browser.
async fn me(browser: &Browser) -> serde_json::Value {
    let page = browser.get(&at("/me")).await;
    assert_eq!(page.status, 200, "{}", page.text());
    page.json()
}

/// The reason that an administrator finds in the history under the number of a page, if there is one.
async fn reason(administrator: &Browser, refused: &Page) -> Option<String> {
    let history = at(&format!("/history.csv?search={}", refused.number()));
    let csv = administrator.get(&history).await;
    assert_eq!(csv.status, 200, "{}", csv.body);
    let lines: Vec<_> = csv.body.lines().skip(1).collect();
    assert!(lines.len() < 2, "{lines:?}");
    let code = |line: &&str| line.split("\",\"").nth(1).unwrap().to_owned();
    lines.first().map(code)
}

#[tokio::test]
async fn from_the_sign_in_page_to_a_session_and_out_at_both() {
    let Some(mut product) = Ledgerline::open("sign-in").await else {
        return;
    };
    let ada = product.browser();
    let home = product.sign_in(&ada, "ada").await;
    home.says(200, "Hello, Ada")
        .says(200, "signed in with Okta");
    let seen = me(&ada).await;
    assert_eq!(
        (&seen["tenant"], &seen["email"], &seen["method"]),
        (&"acme".into(), &"ada@acme.com".into(), &"okta".into())
    );
    assert_eq!(product.provider.requests("pushed_authorization_request"), 1);

    let page = ada.submit(&home, "/logout", &[]).await;
    let page = ada.visit(&page.link("Sign out of Okta too")).await;
    let confirm = format!("{}/oauth2/v1/logout/confirm", product.provider.issuer);
    let page = ada.submit(&page, &confirm, &[("logout", "yes")]).await;
    let page = ada.follow(page).await;
    assert_eq!(page.url.path(), "/signed-out");
    page.says(200, "You are signed out of Ledgerline and of Okta.");
    assert_eq!(ada.get(&at("/me")).await.status, 401);
    // The provider asks again who is there.
    let page = ada.visit(&at("/login?tenant=acme")).await;
    let page = ada.visit(&page.link("Okta")).await;
    assert!(page.url.path().starts_with("/signin/"), "{}", page.url);
}

#[tokio::test]
async fn each_wrong_answer_ends_in_its_page_and_its_reason() {
    let Some(mut product) = Ledgerline::open("faults").await else {
        return;
    };
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let ada = product.browser();
    product.sign_in(&ada, "ada").await.says(200, "Hello, Ada");
    for (fault, expected) in FAULTS.iter().copied() {
        // What was learnt before would not be asked for again.
        if fault.starts_with("metadata-") || fault.starts_with("keys-") {
            product = product.restart(true).await;
        }
        let bo = product.browser();
        product.provider.fault(Some(fault));
        let page = product.sign_in(&bo, "bo").await;
        product.provider.fault(None);
        if expected == RIGHT {
            page.says(200, "Hello, Bo");
            assert_eq!(me(&bo).await["email"], "bo@acme.com", "{fault}");
            continue;
        }
        let explanation = plugin.explain(expected, "en").await.unwrap().unwrap();
        let status = page.status.as_u16();
        assert!(status >= 400, "{fault}: {status}");
        page.says(status, "This sign-in did not succeed")
            .says(status, &explanation.for_person)
            .says(status, &explanation.next_step_for_person);
        // Which company's attempt a malformed callback belongs to cannot be known.
        let known = expected != "login/callback-malformed";
        page.says(
            status,
            if known {
                "Your administrator finds the reason"
            } else {
                "Ledgerline’s support finds the reason"
            },
        );
        let found = reason(&ada, &page).await;
        assert_eq!(found.as_deref(), known.then_some(expected), "{fault}");
        assert_eq!(bo.get(&at("/me")).await.status, 401, "{fault}");
    }
}

#[tokio::test]
async fn without_the_authority_nobody_comes_in() {
    let Some(mut product) = Ledgerline::open("authority").await else {
        return;
    };
    let ada = product.browser();
    product.sign_in(&ada, "ada").await.says(200, "Hello, Ada");
    let asked = product.provider.requests("discovery");
    product = product.restart(false).await;
    let bo = product.browser();
    let page = product.sign_in(&bo, "bo").await;
    page.says(503, "Okta cannot be reached right now");
    let code = "login/provider-unavailable/metadata";
    assert_eq!(reason(&ada, &page).await.as_deref(), Some(code));
    assert_eq!(product.provider.requests("discovery"), asked);
    // The administrator's own test says the same.
    let settings = ada.visit(&at("/history")).await;
    let page = ada.submit(&settings, "/history/check", &[]).await;
    ada.follow(page).await.says(200, "Look at it");
}
