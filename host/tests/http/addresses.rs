//! Which addresses are dialled, whatever names and answers say.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use okta_sso_host::Resolver;
use tokio::net::TcpListener;

use super::deadlines::BlackHole;
use super::scripted::{self, Scripted, Step};
use super::*;

/// Gives these answers in turn, the last one for ever; none for a failure.
struct Answers {
    script: Vec<Option<Vec<IpAddr>>>,
    asked: AtomicUsize,
    names: Mutex<Vec<String>>,
}

impl Answers {
    fn new(script: &[Option<&[&str]>]) -> Arc<Self> {
        let parsed = |texts: &&[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self {
            script: script
                .iter()
                .map(|step| step.as_ref().map(parsed))
                .collect(),
            asked: AtomicUsize::new(0),
            names: Mutex::default(),
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

#[async_trait]
impl Resolver for Answers {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.names.lock().unwrap().push(host.to_owned());
        let number = self.asked.fetch_add(1, SeqCst);
        let last = self.script.len() - 1;
        let step = self.script[number.min(last)].clone();
        step.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn resolving(resolver: Arc<dyn Resolver>) -> HttpClient {
    with(HttpOptions {
        resolver: Some(resolver),
        deadlines: short(),
        ..HttpOptions::default()
    })
}

async fn get_public(client: &HttpClient, id: &str, url: &str) -> Outcome {
    let public = Scope {
        network: Network::Public,
        ..scope(id)
    };
    client.send(&public, request(Endpoint::Metadata, url)).await
}

#[tokio::test]
async fn bi_212_a_name_of_this_machine_is_not_dialled() {
    let trap = Scripted::start(|_, _| scripted::ok()).await;
    let resolver = Answers::new(&[Some(&["127.0.0.1"])]);
    let client = resolving(resolver.clone());
    let port = trap.address.port();
    for name in ["127.0.0.1.nip.example", "lvh.example", "metadata.internal"] {
        let url = format!("https://{name}:{port}/x");
        let refusal = get_public(&client, name, &url).await;
        assert_eq!(refusal, Err(HttpError::Unreachable), "BI-212 {name}");
        assert_eq!(resolver.names.lock().unwrap().pop().as_deref(), Some(name));
    }
    assert_eq!(trap.connections(), 0, "BI-212: a packet was sent");
}

#[tokio::test]
async fn bi_188_an_address_in_the_url_is_denied() {
    let trap = Scripted::start(|_, _| scripted::ok()).await;
    let port = trap.address.port();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "169.254.169.254",
        "10.0.0.1",
        "93.184.216.34",
    ] {
        let refusal = get_public(&client(), host, &format!("https://{host}:{port}/")).await;
        assert_eq!(refusal, Err(HttpError::Denied), "BI-188..200 {host}");
    }
    assert_eq!(trap.connections(), 0, "a packet was sent");
}

#[tokio::test]
async fn bi_213_rebinding_changes_nothing() {
    // The first answer is good, every later one is not: whoever is dialled was judged.
    let server = Scripted::start(|n, _| match (n, scripted::ok()) {
        (0, Step::Say(bytes)) => Step::SayAndClose(bytes),
        (_, step) => step,
    })
    .await;
    let resolver = Answers::new(&[Some(&["127.0.0.1"]), Some(&["10.0.0.1"])]);
    let client = resolving(resolver.clone());
    let url = format!("http://localhost:{}/x", server.address.port());
    assert!(get(&client, &url).await.is_ok());
    assert_eq!(
        resolver.asked(),
        1,
        "BI-213: one question for one connection"
    );
    assert_eq!(
        get(&client, &url).await,
        Err(HttpError::Unreachable),
        "BI-213"
    );
    // Asked again for the second try, and judged again.
    assert_eq!((resolver.asked(), server.connections()), (3, 1));
}

#[tokio::test]
async fn bi_214_one_bad_answer_spoils_the_name() {
    let server = Scripted::start(|_, _| scripted::ok()).await;
    let url = format!("http://localhost:{}/x", server.address.port());
    for mixed in [
        &["127.0.0.1", "10.0.0.1"][..],
        &["fd00::1", "127.0.0.1"],
        &["127.0.0.1", "93.184.216.34"], // plain http goes to this machine alone
    ] {
        let client = resolving(Answers::new(&[Some(mixed)]));
        let refusal = get(&client, &url).await;
        assert_eq!(refusal, Err(HttpError::Unreachable), "BI-214 {mixed:?}");
    }
    let mut thousand = vec!["127.0.0.1"; 999];
    let client = resolving(Answers::new(&[Some(&thousand)]));
    assert!(get(&client, &url).await.is_ok(), "BI-214");
    thousand.push("192.168.0.1");
    let client = resolving(Answers::new(&[Some(&thousand)]));
    assert_eq!(
        get(&client, &url).await,
        Err(HttpError::Unreachable),
        "BI-214"
    );
    assert_eq!(server.connections(), 1);
}

/// A resolver that never answers.
struct Mute;

#[async_trait]
impl Resolver for Mute {
    async fn resolve(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn bi_215_blocked_and_unreachable_look_the_same() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("https://acme.okta.com:{port}/x");
    let outcomes = [
        // blocked
        get_public(&resolving(Answers::new(&[Some(&["127.0.0.1"])])), "a", &url).await,
        get_public(
            &resolving(Answers::new(&[Some(&["169.254.169.254"])])),
            "a",
            &url,
        )
        .await,
        // no such name, no answer, no answer ever
        get_public(&resolving(Answers::new(&[None])), "a", &url).await,
        get_public(&resolving(Answers::new(&[Some(&[])])), "a", &url).await,
        get_public(&resolving(Arc::new(Mute)), "a", &url).await,
        // nobody at home
        get(&resolving(Answers::new(&[Some(&["127.0.0.1"])])), &url).await,
    ];
    for outcome in outcomes {
        assert_eq!(outcome, Err(HttpError::Unreachable), "BI-215");
    }
}

#[tokio::test]
async fn f_15_a_dead_address_is_passed_over() {
    // Bound to another address of this machine, so that the first ones refuse.
    let server = Scripted::start(|_, _| scripted::ok()).await;
    let answers = ["::1", "127.0.0.2", "127.0.0.3", "127.0.0.1"];
    let client = resolving(Answers::new(&[Some(&answers)]));
    let url = format!("http://localhost:{}/x", server.address.port());
    let before = std::time::Instant::now();
    assert!(get(&client, &url).await.is_ok(), "F-15");
    println!(
        "F-15: three dead addresses passed over in {:.1?}",
        before.elapsed()
    );
}

/// One that refuses says so; one that is silent is passed over after its head start.
#[tokio::test]
async fn f_15_a_silent_address_is_passed_over() {
    let server = Scripted::start(|_, _| scripted::ok()).await;
    let port = server.address.port();
    let _hole = BlackHole::at(&format!("127.0.0.2:{port}")).await;
    let client = with(HttpOptions {
        resolver: Some(Answers::new(&[Some(&["127.0.0.2", "127.0.0.1"])])),
        ..HttpOptions::default()
    });
    let before = std::time::Instant::now();
    let outcome = get(&client, &format!("http://localhost:{port}/x")).await;
    let took = before.elapsed();
    assert!(outcome.is_ok(), "F-15 {outcome:?}");
    println!("F-15: a silent address passed over in {took:.1?}");
    assert!(
        took >= Duration::from_millis(250),
        "F-15: it was not silent"
    );
}

/// T18: an address that is not dialled is not told by its haste from one that refuses: both are tried again after the
/// same wait.
#[tokio::test]
async fn blocked_takes_as_long_as_refused() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let url = format!("https://acme.okta.com:{port}/x");
    let (blocked, refused) = (
        Answers::new(&[Some(&["127.0.0.1"])]),
        Answers::new(&[Some(&["127.0.0.1"])]),
    );
    let before = std::time::Instant::now();
    let outcome = get_public(&resolving(blocked.clone()), "a", &url).await;
    let took = before.elapsed();
    assert_eq!(outcome, get(&resolving(refused.clone()), &url).await);
    assert_eq!((blocked.asked(), refused.asked()), (2, 2), "T18");
    assert!(took >= Duration::from_millis(50), "T18 {took:?}");
}

#[tokio::test]
async fn f_16_without_names_open_connections_go_on() {
    let server = Scripted::start(|_, _| scripted::ok()).await;
    let resolver = Answers::new(&[Some(&["127.0.0.1"]), None]);
    let client = resolving(resolver.clone());
    let url = format!("http://localhost:{}/x", server.address.port());
    for _ in 0..5 {
        assert!(get(&client, &url).await.is_ok(), "F-16");
    }
    let other = Scripted::start(|_, _| scripted::ok()).await;
    let url = format!("http://localhost:{}/x", other.address.port());
    assert_eq!(
        get(&client, &url).await,
        Err(HttpError::Unreachable),
        "F-16"
    );
}

#[tokio::test]
async fn loopback_needs_both_switches() {
    let strict = HttpClient::new(&HttpOptions::default()).unwrap();
    let refusal = get(&strict, "http://127.0.0.1:1/").await;
    assert_eq!(refusal, Err(HttpError::Denied));
    for url in ["http://127.0.0.1:1/", "https://127.0.0.1:1/"] {
        assert_eq!(
            get_public(&client(), "a", url).await,
            Err(HttpError::Denied)
        );
    }
    // A name that resolves to this machine looks like one that does not resolve.
    let refusal = get_public(&strict, "a", "https://localhost:1/").await;
    assert_eq!(refusal, Err(HttpError::Unreachable));
}
