//! Whoever is refused learns from the answer's work as little as from its words: refusals that read the same ask the database
//! the same and verify as many passwords.
//!
//! Counted are the statements and verifications between a request and its answer. What only an administrator sees is written
//! beside the answer, and how long both take on this machine is printed: other programs run here too, so nothing is concluded
//! from it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::SqlitePool;

use crate::browser::{Browser, Page};
use crate::stage::{Product, email, serve_command, started};

/// Each kind of refusal is made so often; a password can be tried 20 times.
const ROUNDS: usize = 4;
const PASSWORD: &str = "until Okta";

/// What it takes to refuse somebody.
#[derive(Default)]
struct Cost {
    /// What the database was asked, in order, and how often a password was verified.
    work: Vec<Vec<String>>,
    took: Vec<Duration>,
    /// Status and text, without the reference.
    pages: Vec<(u16, String)>,
}

/// The product with a log of its work, and people of every kind.
struct Refusing {
    product: Product,
    log: PathBuf,
}

impl Refusing {
    async fn open(name: &str) -> Self {
        let mut product = Product::open(name).await;
        product.kill();
        let more = product.folder.join("more.toml");
        let user = |name: &str, more: &str| {
            format!("{{ email = \"{name}@globex.example\", name = \"{name}\", {more} }},")
        };
        let users = [
            user("gina", &format!("password = \"{PASSWORD}\"")),
            user(
                "hal",
                &format!("password = \"{PASSWORD}\", disabled = true"),
            ),
            user("ian", "invited = true"),
        ];
        let setup = format!(
            "[[tenants]]\nid = \"globex\"\nname = \"Globex\"\nusers = [{}]\n",
            users.concat()
        );
        fs::write(&more, setup).unwrap();
        let log = product.folder.join("log");
        let mut serve = serve_command(&product.folder, product.address);
        serve
            .args([
                "--danger-allow-loopback",
                "--log",
                "json",
                "--setup",
                more.to_str().unwrap(),
            ])
            .env(
                "RUST_LOG",
                "sqlx::query=debug,okta_sso_demo::password=trace",
            )
            .stderr(File::create(&log).unwrap());
        product.child = started(serve);
        Self { product, log }
    }

    async fn change(&self, statement: &'static str) {
        let db = self.product.folder.join("ledgerline.db");
        let db = SqlitePool::connect(db.to_str().unwrap()).await.unwrap();
        sqlx::raw_sql(statement).execute(&db).await.unwrap();
        db.close().await;
    }

