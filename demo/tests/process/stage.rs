//! The product in a process of its own. Its Okta lives on, in this one.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use okta_sso_demo::dev_okta::{Client, Config, ControlledAccess, DevOkta, Person};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqlitePool;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

use crate::browser::Browser;

pub(crate) const PLUGIN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../target/plugin/okta_sso.wasm"
);
pub(crate) const PEOPLE: usize = 8;
pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const CLIENT_SECRET: &str = "canary-client-secret";
/// Of a company without Okta.
pub(crate) const GUEST: &str = "guest@globex.example";
pub(crate) const GUESTS_PASSWORD: &str = "canary-guests-password";

/// The product, killed with the test.
pub(crate) struct Product {
    pub(crate) child: Child,
    pub(crate) okta: DevOkta,
    pub(crate) okta_server: JoinHandle<()>,
    pub(crate) address: SocketAddr,
    pub(crate) folder: PathBuf,
}

impl Product {
    pub(crate) async fn open(name: &str) -> Self {
        Self::open_with_delay(name, Duration::from_secs(1)).await
    }

    /// With an Okta whose slow answers take so long.
    pub(crate) async fn open_with_delay(name: &str, delay: Duration) -> Self {
        let folder = empty_folder(name);
        let address = free_address().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::new(issuer.as_str());
        config.delay = delay;
        config.people = (0..PEOPLE)
            .map(|n| Person {
                login: email(n),
                email: email(n),
                name: format!("Person {n}"),
                password: PASSWORD.to_owned(),
                assigned: true,
            })
            .collect();
        config.clients = vec![Client {
            client_id: "0oaacme".to_owned(),
            client_secrets: vec![CLIENT_SECRET.to_owned()],
            redirect_uris: vec![format!(
                "http://localhost:{}/sso/okta/callback",
                address.port()
            )],
            post_logout_redirect_uris: vec![],
            initiate_login_uri: None,
            app_name: "Ledgerline".to_owned(),
            access: ControlledAccess::Everyone,
        }];
        let okta = DevOkta::new(config).unwrap();
        let okta_server = serve(&okta, listener);
        let plugin = std::fs::read(PLUGIN).unwrap();
        put_plugin(&folder, &plugin, &plugin);

        let users: String = (0..PEOPLE)
            .map(|n| {
                format!(
                    "{{ email = \"{}\", name = \"Person {n}\", invited = true }},",
                    email(n)
                )
            })
            .collect();
        let setup = format!(
            "[[tenants]]\nid = \"acme\"\nname = \"Acme\"\napproved_domains = [\"acme.example\"]\n\
             connection = {{ client_id = \"0oaacme\", client_secret = \"{CLIENT_SECRET}\", issuer = \"{issuer}\" }}\n\
             users = [{users}]\n\
             [[tenants]]\nid = \"globex\"\nname = \"Globex\"\n\
             users = [{{ email = \"{GUEST}\", name = \"Guest\", password = \"{GUESTS_PASSWORD}\" }}]\n"
        );
        std::fs::write(folder.join("setup.toml"), setup).unwrap();
        let child = start(
            &folder,
            address,
            &["--setup", folder.join("setup.toml").to_str().unwrap()],
        );
        Self {
            child,
            okta,
            okta_server,
            address,
            folder,
        }
    }

    pub(crate) fn restart(&mut self) {
        self.restart_with(&[]);
    }

    pub(crate) fn restart_with(&mut self, more: &[&str]) {
        self.child = start(&self.folder, self.address, more);
    }

    pub(crate) fn restart_under(&mut self, limits: &str) {
        let mut serve = serve_under(limits, &self.folder, self.address);
        serve.arg("--danger-allow-loopback");
        self.child = started(serve);
    }

