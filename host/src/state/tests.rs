//! Budgets, scopes and bounds, without a sandbox around them.

use std::sync::Mutex;

use async_trait::async_trait;

use super::*;
use crate::bindings::sso::provider::http::Host as _;
use crate::bindings::sso::provider::log::Host as _;
use crate::bindings::sso::provider::storage::Host as _;
use crate::capability::{Http, HttpRequest, HttpResponse, Log};
use crate::contract::{Endpoint, Method, Network};
use crate::credential::{CredentialError, Credentials, Secret};
use crate::store::{Storage, StorageError};

/// Answers everything and writes down what it was asked.
#[derive(Default)]
struct Recorder {
    keys: Mutex<Vec<StorageKey>>,
    exchanges: Mutex<u32>,
    events: Mutex<Vec<String>>,
}

#[async_trait]
impl Storage for Recorder {
    async fn put_if_absent(
        &self,
        key: &StorageKey,
        _: &[u8],
        _: u64,
        _: u32,
    ) -> Result<bool, StorageError> {
        self.keys.lock().unwrap().push(key.clone());
        Ok(true)
    }

    async fn take(&self, _: &StorageKey, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        Err(StorageError::Unavailable)
    }

    async fn get(&self, _: &StorageKey, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }
}

#[async_trait]
impl Credentials for Recorder {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(None)
    }
}

#[async_trait]
impl Http for Recorder {
    async fn send(&self, _: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        *self.exchanges.lock().unwrap() += 1;
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Ok(HttpResponse {
            status: 200,
            headers: vec![
                header("Content-Type", "application/json"),
                header("set-cookie", "a=b"),
                header("date", "a\r\nb"),
            ],
            body: vec![
                b'x';
                if request.url.path() == "/large" {
                    65_537
                } else {
                    65_536
                }
            ],
        })
    }
}

impl Log for Recorder {
    fn event(&self, _: &Scope, _: Level, code: &str, _: &[(String, String)]) {
        self.events.lock().unwrap().push(code.to_owned());
    }
}

fn state(scope: Option<&str>) -> (CallState, Arc<Recorder>) {
    let recorder = Arc::new(Recorder::default());
    let capabilities = Capabilities::new(recorder.clone(), recorder.clone())
        .with_http(recorder.clone())
        .with_log(recorder.clone());
    let scope = scope.map(|id| Scope {
        connection_id: id.to_owned(),
        hosts: vec!["acme.okta.com".to_owned()],
        network: Network::Public,
    });
    (
        CallState::new(Arc::new(capabilities), scope, &Limits::default()),
        recorder,
    )
}

fn request(path: &str) -> http::Request {
    http::Request {
        endpoint: Endpoint::Metadata,
        method: Method::Get,
        url: format!("https://acme.okta.com{path}"),
        headers: vec![],
        body: vec![],
        authorization: http::Authorization::None,
    }
}

#[tokio::test]
async fn a_call_has_8_exchanges() {
    let (mut state, recorder) = state(Some("a"));
    for _ in 0..7 {
        assert_eq!(
            state.send(request("/x")).await.unwrap().unwrap().status,
            200
        );
    }
    // One that is refused counts as well, so that refusals are not free.
    let mut foreign = request("/x");
    foreign.url = "https://evil.example/".to_owned();
    assert_eq!(state.send(foreign).await.unwrap(), Err(http::Error::Denied));
    assert_eq!(
        state.send(request("/x")).await.unwrap(),
        Err(http::Error::BudgetExhausted)
    );
    assert_eq!(*recorder.exchanges.lock().unwrap(), 7);
}

#[tokio::test]
async fn an_answer_is_trimmed() {
    let (mut state, _) = state(Some("a"));
    let answer = state.send(request("/x")).await.unwrap().unwrap();
    let header = http::Header {
        name: "content-type".to_owned(),
        value: "application/json".to_owned(),
    };
    assert_eq!(answer.headers, [header]);
    assert_eq!(answer.body.len(), 65_536);
    assert_eq!(
        state.send(request("/large")).await.unwrap(),
        Err(http::Error::TooLarge)
    );
}

