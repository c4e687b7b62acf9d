//! Several processes of the product, and what they share.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use okta_sso_conformance::stage::proxy::{Mode, Proxy};
use okta_sso_conformance::stage::servers;
use okta_sso_demo::dev_okta::{Client, Config, ControlledAccess, DevOkta, Person};
use sqlx::PgPool;
use tokio::net::TcpListener;
use url::Url;

use crate::browser::{Browser, Page};

pub(crate) const PEOPLE: usize = 8;
const PASSWORD: &str = "correct horse";
/// PostgreSQL asks for none here; what matters is that nobody reads it.
pub(crate) const DATABASE_PASSWORD: &str = "canary-database-password";

/// One process; killed with the test.
pub(crate) struct Replica {
    child: Child,
    pub(crate) address: SocketAddr,
    /// All that it has written so far, and who reads it until it ends.
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Replica {
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap(); // SIGKILL
        self.child.wait().unwrap();
    }

    /// Tells it to stop, and waits a minute for it; whether it ended, and well.
    pub(crate) async fn stops(&mut self) -> bool {
        let told = Command::new("sh")
            .args(["-c", &format!("kill -TERM {}", self.child.id())])
            .status();
        assert!(told.unwrap().success());
        let ended = async {
            loop {
                if let Some(ended) = self.child.try_wait().unwrap() {
                    return ended.success();
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        let within = tokio::time::timeout(Duration::from_secs(60), ended);
        within.await.unwrap_or(false)
    }

    pub(crate) fn at(&self, path: &str) -> Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// Waits until it listens, or has ended.
    pub(crate) fn listens(&mut self) -> bool {
        let mut lines = BufReader::new(self.child.stdout.take().unwrap()).lines();
        lines.any(|line| line.unwrap().starts_with("Ledgerline"))
    }

    /// Waits until it has ended, which it does by itself and for a reason; the reason.
    pub(crate) fn fails(mut self) -> String {
        assert!(!self.listens());
        assert!(!self.child.wait().unwrap().success());
        self.reader.take().unwrap().join().unwrap();
        self.log()
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// What replicas share, and the replicas.
pub(crate) struct Fleet {
    balancer: Proxy,
    /// Between the replicas and PostgreSQL.
    pub(crate) wire: Proxy,
    /// The tables, behind the product's back.
    pub(crate) db: PgPool,
    redis: String,
    pub(crate) database: String,
    /// The development Okta, in this process.
    pub(crate) issuer: String,
    folder: PathBuf,
    pub(crate) replicas: Vec<Replica>,
}

impl Fleet {
    /// None when `SKIP` leaves PostgreSQL or Redis out.
    pub(crate) async fn open(name: &str, replicas: usize) -> Option<Self> {
        let server = servers::postgres().await.unwrap()?;
        let redis = servers::redis().await.unwrap()?;
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("replicas-{name}"));
        let _ = std::fs::remove_dir_all(&folder); // of the run before
        std::fs::create_dir_all(&folder).unwrap();
        // Nowhere yet.
        let balancer = Proxy::to("127.0.0.1:1").await.unwrap();
        let wire = Proxy::to(&server).await.unwrap();
        let database = wire.instead(&server).unwrap();
        let database = database.replacen("okta@", &format!("okta:{DATABASE_PASSWORD}@"), 1);
        let issuer = okta(balancer.port()).await;
        std::fs::write(folder.join("setup.toml"), setup(&issuer)).unwrap();
        let mut fleet = Self {
            balancer,
            wire,
            db: PgPool::connect(&server).await.unwrap(),
            redis,
            database,
            issuer,
            folder,
            replicas: Vec::new(),
        };
        fleet.put_key("key", [7; 32]);
        // At once: each may be the one that makes the tables.
        let database = &fleet.database;
        let mut started: Vec<_> = (0..replicas).map(|_| fleet.spawn(database)).collect();
        for replica in &mut started {
            assert!(replica.listens(), "{}", replica.log());
        }
        fleet.replicas = started;
        Some(fleet)
    }

    /// Another process of the same product. Its addresses are in the environment, where `ps` does not show them.
    pub(crate) fn spawn(&self, database: &str) -> Replica {
        self.spawn_with(database, &["key"])
    }

    fn program(&self, command: &str, database: &str, keys: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_okta-sso-demo"));
        program.arg(command).env("LEDGERLINE_DATABASE", database);
        for key in keys {
            program.arg("--key-file").arg(self.folder.join(key));
        }
        program
    }

    /// The same with these files of keys.
    pub(crate) fn spawn_with(&self, database: &str, keys: &[&str]) -> Replica {
        let plugin = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../target/plugin/okta_sso.wasm"
        );
        let address = SocketAddr::from(([127, 0, 0, 1], servers::free_port().unwrap()));
        let public_url = format!("http://localhost:{}", self.balancer.port());
        let mut child = self
            .program("serve", database, keys)
            .args(["--danger-allow-loopback", "--plugin", plugin])
            .args([
                "--listen",
                &address.to_string(),
                "--public-url",
                &public_url,
            ])
            .args(["--setup", self.folder.join("setup.toml").to_str().unwrap()])
            .env("LEDGERLINE_STATE", &self.redis)
            .env("RUST_LOG", "info")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::<Mutex<String>>::default();
        let (said, lines) = (
            Arc::clone(&log),
            BufReader::new(child.stderr.take().unwrap()),
        );
        let reader = std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                *said.lock().unwrap() += &format!("{line}\n");
            }
        });
        Replica {
            child,
            address,
            log,
            reader: Some(reader),
        }
    }

