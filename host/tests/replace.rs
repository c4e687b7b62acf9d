//! A component is replaced while sign-ins are under way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what goes wrong here shall stop the test"
)]

mod hostile {
    #![allow(dead_code, reason = "another test uses the rest")]
    pub(crate) mod module;
}
mod platform;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use okta_sso_host::contract::{Endpoint, LoginError, LoginRequest};
use okta_sso_host::{
    CallError, Component, Http, HttpError, HttpRequest, HttpResponse, Pin, Plugin, Scope,
    SelfTestError, SetupError,
};
use tokio::sync::Semaphore;

use crate::platform::{capabilities, settings};

fn real() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm");
    std::fs::read(path).expect("run make plugin")
}

/// The real component with a custom section more: the same in all but its SHA-256.
fn other() -> Vec<u8> {
    let mut bytes = real();
    bytes.extend(b"\x00\x07\x05build");
    bytes.push(b'2');
    bytes
}

fn component(bytes: Vec<u8>) -> Component {
    Component::from_bytes(bytes, Pin::DangerUnpinned).unwrap()
}

fn plugin(http: Arc<dyn Http>) -> Plugin {
    Plugin::builder()
        .component(component(real()))
        .capabilities(capabilities().with_http(http))
        .load()
        .unwrap()
}

/// Answers once it is let: how a test keeps calls under way.
struct Gate(Semaphore);

#[async_trait]
impl Http for Gate {
    async fn send(&self, _: &Scope, _: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.0.acquire().await.unwrap().forget();
        Err(HttpError::Unreachable)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_under_way_finish_on_the_old_one() {
    const CALLS: usize = 10;
    let gate = Arc::new(Gate(Semaphore::new(0)));
    let plugin = plugin(gate.clone());
    let clone = plugin.with_capabilities(capabilities());
    let checked = plugin.check(&settings("https://acme.okta.com")).await;
    let connection = checked.unwrap().connection;
    let begin = || {
        let (plugin, connection) = (plugin.clone(), connection.clone());
        tokio::spawn(async move {
            let request = LoginRequest {
                login_hint: None,
                return_to: None,
                prompt: None,
            };
            plugin.begin(&connection, &request).await
        })
    };
    let unavailable = CallError::Answer(LoginError::ProviderUnavailable(Endpoint::Metadata));
    let old = plugin.sha256();
    let under_way: Vec<_> = (0..CALLS).map(|_| begin()).collect();
    tokio::task::yield_now().await;
    plugin.replace(component(other())).await.unwrap();
    assert_ne!(plugin.sha256(), old);
    assert_eq!(clone.sha256(), plugin.sha256(), "for every clone");
    gate.0.add_permits(CALLS + 1);
    for call in under_way {
        assert_eq!(call.await.unwrap().err(), Some(unavailable.clone()));
    }
    assert_eq!(begin().await.unwrap().err(), Some(unavailable));
    plugin.replace(component(real())).await.unwrap();
    assert_eq!(plugin.sha256(), old);
}

#[tokio::test]
async fn f_59_what_fails_leaves_the_old_one() {
    let plugin = plugin(Arc::new(platform::OutOfReach));
    let old = plugin.sha256();
    let refusal = async |bytes: Vec<u8>| {
        let refusal = plugin.replace(component(bytes)).await.unwrap_err();
        println!("F-59: {refusal}");
        assert_eq!(plugin.sha256(), old);
        assert!(!plugin.codes().await.unwrap().is_empty(), "still at work");
        refusal
    };
    let half = real().split_off(1_000);
    assert!(matches!(refusal(half).await, SetupError::NotAComponent(_)));
    let mut cut = real();
    cut.truncate(100_000);
    assert!(matches!(refusal(cut).await, SetupError::NotAComponent(_)));
    // It loads, and does nothing right.
    let hostile = hostile::module::component("", &[]);
    let found = SetupError::SelfTest(SelfTestError::Settings);
    assert_eq!(refusal(hostile).await, found);
    let empty = wat::parse_str("(component)").unwrap();
    assert!(matches!(refusal(empty).await, SetupError::ExportMissing(_)));
}

/// One function that no sign-in needs takes one text less.
#[tokio::test]
async fn other_types_are_refused_before_they_serve() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit");
    let changed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("other-types");
    let _ = std::fs::remove_dir_all(&changed); // of the run before
    std::fs::create_dir(&changed).unwrap();
    for file in std::fs::read_dir(&wit).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "wit") {
            let text = std::fs::read_to_string(&file).unwrap();
            let text = text.replace(
                "explain: func(code: string, locale: string)",
                "explain: func(code: string)",
            );
            std::fs::write(changed.join(file.file_name().unwrap()), text).unwrap();
        }
    }
    let plugin = plugin(Arc::new(Gate(Semaphore::new(0))));
    let refusal = async |wit: &Path| {
        let bytes = hostile::module::of_contract(wit, "(i32.const 4096)", "", &[]);
        plugin.replace(component(bytes)).await.err().unwrap()
    };
    assert_eq!(
        refusal(&changed).await,
        SetupError::SelfTest(SelfTestError::Types)
    );
    // With the right ones it fails by what it does.
    assert_eq!(
        refusal(&wit).await,
        SetupError::SelfTest(SelfTestError::Settings)
    );
}
