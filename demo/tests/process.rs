//! The product as a process: killed, told to stop, flooded, and started with files that will not do. Its Okta lives on,
//! in this process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

#[path = "product/browser.rs"]
#[expect(dead_code, reason = "the product's own tests use the rest")]
mod browser;

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use okta_sso_demo::dev_okta::{Client, Config, DevOkta, Endpoint, Person, Switch};
use sha2::{Digest, Sha256};
use sqlx::sqlite::SqlitePool;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::Url;

use crate::browser::Browser;

const PLUGIN: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../target/plugin/okta_sso.wasm"
);
const PEOPLE: usize = 8;
const PASSWORD: &str = "correct horse";

/// The product, killed with the test.
struct Product {
    child: Child,
    okta: DevOkta,
    okta_server: JoinHandle<()>,
    address: SocketAddr,
    folder: PathBuf,
}

impl Product {
    async fn open(name: &str) -> Self {
        let folder = empty_folder(name);
        let address = free_address().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let mut config = Config::new(issuer.as_str());
        config.delay = Duration::from_secs(1);
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
            client_secrets: vec!["secret".to_owned()],
            redirect_uris: vec![format!(
                "http://localhost:{}/sso/okta/callback",
                address.port()
            )],
            post_logout_redirect_uris: vec![],
            initiate_login_uri: None,
            app_name: "Ledgerline".to_owned(),
        }];
        let okta = DevOkta::new(config).unwrap();
        let okta_server = serve(&okta, listener);
        let plugin = std::fs::read(PLUGIN).expect("run make plugin");
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
             connection = {{ client_id = \"0oaacme\", client_secret = \"secret\", issuer = \"{issuer}\" }}\n\
             users = [{users}]\n"
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

    fn restart(&mut self) {
        self.restart_with(&[]);
    }

    fn restart_with(&mut self, more: &[&str]) {
        self.child = start(&self.folder, self.address, more);
    }

    fn signal(&self, name: &str) {
        let told = Command::new("sh")
            .args(["-c", &format!("kill -{name} {}", self.child.id())])
            .status();
        assert!(told.unwrap().success());
    }

    fn kill(&mut self) {
        self.child.kill().unwrap(); // SIGKILL
        self.child.wait().unwrap();
    }

    fn at(&self, path: &str) -> Url {
        format!("http://localhost:{}{path}", self.address.port())
            .parse()
            .unwrap()
    }

    /// From the sign-in page to the callback's address, which is not visited.
    async fn callback(&self, browser: &Browser, person: usize) -> Url {
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
    async fn signs_in(&self, person: usize) {
        let browser = Browser::new(self.address);
        let callback = self.callback(&browser, person).await;
        browser.get(&callback).await;
        assert_eq!(self.me(&browser).await, email(person));
    }

    /// Whose session the browser has.
    async fn me(&self, browser: &Browser) -> String {
        let page = browser.get(&self.at("/me")).await;
        assert_eq!(page.status, 200, "{}", page.text());
        page.json()["email"].as_str().unwrap().to_owned()
    }

    async fn links(&self, person: usize) -> i64 {
        let db = SqlitePool::connect(self.folder.join("ledgerline.db").to_str().unwrap())
            .await
            .unwrap();
        let count = sqlx::query_scalar(
            "SELECT count(*) FROM links JOIN users ON users.id = links.user_id WHERE users.email = ?",
        );
        let count = count.bind(email(person)).fetch_one(&db).await.unwrap();
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

fn empty_folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("process-{name}"));
    let _ = std::fs::remove_dir_all(&folder); // of the run before
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

fn serve(okta: &DevOkta, listener: TcpListener) -> JoinHandle<()> {
    let okta = okta.clone();
    tokio::spawn(async move {
        let _ = okta.serve(listener).await; // a test that misses it fails by itself
    })
}

/// The component's file of a product, with the SHA-256 of these other bytes beside it.
fn put_plugin(folder: &Path, plugin: &[u8], pinned: &[u8]) {
    std::fs::write(folder.join("okta_sso.wasm"), plugin).unwrap();
    std::fs::write(folder.join("okta_sso.wasm.sha256"), sha256(pinned)).unwrap();
}

/// In hexadecimal.
fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn email(person: usize) -> String {
    format!("p{person}@acme.example")
}

/// `serve` over the folder's database and component, with as many files as this machine lets a process have.
fn serve_command(folder: &Path, address: SocketAddr) -> Command {
    let mut serve = Command::new("sh");
    serve
        .args(["-c", "ulimit -n \"$(ulimit -Hn)\"; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_okta-sso-demo"))
        .arg("serve")
        .args(["--plugin", folder.join("okta_sso.wasm").to_str().unwrap()])
        .args(["--listen", &address.to_string()])
        .args(["--database", folder.join("ledgerline.db").to_str().unwrap()])
        .env("RUST_LOG", "error");
    serve
}

/// Starts and waits until it listens.
fn started(mut serve: Command) -> Child {
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
fn start(folder: &Path, address: SocketAddr, more: &[&str]) -> Child {
    let mut serve = serve_command(folder, address);
    serve.arg("--danger-allow-loopback").args(more);
    started(serve)
}

/// Ends within the time, and how.
fn wait(child: &mut Child, most: Duration) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(started.elapsed() < most, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_33_killed_while_it_pins() {
    let mut product = Product::open("f-33").await;
    let mut pinned_before = 0;
    for person in 0..PEOPLE {
        let browser = Arc::new(Browser::new(product.address));
        let callback = product.callback(&browser, person).await;
        let request = {
            let (browser, url) = (Arc::clone(&browser), callback.clone());
            let request = browser
                .request_get(&url)
                .header("cookie", browser.cookie_header(&url));
            tokio::spawn(async move { request.send().await.map(|_| ()) })
        };
        // Somewhere between the first byte and the answer.
        tokio::time::sleep(Duration::from_millis(3 * person as u64)).await;
        product.kill();
        let _ = request.await.unwrap(); // answered or not: nobody knows whether it was committed
        let links = product.links(person).await;
        assert!(links <= 1, "F-33 {links}");
        pinned_before += links;

        product.restart();
        let browser = Browser::new(product.address);
        let callback = product.callback(&browser, person).await;
        browser.get(&callback).await;
        assert_eq!(product.me(&browser).await, email(person), "F-33");
        assert_eq!(product.links(person).await, 1, "F-33");
    }
    println!(
        "F-33: {PEOPLE} first sign-ins, the process killed during each: {pinned_before} were pinned by then; \
         all signed in at the next, with one link each"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn f_61_told_to_stop_during_a_callback() {
    let mut product = Product::open("f-61").await;
    let browser = Arc::new(Browser::new(product.address));
    let callback = product.callback(&browser, 0).await;
    // The token endpoint takes a second.
    product.okta.switches().turn_on(Switch::SlowAnswers);
    let asked = product.okta.requests().of(Endpoint::Token);
    let answer = {
        let (browser, callback) = (Arc::clone(&browser), callback.clone());
        tokio::spawn(async move { browser.get(&callback).await })
    };
    while product.okta.requests().of(Endpoint::Token) == asked {
        tokio::task::yield_now().await;
    }
    let before = Instant::now();
    product.signal("TERM");
    let page = answer.await.unwrap();
    assert!(
        page.status.is_redirection(),
        "F-61: {} {}",
        page.status,
        page.text()
    );
    let answered = before.elapsed();
    let status = wait(&mut product.child, Duration::from_secs(10));
    println!(
        "F-61: told to stop during a callback: answered after {answered:.1?}, {status} after {:.1?}",
        before.elapsed()
    );
    assert!(status.success(), "F-61 {status}");

    // The session that was opened then is good at the next start.
    product.okta.switches().turn_all_off();
    product.restart();
    assert_eq!(product.me(&browser).await, email(0), "F-61");
}

/// The one file of compiled code beside the product's database.
fn compiled(product: &Product) -> PathBuf {
    let folder = product.folder.join("ledgerline.db.compiled");
    let mut files = std::fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none(), "nothing beside it");
    file
}

#[tokio::test]
async fn f_59_compiled_code_is_kept_and_believed_under_the_key_alone() {
    let mut product = Product::open("f-59").await;
    let file = compiled(&product);
    let identity = || std::fs::metadata(&file).unwrap().ino(); // another one when it is written anew
    let written = identity();
    product.kill();
    product.restart();
    assert_eq!(identity(), written, "F-59: the next start uses it");

    let good = std::fs::read(&file).unwrap();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    product.kill();
    std::fs::write(&file, bad).unwrap();
    product.restart();
    assert_eq!(std::fs::read(&file).unwrap(), good, "F-59: compiled anew");

    let written = identity();
    product.kill();
    std::fs::remove_file(product.folder.join("ledgerline.db.key")).unwrap();
    product.restart();
    assert_ne!(
        std::fs::read(&file).unwrap(),
        good,
        "F-59: under another key"
    );
    assert_ne!(identity(), written);
}

/// The real component with a custom section more: the same in all but its SHA-256.
fn other_plugin() -> Vec<u8> {
    let mut bytes = std::fs::read(PLUGIN).unwrap();
    bytes.extend(b"\x00\x07\x05build2");
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn f_59_another_component_is_put_in_while_it_runs() {
    let mut product = Product::open("f-59-replaced").await;
    let metrics = free_address().await;
    product.kill();
    product.restart_with(&[&format!("--metrics={metrics}")]);
    let shows = async |line: String| {
        let url = format!("http://{metrics}/metrics").parse().unwrap();
        let page = Browser::new(metrics).get(&url).await;
        page.body.lines().any(|found| found == line)
    };
    let runs = |plugin: &[u8]| {
        let sha256 = sha256(plugin);
        format!("ledgerline_component_info{{sha256=\"{sha256}\"}} 1")
    };
    let reloads = |outcome: &str, times| {
        format!("ledgerline_component_reloads_total{{outcome=\"{outcome}\"}} {times}")
    };
    let until = async |line: String| {
        let shown = async {
            while !shows(line.clone()).await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let shown = timeout(Duration::from_secs(30), shown).await;
        shown.unwrap_or_else(|_| panic!("F-59: never {line}"));
    };
    let old = std::fs::read(PLUGIN).unwrap();
    let new = other_plugin();
    until(runs(&old)).await;
    // There and back: from now on the compiled code of both is kept, and to change them takes a moment.
    for (times, plugin) in [(1, &new), (2, &old)] {
        put_plugin(&product.folder, plugin, plugin);
        product.signal("HUP");
        until(reloads("taken", times)).await;
        until(runs(plugin)).await;
        product.signs_in(0).await;
    }

    // Changed during a callback, whose token request takes a second.
    let browser = Arc::new(Browser::new(product.address));
    let callback = product.callback(&browser, 1).await;
    product.okta.switches().turn_on(Switch::SlowAnswers);
    let asked = product.okta.requests().of(Endpoint::Token);
    let answer = {
        let browser = Arc::clone(&browser);
        tokio::spawn(async move { browser.get(&callback).await })
    };
    while product.okta.requests().of(Endpoint::Token) == asked {
        tokio::task::yield_now().await;
    }
    put_plugin(&product.folder, &new, &new);
    let before = Instant::now();
    product.signal("HUP");
    until(runs(&new)).await;
    let (changed, finished) = (before.elapsed(), answer.is_finished());
    assert!(
        !finished,
        "F-59: changed after {changed:.1?}, with nothing under way"
    );
    let page = answer.await.unwrap();
    assert!(page.status.is_redirection(), "F-59: {}", page.text());
    assert_eq!(product.me(&browser).await, email(1), "F-59");
    println!("F-59: changed in {changed:.1?} during a callback, which was answered");

    // Half of a file, and one whose SHA-256 is right and which is no component.
    product.okta.switches().turn_all_off();
    let half = &old[..old.len() / 2];
    for (times, plugin, pinned) in [(1, half, &*old), (2, half, half), (3, b"x", b"x")] {
        put_plugin(&product.folder, plugin, pinned);
        product.signal("HUP");
        until(reloads("refused", times)).await;
        assert!(shows(runs(&new)).await, "F-59: the old one goes on");
        product.signs_in(2).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn f_01_it_starts_while_the_provider_is_down() {
    let mut product = Product::open("f-01").await;
    product.signs_in(0).await;
    product.kill();
    let okta = product
        .okta
        .issuer()
        .trim_start_matches("http://")
        .to_owned();
    product.okta_server.abort();
    while TcpStream::connect(&*okta).await.is_ok() {
        tokio::task::yield_now().await;
    }
    product.restart();
    let browser = Browser::new(product.address);
    let ready = browser.get(&product.at("/readyz")).await;
    assert_eq!(ready.status, 200, "F-01: {}", ready.body);
    let page = browser.visit(&product.at("/login?tenant=acme")).await;
    let page = browser.visit(&page.link("Okta")).await;
    page.says(503, "Okta cannot be reached right now.");

    let listener = TcpListener::bind(&*okta).await.unwrap();
    product.okta_server = serve(&product.okta, listener);
    product.signs_in(0).await;
}

/// Everything for a provider goes to the proxy that was given, and nothing to the one that the environment names.
#[tokio::test(flavor = "multi_thread")]
async fn a_given_proxy_leads_to_providers() {
    let folder = empty_folder("proxy");
    let plugin = std::fs::read(PLUGIN).unwrap();
    put_plugin(&folder, &plugin, &plugin);
    let setup = folder.join("setup.toml");
    let tenant = "[[tenants]]\nid = \"acme\"\nname = \"Acme\"\napproved_domains = [\"acme.example\"]\n\
         connection = { client_id = \"0oaacme\", client_secret = \"secret\", issuer = \"https://acme.okta.com\" }\n";
    std::fs::write(&setup, tenant).unwrap();
    let address = free_address().await;
    let given = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ambient = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://ledgerline:hush@{}", given.local_addr().unwrap());
    let mut serve = serve_command(&folder, address);
    serve.args(["--egress-proxy", &proxy, "--setup", setup.to_str().unwrap()]);
    let elsewhere = format!("http://{}", ambient.local_addr().unwrap());
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "ALL_PROXY"] {
        serve.env(name, &elsewhere);
    }
    let mut child = started(serve);

    let browser = Browser::new(address);
    let start = format!(
        "http://localhost:{}/sso/okta/start?tenant=acme",
        address.port()
    );
    let start: Url = start.parse().unwrap();
    let (page, asked) = tokio::join!(browser.visit(&start), async {
        let (mut stream, _) = given.accept().await.unwrap();
        let mut asked = vec![0; 1024];
        let length = stream.read(&mut asked).await.unwrap();
        String::from_utf8(asked[..length].to_vec()).unwrap()
    });
    child.kill().unwrap();
    child.wait().unwrap();
    page.says(503, "Okta cannot be reached right now.");
    assert!(
        asked.starts_with("CONNECT acme.okta.com:443 HTTP/1.1\r\n"),
        "{asked}"
    );
    let credential = "proxy-authorization: basic bgvkz2vybgluztpodxno"; // ledgerline:hush
    assert!(asked.to_lowercase().contains(credential), "{asked}");
    let touched = timeout(Duration::from_millis(100), ambient.accept()).await;
    assert!(touched.is_err(), "the environment's proxy was asked");
}

/// What `serve` says when it does not start.
fn refusal(words: &[&str]) -> String {
    let ended = Command::new(env!("CARGO_BIN_EXE_okta-sso-demo"))
        .args(["serve", "--listen=127.0.0.1:0", "--plugin", PLUGIN])
        .args(words)
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(ended.stdout.is_empty(), "{ended:?}");
    String::from_utf8(ended.stderr).unwrap()
}

#[test]
fn compiled_code_is_kept_for_one_user_under_a_key_that_stays() {
    let folder = empty_folder("open");
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    let cache = format!("--compiled-cache={}", folder.display());
    let said = refusal(&["--database=memory", &cache]);
    assert!(said.contains("name one with --key-file"), "{said}");
    let key = concat!(
        "--key-file=",
        env!("CARGO_MANIFEST_DIR"),
        "/tests/sealing.key"
    );
    let said = refusal(&["--database=memory", &cache, key]);
    assert!(said.contains("no folder for this user alone"), "{said}");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0);
}

/// Its address may hold a password, which nobody repeats.
#[test]
fn a_proxy_of_another_form_is_refused_without_a_word_of_it() {
    for wrong in [
        "canary",
        "https://user:canary@proxy.example",
        "socks5://canary:1",
    ] {
        let said = refusal(&["--database=memory", "--egress-proxy", wrong]);
        assert!(
            said.contains("the egress proxy is not of the form"),
            "{said}"
        );
        assert!(!said.contains("canary"), "{said}");
    }
}

/// Files that this process may open.
fn files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    line.unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap_or(usize::MAX)
}

#[tokio::test(flavor = "multi_thread")]
async fn f_63_thousands_of_silent_connections() {
    let product = Product::open("f-63").await;
    let crowd = files().saturating_sub(300).min(10_000);
    let started = Instant::now();
    let address = product.address;
    let silent: Vec<_> = (0..crowd)
        .map(|_| {
            tokio::spawn(async move {
                let stream = timeout(Duration::from_secs(3), TcpStream::connect(address)).await;
                let mut stream = stream.ok()?.ok()?; // or there was no more room at the door
                let connected = Instant::now();
                // Until the product ends it.
                let _ = stream.read(&mut [0; 1]).await;
                Some(connected.elapsed())
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;

    let browser = Browser::new(product.address);
    let before = Instant::now();
    let callback = product.callback(&browser, 0).await;
    browser.get(&callback).await;
    assert_eq!(product.me(&browser).await, email(0), "F-63");
    let login = before.elapsed();

    let mut longest = Duration::ZERO;
    let mut connected = 0;
    for stream in silent {
        if let Some(held) = stream.await.unwrap() {
            connected += 1;
            longest = longest.max(held);
        }
    }
    println!(
        "F-63: {connected} of {crowd} silent connections came in and were ended, each after {longest:.1?} at most; \
         beside them a login took {login:.1?}, all was over after {:.1?}",
        started.elapsed()
    );
    assert!(connected >= crowd.min(1_000), "F-63: there was a crowd");
    assert!(login < Duration::from_secs(30), "F-63 {login:?}");
}

#[test]
fn authorities_that_are_none() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("process-extra-ca");
    std::fs::create_dir_all(&folder).unwrap();
    let absent = folder.join("absent.pem");
    let said = refusal(&["--database=memory", "--extra-ca", absent.to_str().unwrap()]);
    assert!(
        said.contains(&format!("cannot read {}: ", absent.display())),
        "{said}"
    );
    for (name, text) in [
        ("empty", ""),
        ("words", "a certificate"),
        (
            "key",
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        ),
        (
            "broken",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
        ("cut", "-----BEGIN CERTIFICATE-----\nAAAA\n"),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        let said = refusal(&["--database=memory", "--extra-ca", file.to_str().unwrap()]);
        let begins = format!(
            "Error: --extra-ca {}: this is not PEM with one or more certificates. Give",
            file.display()
        );
        assert!(said.contains(&begins), "{name}: {said}");
    }
}