    /// What was done since the log had so many lines, once nothing is added any more.
    async fn work(&self, since: usize) -> Vec<String> {
        let mut before = 0;
        loop {
            let text = fs::read_to_string(&self.log).unwrap();
            let lines: Vec<&str> = text.lines().skip(since).collect();
            if !lines.is_empty() && lines.len() == before {
                return lines.into_iter().map(told).collect();
            }
            before = lines.len();
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    fn lines(&self) -> usize {
        fs::read_to_string(&self.log).unwrap().lines().count()
    }

    /// Makes one request, and notes what it took.
    async fn refuse(
        &self,
        cost: &mut Cost,
        browser: &Browser,
        request: impl AsyncFnOnce(&Browser) -> Page,
    ) {
        let since = self.lines();
        let begun = Instant::now();
        let page = request(browser).await;
        cost.took.push(begun.elapsed());
        cost.work.push(self.work(since).await);
        let text = page.text();
        let (text, _) = text.split_once("Reference").unwrap_or((&text, ""));
        cost.pages.push((page.status.as_u16(), text.to_owned()));
    }
}

/// A line of the log as what was done.
fn told(line: &str) -> String {
    let line: Value = serde_json::from_str(line).unwrap();
    let fields = &line["fields"];
    fields["summary"]
        .as_str()
        .or_else(|| fields["message"].as_str())
        .unwrap()
        .to_owned()
}

/// The middle one.
fn median(mut took: Vec<Duration>) -> Duration {
    took.sort();
    took[took.len() / 2]
}

impl Cost {
    /// The request's own work: what else goes on in the process only adds to it.
    fn least(&self) -> &Vec<String> {
        self.work.iter().min_by_key(|work| work.len()).unwrap()
    }
}

/// Prints what each kind took, and wants all pages and all work to be the same.
fn compare(kinds: &BTreeMap<&str, Cost>) {
    let first = kinds.values().next().unwrap();
    for (kind, cost) in kinds {
        let work = cost.least();
        let verified = work.iter().filter(|one| one.contains("verified")).count();
        println!(
            "{kind}: {} statements, {verified} verifications, {:.1?}",
            work.len() - verified,
            median(cost.took.clone())
        );
        for page in &cost.pages {
            assert_eq!(page, &first.pages[0], "{kind}");
        }
        assert_eq!(work, first.least(), "{kind}");
    }
}

/// Okta vouches for each of them.
#[tokio::test]
async fn a_person_whom_okta_vouches_for() {
    let refusing = Refusing::open("refusals-okta").await;
    refusing
        .change(
            "DELETE FROM users WHERE email = 'p0@acme.example';
             UPDATE users SET disabled = 1 WHERE email = 'p1@acme.example';
             UPDATE invitations SET expires = 1 WHERE user_id = (SELECT id FROM users WHERE email = 'p2@acme.example');
             DELETE FROM invitations WHERE user_id = (SELECT id FROM users WHERE email = 'p3@acme.example');
             INSERT INTO links (tenant, connection_id, issuer, subject, user_id, pinned_at, email_seen)
                SELECT 'acme', connections.id, connections.issuer, '00usomebody', users.id, 1, users.email
                FROM users, connections WHERE users.email = 'p4@acme.example'",
        )
        .await;
    let people = [
        "unknown",
        "disabled",
        "invitation expired",
        "not invited",
        "tied to somebody else",
    ];
    let mut kinds = BTreeMap::<_, Cost>::new();
    // What is learnt once is learnt.
    refusing
        .product
        .callback(&Browser::new(refusing.product.address), 5)
        .await;
    for _ in 0..ROUNDS {
        for (person, kind) in people.iter().enumerate() {
            let browser = Browser::new(refusing.product.address);
            let callback = refusing.product.callback(&browser, person).await;
            let cost = kinds.entry(*kind).or_default();
            refusing
                .refuse(cost, &browser, async |browser| {
                    browser.visit(&callback).await
                })
                .await;
        }
    }
    assert!(
        kinds["unknown"].pages[0]
            .1
            .contains("does not open an account here"),
        "{}",
        email(0)
    );
    compare(&kinds);
}

/// A password is wrong, or there is none that it could be.
#[tokio::test]
async fn a_person_with_a_password() {
    let refusing = Refusing::open("refusals-password").await;
    let mut kinds = BTreeMap::<_, Cost>::new();
    for _ in 0..ROUNDS {
        for (kind, login, password) in [
            ("unknown", "nobody@globex.example", PASSWORD),
            ("wrong", "gina@globex.example", "wrong"),
            ("deactivated", "hal@globex.example", PASSWORD),
            ("without a password", "ian@globex.example", PASSWORD),
        ] {
            let browser = Browser::new(refusing.product.address);
            let page = browser.visit(&refusing.product.at("/login")).await;
            let cost = kinds.entry(kind).or_default();
            refusing
                .refuse(cost, &browser, async |browser| {
                    let fields = [("email", login), ("password", password)];
                    browser.submit(&page, "/login", &fields).await
                })
                .await;
            let (_, text) = cost.pages.last_mut().unwrap();
            *text = text.replace(login, "");
            cost.work
                .last_mut()
                .unwrap()
                .retain(|one| !is_recording(one));
        }
    }
    compare(&kinds);
}

/// Done beside the answer: only an account has a history.
fn is_recording(statement: &str) -> bool {
    [
        "BEGIN",
        "INSERT INTO events",
        "DELETE FROM events",
        "COMMIT",
        "PRAGMA",
    ]
    .iter()
    .any(|start| statement.starts_with(start))
}
