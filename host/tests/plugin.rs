//! The real component, as `make plugin` builds it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "what goes wrong here shall stop the test"
)]

mod platform;

use std::path::Path;
use std::sync::Arc;

use okta_sso_host::contract::{
    EmailMatch, EmailRule, Field, LoginError, LoginRequest, ProblemCode,
};
use okta_sso_host::{CallError, Component, Pin, Plugin, SetupError};
use wasmtime::component::{Type, Val};

use crate::platform::{OutOfReach, Silent, capabilities, settings, with_storage};

fn plugin() -> Plugin {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/plugin/okta_sso.wasm");
    let component = Component::from_path(path, Pin::Sidecar).expect("run make plugin");
    Plugin::builder()
        .component(component)
        .capabilities(capabilities())
        .load()
        .unwrap()
}

#[tokio::test]
async fn its_imports_are_the_capabilities() {
    let plugin = plugin();
    let names = [
        "cache",
        "clock",
        "http",
        "log",
        "random",
        "signatures",
        "storage",
        "types",
    ];
    assert_eq!(
        plugin.imports(),
        names.map(|name| format!("sso:provider/{name}@0.1.0"))
    );
    assert_eq!(plugin.sha256().len(), 64);
}

#[tokio::test]
async fn check_turns_settings_into_a_connection() {
    let checked = plugin()
        .check(&settings("https://acme.okta.com"))
        .await
        .unwrap();
    assert_eq!(checked.connection.issuer, "https://acme.okta.com");
    assert_eq!(checked.connection.hosts, ["acme.okta.com"]);
    assert!(checked.corrections.is_empty());
}

#[tokio::test]
async fn check_names_the_field_that_is_wrong() {
    let CallError::Answer(problems) = plugin()
        .check(&settings("http://acme.okta.com"))
        .await
        .unwrap_err()
    else {
        panic!("not an answer");
    };
    let found: Vec<_> = problems
        .iter()
        .map(|problem| (problem.field, problem.code))
        .collect();
    assert_eq!(found, [(Field::Issuer, ProblemCode::NotHttps)]);
}

#[tokio::test]
async fn every_code_is_explained() {
    let plugin = plugin();
    let codes = plugin.codes().await.unwrap();
    assert!(codes.contains(&LoginError::TransactionNotFound.code()));
    for code in codes {
        let explained = plugin.explain(&code, "en").await.unwrap();
        assert_eq!(explained.map(|explanation| explanation.code), Some(code));
    }
    assert_eq!(plugin.explain("no/such-code", "en").await, Ok(None));
}

#[tokio::test]
async fn pure_calls_need_no_capability() {
    let plugin = plugin().with_capabilities(with_storage(Silent));
    assert!(!plugin.describe("en").await.unwrap().steps.is_empty());
    let compared = plugin
        .compare_email(EmailRule::Exact, "Anna@acme.com", "anna@acme.com")
        .await;
    assert_eq!(compared, Ok(EmailMatch::DiffersInCase));
    let located = plugin.locate("code=only").await;
    assert_eq!(
        located,
        Err(CallError::Answer(LoginError::CallbackMalformed))
    );
}

#[tokio::test]
async fn a_provider_out_of_reach_is_an_answer() {
    let plugin = plugin();
    let connection = plugin
        .check(&settings("https://acme.okta.com"))
        .await
        .unwrap()
        .connection;
    let request = LoginRequest {
        login_hint: None,
        return_to: None,
        prompt: None,
    };
    let no_provider = plugin.with_capabilities(capabilities().with_http(Arc::new(OutOfReach)));
    let refusal = no_provider.begin(&connection, &request).await.unwrap_err();
    assert_eq!(refusal.to_string(), "login/provider-unavailable/metadata");
}

#[tokio::test]
async fn any_function_can_be_called_by_name() {
    let plugin = plugin();
    let shape = plugin.signature("messages", "explain").unwrap();
    assert_eq!(shape.params.len(), 2);
    assert!(matches!(shape.params[0].1, Type::String));
    let text = |text: &str| Val::String(text.to_owned());
    let answer = plugin
        .call("messages", "explain", None, &[text("x"), text("en")])
        .await;
    assert_eq!(answer, Ok(vec![Val::Option(None)]));

    assert!(plugin.signature("messages", "nothing").is_none());
    let refusal = plugin.call("messages", "nothing", None, &[]).await;
    let name = "messages.nothing".to_owned();
    assert_eq!(
        refusal,
        Err(CallError::Setup(SetupError::NoSuchFunction(name)))
    );
    let refusal = plugin.call("messages", "explain", None, &[text("x")]).await;
    assert_eq!(refusal, Err(CallError::Setup(SetupError::ArgumentMismatch)));
}
