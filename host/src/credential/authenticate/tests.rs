//! What a client's request looks like, and when it is sent again.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use super::*;
use crate::capability::Http;
use crate::contract::{Endpoint, Method, Network};
use crate::credential::{ClientKey, Credentials};
use crate::store::MemoryStorage;

fn client(method: ClientAuth) -> ClientCredential {
    ClientCredential {
        method,
        client_id: "i:d".to_owned(),
        audience: "https://acme.okta.com/token".to_owned(),
    }
}

fn request(body: &str) -> HttpRequest {
    HttpRequest {
        endpoint: Endpoint::Token,
        method: Method::Post,
        url: "https://acme.okta.com/oauth2/v1/token".parse().unwrap(),
        headers: vec![(
            "content-type",
            "application/x-www-form-urlencoded".to_owned(),
        )],
        body: body.as_bytes().to_vec(),
        max_response: 65_536,
    }
}

/// Two secrets and a key, and a provider that answers from a script and remembers what it was sent.
struct Stage {
    secrets: [Option<&'static str>; 2],
    /// What another sign-in puts in their place when one was refused.
    promoted: Option<[&'static str; 2]>,
    key: Option<ClientKey>,
    answers: Mutex<Vec<Result<(u16, &'static str), HttpError>>>,
    sent: Mutex<Vec<HttpRequest>>,
    swapped: Mutex<bool>,
}

impl Stage {
    fn new(
        secrets: [Option<&'static str>; 2],
        answers: Vec<Result<(u16, &'static str), HttpError>>,
    ) -> Arc<Self> {
        Self::with_promotion(secrets, None, answers)
    }

    fn with_promotion(
        secrets: [Option<&'static str>; 2],
        promoted: Option<[&'static str; 2]>,
        mut answers: Vec<Result<(u16, &'static str), HttpError>>,
    ) -> Arc<Self> {
        answers.reverse();
        Arc::new(Self {
            secrets,
            promoted,
            key: Some(ClientKey::generate().unwrap()),
            answers: Mutex::new(answers),
            sent: Mutex::default(),
            swapped: Mutex::default(),
        })
    }

    fn secret(&self, slot: usize) -> Option<Secret> {
        let promoted = self
            .promoted
            .filter(|_| !self.sent.lock().unwrap().is_empty());
        let secret = promoted.map_or(self.secrets[slot], |secrets| Some(secrets[slot]));
        secret.map(|text| Secret::new(text.to_owned()))
    }

    async fn send(
        self: &Arc<Self>,
        method: ClientAuth,
        body: &str,
        mut exchanges_left: u32,
    ) -> (Result<u16, HttpError>, Vec<HttpRequest>, u32) {
        let storage = Arc::new(MemoryStorage::default());
        let capabilities = Capabilities::new(storage, self.clone()).with_http(self.clone());
        let scope = Scope {
            connection_id: "a".to_owned(),
            hosts: vec![],
            network: Network::Public,
        };
        let left = &mut exchanges_left;
        let outcome = send(&capabilities, &scope, request(body), &client(method), left).await;
        let sent = std::mem::take(&mut *self.sent.lock().unwrap());
        (outcome.map(|answer| answer.status), sent, exchanges_left)
    }
}

#[async_trait]
impl Credentials for Stage {
    async fn client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(self.secret(0))
    }

    async fn other_client_secret(&self, _: &str) -> Result<Option<Secret>, CredentialError> {
        Ok(self.secret(1))
    }

    async fn other_client_secret_was_taken(&self, _: &str, taken: &Secret) {
        let untaken = self.secrets[0].unwrap();
        assert_ne!(taken.expose(), untaken);
        *self.swapped.lock().unwrap() = true;
    }

    async fn client_key(&self, _: &str) -> Result<Option<ClientKey>, CredentialError> {
        Ok(self.key.clone())
    }
}

#[async_trait]
impl Http for Stage {
    async fn send(&self, _: &Scope, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        self.sent.lock().unwrap().push(request);
        let (status, body) = self.answers.lock().unwrap().pop().unwrap()?;
        Ok(HttpResponse {
            status,
            headers: vec![],
            body: body.as_bytes().to_vec(),
        })
    }
}

const OK: Result<(u16, &str), HttpError> = Ok((200, "{}"));
const INVALID_CLIENT: (u16, &str) = (401, r#"{"error":"invalid_client"}"#);

fn basic(request: &HttpRequest) -> String {
    let (name, value) = request.headers.last().unwrap();
    assert_eq!(*name, "authorization");
    let pair = STANDARD.decode(value.strip_prefix("Basic ").unwrap());
    String::from_utf8(pair.unwrap()).unwrap()
}

#[tokio::test]
async fn basic_encodes_both_halves_before_joining_them() {
    let stage = Stage::new([Some("a+b c~*-._é"), None], vec![OK]);
    let (_, sent, _) = stage.send(ClientAuth::ClientSecretBasic, "code=1", 7).await;
    assert_eq!(basic(&sent[0]), "i%3Ad:a%2Bb+c%7E*-._%C3%A9", "BI-232");
    assert_eq!(sent[0].body, b"code=1");
}

#[tokio::test]
async fn post_adds_to_the_form() {
    for (given, body) in [
        ("code=1", "code=1&client_id=i%3Ad&client_secret=a%26b"),
        ("client_id=x", "client_id=x&client_secret=a%26b"),
    ] {
        let stage = Stage::new([Some("a&b"), None], vec![OK]);
        let (_, sent, _) = stage.send(ClientAuth::ClientSecretPost, given, 7).await;
        assert_eq!(sent[0].body, body.as_bytes());
        assert_eq!(sent[0].headers.len(), 1);
    }
}

#[tokio::test]
async fn a_key_signs_for_the_endpoint_that_is_asked() {
    let stage = Stage::new([None, None], vec![OK]);
    let (outcome, sent, _) = stage.send(ClientAuth::PrivateKeyJwt, "code=1", 7).await;
    assert_eq!(outcome, Ok(200));
    let form: Vec<_> = form_urlencoded::parse(&sent[0].body).collect();
    assert_eq!(form[0].1, "1");
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!((&*form[1].0, &*form[1].1), ("client_assertion_type", kind));
    assert_eq!(
        (&*form[2].0, form[2].1.split('.').count()),
        ("client_assertion", 3)
    );
    assert_eq!(sent[0].headers.len(), 1, "one method, not two");
}

#[tokio::test]
async fn what_cannot_be_attached_is_refused() {
    for method in [
        ClientAuth::ClientSecretBasic,
        ClientAuth::ClientSecretPost,
        ClientAuth::PrivateKeyJwt,
    ] {
        for twice in [
            "client_secret=x",
            "client_assertion=x",
            "client_assertion_type=x",
        ] {
            let stage = Stage::new([Some("s"), None], vec![]);
            let (outcome, sent, _) = stage.send(method, twice, 7).await;
            assert_eq!(
                (outcome, sent.len()),
                (Err(HttpError::Denied), 0),
                "{twice}"
            );
        }
    }
    let stage = Stage::new([None, Some("s")], vec![]);
    let (outcome, ..) = stage.send(ClientAuth::ClientSecretBasic, "", 7).await;
    assert_eq!(outcome, Err(HttpError::Denied));
}

#[tokio::test]
async fn the_second_secret_is_tried_when_the_first_is_refused() {
    let okta = r#"{"errorCode":"invalid_client","errorSummary":"x"}"#;
    for refusal in [
        INVALID_CLIENT,
        (400, INVALID_CLIENT.1),
        (401, okta),
        (400, okta),
    ] {
        let stage = Stage::new([Some("old"), Some("new")], vec![Ok(refusal), OK]);
        let (outcome, sent, left) = stage.send(ClientAuth::ClientSecretBasic, "code=1", 7).await;
        assert_eq!((outcome, left), (Ok(200), 6));
        assert_eq!(
            [basic(&sent[0]), basic(&sent[1])],
            ["i%3Ad:old", "i%3Ad:new"]
        );
        assert_eq!(sent[0].body, sent[1].body);
        assert!(*stage.swapped.lock().unwrap());
    }
}

#[tokio::test]
async fn a_promotion_meanwhile_costs_nobody_the_sign_in() {
    let stage = Stage::with_promotion(
        [Some("old"), Some("new")],
        Some(["new", "old"]),
        vec![Ok(INVALID_CLIENT), OK],
    );
    let (outcome, sent, left) = stage.send(ClientAuth::ClientSecretBasic, "code=1", 7).await;
    assert_eq!((outcome, left), (Ok(200), 6));
    assert_eq!(
        [basic(&sent[0]), basic(&sent[1])],
        ["i%3Ad:old", "i%3Ad:new"]
    );
}

/// Only an answer that comes after the client was authenticated says that its secret is the right one.
#[tokio::test]
async fn a_second_secret_is_taken_when_the_provider_has_looked_at_it() {
    for (answer, taken) in [
        ((200, "{}"), true),
        ((201, "{}"), true),
        ((400, r#"{"error":"invalid_grant"}"#), true),
        ((400, "{}"), false),
        (INVALID_CLIENT, false),
        ((401, "<html>"), false),
        ((403, r#"{"error":"access_denied"}"#), false),
        ((429, r#"{"errorCode":"E0000047"}"#), false),
        ((503, ""), false),
    ] {
        let script = vec![Ok(INVALID_CLIENT), Ok(answer)];
        let stage = Stage::new([Some("old"), Some("new")], script);
        let (outcome, ..) = stage.send(ClientAuth::ClientSecretBasic, "code=1", 7).await;
        assert_eq!(outcome, Ok(answer.0));
        assert_eq!(*stage.swapped.lock().unwrap(), taken, "{answer:?}");
    }
}

#[tokio::test]
async fn a_code_is_sent_again_after_no_other_answer() {
    for answer in [
        OK,
        Ok((400, r#"{"error":"invalid_grant"}"#)),
        Ok((401, r#"{"error":"invalid_request"}"#)),
        Ok((401, "invalid_client")),
        Ok((
            401,
            r#"{"error":"invalid_grant","errorCode":"invalid_client"}"#,
        )),
        Ok((403, INVALID_CLIENT.1)),
        Ok((500, INVALID_CLIENT.1)),
        Ok((503, "")),
        Ok((429, INVALID_CLIENT.1)),
        Err(HttpError::Timeout),
        Err(HttpError::Unreachable),
        Err(HttpError::TooLarge),
    ] {
        let stage = Stage::new([Some("old"), Some("new")], vec![answer]);
        let (_, sent, left) = stage.send(ClientAuth::ClientSecretBasic, "code=1", 7).await;
        assert_eq!((sent.len(), left), (1, 7), "{answer:?}");
    }
}

#[tokio::test]
async fn without_another_secret_or_budget_the_refusal_stands() {
    for (other, left) in [(None, 7), (Some("old"), 7), (Some("new"), 0)] {
        let stage = Stage::new([Some("old"), other], vec![Ok(INVALID_CLIENT)]);
        let (outcome, sent, after) = stage.send(ClientAuth::ClientSecretPost, "", left).await;
        assert_eq!(
            (outcome, sent.len(), after),
            (Ok(401), 1, left),
            "{other:?}"
        );
    }
    let stage = Stage::new(
        [Some("old"), Some("new")],
        vec![Ok(INVALID_CLIENT), Ok(INVALID_CLIENT)],
    );
    let (outcome, sent, _) = stage.send(ClientAuth::ClientSecretPost, "", 7).await;
    assert_eq!((outcome, sent.len()), (Ok(401), 2));
    assert!(!*stage.swapped.lock().unwrap());
}

#[tokio::test]
async fn credentials_are_not_shown() {
    let stage = Stage::new(
        [Some("canary-1"), Some("canary-2")],
        vec![Ok(INVALID_CLIENT), OK],
    );
    let (_, sent, _) = stage
        .send(ClientAuth::ClientSecretPost, "code=canary-3", 7)
        .await;
    let used = String::from_utf8(sent[1].body.clone()).unwrap();
    assert!(used.contains("canary-2") && used.contains("canary-3"));
    assert!(!format!("{sent:?}").contains("canary"));
}
