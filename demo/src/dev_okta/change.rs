//! What a switch can change, and how the rows of `switches.rs` say it.

use axum::{
    Json,
    body::{Body, to_bytes},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::{Map, Value};

use super::{Endpoint, refusal::Refusal};

/// The members of a JSON object.
pub(super) type Members = Map<String, Value>;

/// One thing that is different while a switch is on.
#[derive(Clone, Copy)]
pub(super) enum Change {
    /// What the ID token and UserInfo say about a person.
    Person(fn(&mut Members)),
    /// The ID token's claims.
    Claims(fn(&mut Members)),
    /// The same as the text that is signed.
    Payload(fn(&str) -> String),
    /// The ID token's header.
    Header(fn(&mut Members)),
    /// The ID token's header has the key that signs it, under a name that is not published.
    CarriesKey,
    /// The ID token, once it is signed.
    Signed(fn(&str) -> String),
    /// An endpoint's good answer.
    Answer(Endpoint, fn(&mut Members)),
    /// What an endpoint answers in the place of everything else.
    Instead(Endpoint, fn() -> Response),
    /// What the browser brings back to the application.
    Callback(fn(&mut Vec<(String, String)>)),
    /// How long an answer takes.
    Late,
}

impl Change {
    /// Under which heading the console lists it.
    pub(super) fn place(self) -> &'static str {
        match self {
            Self::Person(_) => "The person",
            Self::Claims(_)
            | Self::Payload(_)
            | Self::Header(_)
            | Self::CarriesKey
            | Self::Signed(_) => "ID token",
            Self::Callback(_) => "Callback",
            Self::Late => "Every endpoint",
            Self::Answer(endpoint, _) | Self::Instead(endpoint, _) => match endpoint {
                Endpoint::Metadata => "Metadata",
                Endpoint::Keys => "Keys",
                Endpoint::Par => "Pushed authorization request",
                Endpoint::UserInfo => "UserInfo",
                _ => "Token endpoint",
            },
        }
    }
}

/// A good answer with what is to be different about it; any other as it is.
pub(super) async fn change_answer(response: Response, changes: &[fn(&mut Members)]) -> Response {
    if changes.is_empty() || !response.status().is_success() {
        return response;
    }
    let (mut head, body) = response.into_parts();
    let document = to_bytes(body, usize::MAX).await.ok();
    let document = document.and_then(|body| serde_json::from_slice(&body).ok());
    let Some(mut document): Option<Members> = document else {
        return Refusal::server_error("The answer could not be changed.").into_response();
    };
    for change in changes {
        change(&mut document);
    }
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(Value::Object(document).to_string()))
}

pub(super) fn set(members: &mut Members, name: &str, value: impl Into<Value>) {
    members.insert(name.to_owned(), value.into());
}

pub(super) fn text(members: &Members, name: &str) -> Option<String> {
    Some(members.get(name)?.as_str()?.to_owned())
}

pub(super) fn number(members: &Members, name: &str) -> Option<u64> {
    members.get(name)?.as_u64()
}

/// Writes the e-mail in another way, where there is one.
pub(super) fn respell(claims: &mut Members, how: fn(&str) -> String) {
    if let Some(email) = text(claims, "email") {
        set(claims, "email", how(&email));
    }
}

/// Moves a time.
pub(super) fn shift(claims: &mut Members, name: &str, by: fn(u64) -> u64) {
    if let Some(at) = number(claims, name) {
        set(claims, name, by(at));
    }
}

/// With another first letter of the signature: of the last one some bits are not used.
pub(super) fn tampered(token: &str) -> String {
    let Some((signed, signature)) = token.rsplit_once('.') else {
        return token.to_owned();
    };
    let (first, rest) = signature.split_at_checked(1).unwrap_or_default();
    let other = if first == "A" { "B" } else { "A" };
    format!("{signed}.{other}{rest}")
}

/// In the place of the code.
pub(super) fn denied(pairs: &mut Vec<(String, String)>, error: &str, description: &str) {
    pairs.retain(|(name, _)| name == "state");
    for (name, value) in [("error", error), ("error_description", description)] {
        pairs.push((name.to_owned(), value.to_owned()));
    }
}

/// A page where a program expects data.
pub(super) fn maintenance() -> Response {
    Html("<!DOCTYPE html><title>Maintenance</title><h1>We will be back.</h1>").into_response()
}

/// Half a document.
pub(super) fn garbled() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], "{\"issuer\":").into_response()
}

/// A document whose last issuer is not its first.
pub(super) fn two_issuers() -> Response {
    let body = r#"{"issuer":"https://acme.okta.com","issuer":"https://elsewhere.example"}"#;
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The first bytes of what gzip writes, to a program that asked for no coding.
pub(super) fn compressed() -> Response {
    let head = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_ENCODING, "gzip"),
    ];
    (head, b"\x1f\x8b\x08\0".as_slice()).into_response()
}

/// The same with the status of a pushed request that was taken.
pub(super) fn created(response: Response) -> Response {
    (StatusCode::CREATED, response).into_response()
}

/// More than anybody should read.
pub(super) fn huge() -> Response {
    Json(Value::from("a".repeat(300_000))).into_response()
}

/// UserInfo as OpenID Connect Core 5.3.2 allows it to a client that registered for it.
pub(super) fn signed_user_info() -> Response {
    ([(header::CONTENT_TYPE, "application/jwt")], "e30.e30.AA").into_response()
}

pub(super) fn missing() -> Response {
    let summary = "Not found: Resource not found: well-known (Endpoint)";
    Refusal::envelope(StatusCode::NOT_FOUND, "E0000007", summary).into_response()
}

pub(super) fn unavailable() -> Response {
    let summary = "The service is temporarily unavailable.";
    Refusal::envelope(StatusCode::SERVICE_UNAVAILABLE, "E0000010", summary).into_response()
}

pub(super) fn busy() -> Response {
    let summary = "API call exceeded rate limit due to too many requests.";
    Refusal::envelope(StatusCode::TOO_MANY_REQUESTS, "E0000047", summary).into_response()
}

pub(super) fn server_error() -> Response {
    Refusal::server_error("Failed to create the id_token.").into_response()
}

pub(super) fn invalid_client() -> Response {
    let description = "The client secret supplied for a confidential client is invalid.";
    Refusal::invalid_client(description).into_response()
}

pub(super) fn invalid_grant() -> Response {
    Refusal::invalid_grant("The authorization code is invalid or has expired.").into_response()
}

pub(super) fn invalid_request() -> Response {
    Refusal::invalid_request("The request is missing a parameter.").into_response()
}

pub(super) fn invalid_token() -> Response {
    let description = "The access token is invalid";
    Refusal::Bearer(StatusCode::UNAUTHORIZED, "invalid_token", description).into_response()
}
