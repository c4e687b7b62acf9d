//! Sessions that end at the provider, and because of it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Form, State};
use axum::routing::post;
use okta_sso_host::CallError;
use okta_sso_host::contract::{LoginError, LoginRequest, LogoutError, Prompt};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::open;
use crate::stage::{SIGNED_OUT, Stage, Wishes};

#[tokio::test]
async fn the_product_ends_the_session_at_the_provider() {
    let stage = open!(Wishes::default());
    let ada = stage.person("ada");
    let signed_in = stage.sign_in(&ada).await.unwrap();
    assert_eq!(silently(&stage, &ada).await, Ok(()));

    let state = Some("AbC-123_xyz");
    let url = stage
        .plugin
        .begin_logout(&stage.connection, &signed_in.logout_hint, state)
        .await
        .unwrap();
    let back = ada.sign_out(&url).await;
    assert_eq!(back.as_str(), format!("{SIGNED_OUT}?state=AbC-123_xyz"));
    assert_eq!(
        silently(&stage, &ada).await,
        Err(LoginError::LoginRequired),
        "the provider's own session is over"
    );
}

/// Whether a sign-in needs no page of the provider.
async fn silently(stage: &Stage, person: &crate::stage::Person) -> Result<(), LoginError> {
    let request = LoginRequest {
        login_hint: None,
        return_to: None,
        prompt: Some(Prompt::None),
    };
    let redirect = stage
        .plugin
        .begin(&stage.connection, &request)
        .await
        .unwrap();
    let query = person.visit(&redirect.url).await;
    stage.complete(&redirect, &query).await.map(|_| ())
}

#[tokio::test]
async fn the_provider_ends_the_session_at_the_product() {
    let (uri, mut tokens) = listen().await;
    let stage = open!(Wishes {
        backchannel_logout_uri: uri,
        ..Wishes::default()
    });
    let ada = stage.person("ada");
    let signed_in = stage.sign_in(&ada).await.unwrap();
    let url = stage
        .plugin
        .begin_logout(&stage.connection, &signed_in.logout_hint, None)
        .await
        .unwrap();
    ada.sign_out(&url).await;

    // A bound on a fault, not a wait: the provider has called before it sends the browser back.
    let token = tokio::time::timeout(Duration::from_secs(10), tokens.recv());
    let token = token.await.expect("a back-channel call").unwrap();
    let notice = stage
        .plugin
        .receive_logout_token(&stage.connection, &token)
        .await
        .unwrap();
    assert_eq!(notice.issuer, stage.provider.issuer);
    assert_eq!(notice.subject.as_deref(), Some("ada"));
    assert!(signed_in.identity.session_id.is_some());
    assert_eq!(notice.session_id, signed_in.identity.session_id);

    let again = stage
        .plugin
        .receive_logout_token(&stage.connection, &token)
        .await;
    assert!(matches!(
        again,
        Err(CallError::Answer(LogoutError::Replayed))
    ));
}

#[derive(Deserialize)]
struct LogoutForm {
    logout_token: String,
}

/// An endpoint for back-channel calls, and the tokens that arrive there.
async fn listen() -> (String, UnboundedReceiver<String>) {
    let (sender, tokens) = unbounded_channel();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/logout", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/logout", post(receive))
        .with_state(Arc::new(sender));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (uri, tokens)
}

async fn receive(State(tokens): State<Arc<UnboundedSender<String>>>, Form(form): Form<LogoutForm>) {
    tokens.send(form.logout_token).unwrap();
}