    /// Another process in the place of a replica, with these files of keys; it is there before the old one goes.
    pub(crate) fn replace(&mut self, replica: usize, keys: &[&str]) {
        let mut new = self.spawn_with(&self.database, keys);
        assert!(new.listens(), "{}", new.log());
        self.replicas[replica].kill();
        self.replicas[replica] = new;
    }

    /// Puts a key into a file of the folder.
    pub(crate) fn put_key(&self, file: &str, key: [u8; 32]) {
        std::fs::write(self.folder.join(file), key).unwrap();
    }

    /// What `reseal` says.
    pub(crate) fn reseal(&self, keys: &[&str]) -> String {
        let ended = self
            .program("reseal", &self.database, keys)
            .output()
            .unwrap();
        assert!(ended.status.success(), "{ended:?}");
        String::from_utf8(ended.stdout).unwrap()
    }

    /// From now on the balancer leads to this replica; what was open there is closed.
    pub(crate) async fn lead_to(&self, replica: usize) {
        self.balancer.set(Mode::Refuse).await;
        let address = self.replicas[replica].address;
        self.balancer.lead_to(&format!("http://{address}/"));
        self.balancer.set(Mode::Through).await;
    }

    pub(crate) fn at(&self, path: &str) -> Url {
        format!("http://localhost:{}{path}", self.balancer.port())
            .parse()
            .unwrap()
    }

    pub(crate) fn browser(&self) -> Browser {
        // A connection that is kept may be the one that the balancer just closed.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0);
        let balancer = SocketAddr::from(([127, 0, 0, 1], self.balancer.port()));
        Browser::with(client, balancer)
    }

    /// From the sign-in page of a replica to the callback's address, which is not visited.
    pub(crate) async fn begin(&self, replica: usize, browser: &Browser, person: usize) -> Url {
        self.lead_to(replica).await;
        let page = browser.visit(&self.at("/login?tenant=acme")).await;
        let page = browser.visit(&page.link("Okta")).await;
        let (login, form) = (email(person), "/signin/username");
        let page = browser.submit(&page, form, &[("username", &login)]).await;
        let page = browser.follow(page).await;
        let verify = [("password", PASSWORD)];
        let page = browser.submit(&page, "/signin/password", &verify).await;
        let callback = page.location();
        assert_eq!(callback.path(), "/sso/okta/callback");
        callback
    }

    /// `/me` at a replica: the status, and whose session the browser has.
    pub(crate) async fn me(&self, replica: usize, browser: &Browser) -> (u16, String) {
        self.lead_to(replica).await;
        let page = browser.get(&self.at("/me")).await;
        let email = match page.status.as_u16() {
            200 => page.json()["email"].as_str().unwrap().to_owned(),
            _ => String::new(),
        };
        (page.status.as_u16(), email)
    }

    /// Signs in, begun at one replica and ended at another.
    pub(crate) async fn sign_in(
        &self,
        from: usize,
        to: usize,
        browser: &Browser,
        person: usize,
    ) -> Page {
        let callback = self.begin(from, browser, person).await;
        self.lead_to(to).await;
        browser.visit(&callback).await
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        sqlx::query_scalar(query).fetch_one(&self.db).await.unwrap()
    }

    pub(crate) async fn ready(&self, replica: usize) -> (u16, serde_json::Value) {
        let page = self
            .browser()
            .get(&self.replicas[replica].at("/readyz"))
            .await;
        (page.status.as_u16(), page.json()["not_ready"].clone())
    }
}

/// A development Okta, in this process.
async fn okta(port: u16) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let mut config = Config::new(issuer.as_str());
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
        redirect_uris: vec![format!("http://localhost:{port}/sso/okta/callback")],
        post_logout_redirect_uris: vec![format!("http://localhost:{port}/signed-out")],
        initiate_login_uri: None,
        app_name: "Ledgerline".to_owned(),
        access: ControlledAccess::Everyone,
    }];
    let okta = DevOkta::new(config).unwrap();
    tokio::spawn(async move { okta.serve(listener).await });
    issuer
}

fn setup(issuer: &str) -> String {
    let users: String = (0..PEOPLE)
        .map(|n| {
            format!(
                "{{ email = \"{}\", name = \"Person {n}\", invited = true, admin = {} }},",
                email(n),
                n == 0
            )
        })
        .collect();
    format!(
        "[[tenants]]\nid = \"acme\"\nname = \"Acme\"\napproved_domains = [\"acme.example\"]\n\
         connection = {{ client_id = \"0oaacme\", client_secret = \"secret\", issuer = \"{issuer}\" }}\n\
         users = [{users}]\n"
    )
}

pub(crate) fn email(person: usize) -> String {
    format!("p{person}@acme.example")
}