#[tokio::test]
async fn without_a_scope_there_is_nothing() {
    let (mut state, recorder) = state(None);
    let refusal = state.send(request("/x")).await.unwrap_err();
    assert_eq!(refusal.downcast_ref::<Trap>(), Some(&Trap::Breach("http")));
    let refusal = state
        .event(Level::Info, "code".to_owned(), vec![])
        .await
        .unwrap_err();
    assert_eq!(refusal.downcast_ref::<Trap>(), Some(&Trap::Breach("log")));
    assert!(recorder.events.lock().unwrap().is_empty());
}

#[tokio::test]
async fn storage_is_scoped_and_bounded() {
    let (mut state, recorder) = state(Some("a"));
    let mut put = async |key: usize, value: usize, time_to_live| {
        state
            .put_if_absent(vec![1; key], vec![0; value], time_to_live)
            .await
            .unwrap()
    };
    assert_eq!(put(1, 0, 1).await, Ok(true));
    assert_eq!(put(256, 16 << 10, 86_400).await, Ok(true));
    assert_eq!(put(0, 0, 1).await, Err(storage::Error::Invalid));
    assert_eq!(put(257, 0, 1).await, Err(storage::Error::Invalid));
    assert_eq!(put(1, 0, 0).await, Err(storage::Error::Invalid));
    assert_eq!(put(1, 0, 86_401).await, Err(storage::Error::Invalid));
    assert_eq!(
        put(1, (16 << 10) + 1, 1).await,
        Err(storage::Error::TooLarge)
    );
    let expected = [
        StorageKey::plugin("a", &[1]),
        StorageKey::plugin("a", &[1; 256]),
    ];
    assert_eq!(*recorder.keys.lock().unwrap(), expected);
    assert_eq!(
        state.take(vec![1]).await.unwrap(),
        Err(storage::Error::Unavailable)
    );
}

#[tokio::test]
async fn the_51st_event_is_dropped() {
    let (mut state, recorder) = state(Some("a"));
    for _ in 0..51 {
        state
            .event(Level::Info, "code".to_owned(), vec![])
            .await
            .unwrap();
    }
    assert_eq!(recorder.events.lock().unwrap().len(), 50);
}

fn field(value: &str) -> Vec<LogField> {
    vec![LogField {
        name: "n".to_owned(),
        value: value.to_owned(),
    }]
}

#[test]
fn control_characters_are_escaped() {
    let (code, fields) = printable("a-code/1".to_owned(), field("a\r\nb\u{202e}\u{7f}é"));
    assert_eq!(code, "a-code/1");
    assert_eq!(fields[0].1, "a\\u{d}\\u{a}b\\u{202e}\\u{7f}é");
    assert_eq!(printable("A\n".to_owned(), vec![]).0, "malformed-code");
}

#[test]
fn an_event_ends_at_its_bound() {
    let room = MAX_EVENT - "c".len() - "n".len();
    let (_, fields) = printable("c".to_owned(), field(&"x".repeat(room)));
    assert_eq!(fields[0].1.len(), room);
    let (_, fields) = printable("c".to_owned(), field(&"x".repeat(room + 1)));
    assert_eq!(fields[0].1.len(), room);
}

/// Never answers.
struct Hanging;

#[async_trait]
impl Storage for Hanging {
    async fn put_if_absent(
        &self,
        _: &StorageKey,
        _: &[u8],
        _: u64,
        _: u32,
    ) -> Result<bool, StorageError> {
        std::future::pending().await
    }

    async fn take(&self, _: &StorageKey, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        std::future::pending().await
    }

    async fn get(&self, _: &StorageKey, _: u64) -> Result<Option<Vec<u8>>, StorageError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn f_31_storage_that_hangs_is_unavailable() {
    let (mut state, recorder) = state(Some("a"));
    state.capabilities = Arc::new(Capabilities::new(Arc::new(Hanging), recorder));
    let before = std::time::Instant::now();
    let taken = state.take(vec![1]).await.unwrap();
    println!("F-31: told after {:.1?}", before.elapsed());
    assert_eq!(taken, Err(storage::Error::Unavailable), "F-31");
    assert!(
        before.elapsed() < std::time::Duration::from_millis(2_500),
        "F-31"
    );
}