    pub(crate) fn signal(&self, name: &str) {
        let told = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status();
        assert!(told.unwrap().success());
    }

    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap(); // SIGKILL
        self.child.wait().unwrap();
    }

    /// Another key takes the place of the one beside the database; returns where that one is now.
    pub(crate) fn reseal(&self) -> PathBuf {
        let [key, old, new] =
            ["ledgerline.db.key", "old.key", "new.key"].map(|name| self.folder.join(name));
        std::fs::write(&new, [8; 32]).unwrap();
        let said = reseal(&self.folder, &[&new, &key]).unwrap();
        assert!(
            said.ends_with("No other key is needed any more.\n"),
            "{said}"
        );
        std::fs::rename(&key, &old).unwrap();
        std::fs::rename(&new, &key).unwrap();
        old
    }

    pub(crate) fn at(&self, path: &str) -> Url {
        format!("http://localhost:{}{path}", self.address.port())
            .parse()
            .unwrap()
    }

    /// From the sign-in page to the callback's address, which is not visited.
    pub(crate) async fn callback(&self, browser: &Browser, person: usize) -> Url {
        let page = browser.visit(&self.at("/login?tenant=acme")).await;
        let page = browser.visit(&page.link("Okta")).await;
        let next = [("username", email(person))];
        let next = next.each_ref().map(|(name, value)| (*name, value.as_str()));
        let page = browser.submit(&page, "/signin/username", &next).await;
        let page = browser.follow(page).await;
        let verify = [("password", PASSWORD)];
        let page = browser.submit(&page, "/signin/password", &verify).await;
        let callback = page.location();
        assert_eq!(callback.path(), "/sso/okta/callback");
        callback
    }

    /// A whole sign-in.
    pub(crate) async fn signs_in(&self, person: usize) {
        let browser = Browser::new(self.address);
        let callback = self.callback(&browser, person).await;
        browser.get(&callback).await;
        assert_eq!(self.me(&browser).await, email(person));
    }

    /// A whole sign-in by a password.
    pub(crate) async fn signs_in_by_password(&self, email: &str, password: &str) {
        let browser = Browser::new(self.address);
        let page = browser.visit(&self.at("/login")).await;
        let fields = [("email", email), ("password", password)];
        browser.submit(&page, "/login", &fields).await;
        assert_eq!(self.me(&browser).await, email);
    }

    /// Whose session the browser has.
    pub(crate) async fn me(&self, browser: &Browser) -> String {
        let page = browser.get(&self.at("/me")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page.json()["email"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn links(&self, person: usize) -> i64 {
        let links = "SELECT count(*) FROM links JOIN users ON users.id = links.user_id WHERE users.email = ?";
        self.count(links, &email(person)).await
    }

    pub(crate) async fn operator_events(&self, code: &str) -> i64 {
        let events = "SELECT count(*) FROM operator_events WHERE code = ?";
        self.count(events, code).await
    }

    async fn count(&self, query: &'static str, about: &str) -> i64 {
        let file = self.folder.join("ledgerline.db");
        let db = SqlitePool::connect(file.to_str().unwrap()).await.unwrap();
        let count = sqlx::query_scalar(query).bind(about);
        let count = count.fetch_one(&db).await.unwrap();
        db.close().await;
        count
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

pub(crate) fn empty_folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("process-{name}"));
    let _ = std::fs::remove_dir_all(&folder); // of the run before
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

pub(crate) async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

pub(crate) fn serve(okta: &DevOkta, listener: TcpListener) -> JoinHandle<()> {
    let okta = okta.clone();
    tokio::spawn(async move {
        let _ = okta.serve(listener).await; // a test that misses it fails by itself
    })
}

/// The component's file of a product, with the SHA-256 of these other bytes beside it.
pub(crate) fn put_plugin(folder: &Path, plugin: &[u8], pinned: &[u8]) {
    std::fs::write(folder.join("okta_sso.wasm"), plugin).unwrap();
    std::fs::write(folder.join("okta_sso.wasm.sha256"), sha256(pinned)).unwrap();
}

/// In hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn email(person: usize) -> String {
    format!("p{person}@acme.example")
}

/// `serve` over the folder's database and component, with as many files as this machine lets a process have, and as large a
/// core file.
pub(crate) fn serve_command(folder: &Path, address: SocketAddr) -> Command {
    serve_under(
        "ulimit -n \"$(ulimit -Hn)\"; ulimit -c \"$(ulimit -Hc)\"",
        folder,
        address,
    )
}

/// The same under other limits, as a shell sets them.
fn serve_under(limits: &str, folder: &Path, address: SocketAddr) -> Command {
    let mut serve = Command::new("sh");
    serve
        .args(["-c", &format!("{limits}; exec \"$@\""), "sh"])
        .arg(env!("CARGO_BIN_EXE_okta-sso-demo"))
        .arg("serve")
        .args(["--plugin", folder.join("okta_sso.wasm").to_str().unwrap()])
        .args(["--listen", &address.to_string()])
        .args(["--database", folder.join("ledgerline.db").to_str().unwrap()])
        .env("RUST_LOG", "error");
    serve
}

/// Starts and waits until it listens.
pub(crate) fn started(mut serve: Command) -> Child {
    let mut child = serve
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listens = lines.any(|line| line.unwrap().starts_with("Ledgerline"));
    assert!(listens, "the product does not start");
    child
}

/// With a development Okta that is on this machine.
pub(crate) fn start(folder: &Path, address: SocketAddr, more: &[&str]) -> Child {
    let mut serve = serve_command(folder, address);
    serve.arg("--danger-allow-loopback").args(more);
    started(serve)
}

/// What `reseal` of the folder's database says, or why it does not.
pub(crate) fn reseal(folder: &Path, keys: &[&Path]) -> Result<String, String> {
    let mut reseal = Command::new(env!("CARGO_BIN_EXE_okta-sso-demo"));
    reseal
        .args(["reseal", "--database"])
        .arg(folder.join("ledgerline.db"));
    for key in keys {
        reseal.arg("--key-file").arg(key);
    }
    let ended = reseal.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    if ended.status.success() {
        Ok(text(ended.stdout))
    } else {
        Err(text(ended.stderr))
    }
}

/// What `serve` says when it does not start.
pub(crate) fn refusal(words: &[&str]) -> String {
    let ended = Command::new(env!("CARGO_BIN_EXE_okta-sso-demo"))
        .args(["serve", "--listen=127.0.0.1:0", "--plugin", PLUGIN])
        .args(words)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.is_empty(), "{ended:?}");
    String::from_utf8(ended.stderr).unwrap()
}
