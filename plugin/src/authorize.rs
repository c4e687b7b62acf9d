//! The authorization request (OpenID Connect Core 1.0 section 3.1.2.1), in the URL or pushed (RFC 9126).

use crate::contract::exports::sso::provider::login::{Fault, LoginError, LoginRequest, Prompt};
use crate::contract::sso::provider::http::{Request, Response};
use crate::contract::sso::provider::types::{ClientAuth, Connection, Endpoint};
use crate::discovery::Metadata;
use crate::error::ProviderError;
use crate::form;
use crate::pkce;
use crate::token;

/// Bytes of a `login_hint`; a longer one is not sent.
const MAX_LOGIN_HINT: usize = 256;

/// The secrets of one attempt that take part in the request.
#[derive(Clone, Copy)]
pub struct Draws<'a> {
    /// `state`.
    pub state: &'a str,
    /// `nonce`.
    pub nonce: &'a str,
    /// PKCE's `code_verifier`; only its digest is sent.
    pub verifier: &'a str,
}

/// The parameters of the request, form-encoded, `client_id` aside.
#[must_use]
pub fn build_parameters(
    connection: &Connection,
    request: &LoginRequest,
    draws: Draws<'_>,
) -> String {
    let policy = &connection.policy;
    let scope = connection.scopes.join(" ");
    let challenge = pkce::challenge(draws.verifier);
    let max_age = policy.max_age.map(|age| age.to_string());
    let acr_values = policy.acr_values.join(" ");
    let mut pairs = vec![
        ("response_type", "code"),
        ("redirect_uri", connection.redirect_uri.as_str()),
        ("scope", &scope),
        ("state", draws.state),
        ("nonce", draws.nonce),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    if let Some(age) = &max_age {
        pairs.push(("max_age", age));
    }
    if !acr_values.is_empty() {
        pairs.push(("acr_values", &acr_values));
    }
    if let Some(prompt) = request.prompt {
        pairs.push((
            "prompt",
            match prompt {
                Prompt::Login => "login",
                Prompt::None => "none",
            },
        ));
    }
    let hint = request.login_hint.as_deref().filter(|hint| {
        (1..=MAX_LOGIN_HINT).contains(&hint.len()) && !hint.chars().any(char::is_control)
    });
    if let Some(hint) = hint {
        pairs.push(("login_hint", hint));
    }
    form::encode(&pairs)
}

/// Where the browser is sent with the parameters in the URL.
#[must_use]
pub fn build_url(connection: &Connection, metadata: &Metadata, parameters: &str) -> String {
    let client = [("client_id", connection.client_id.as_str())];
    let url = form::append_query(&metadata.authorization, &client);
    [&url, "&", parameters].concat()
}

/// The pushed authorization request (RFC 9126 section 2.1).
#[must_use]
pub fn build_pushed_request(connection: &Connection, url: &str, parameters: &str) -> Request {
    // `client-secret-post` brings `client_id` along with the secret; twice would be a fault.
    let body = match connection.policy.client_auth {
        ClientAuth::ClientSecretPost => parameters.to_owned(),
        ClientAuth::ClientSecretBasic | ClientAuth::PrivateKeyJwt => {
            let client = form::encode(&[("client_id", connection.client_id.as_str())]);
            [&client, "&", parameters].concat()
        }
    };
    token::build_client_request(connection, Endpoint::PushedAuthorization, url, body)
}

/// Where the browser is sent after the request was pushed.
///
/// # Errors
/// Those of the token endpoint; `missing-member` and `mistyped-member` for `request_uri`.
pub fn process_pushed_response(
    connection: &Connection,
    metadata: &Metadata,
    response: &Response,
    now: u64,
) -> Result<String, LoginError> {
    let endpoint = Endpoint::PushedAuthorization;
    let document = token::read_client_answer(endpoint, response, 201, now)?;
    let request_uri = document
        .string("request_uri")
        .map_err(|error| ProviderError::member(endpoint, error))?;
    let sound = (1..=512).contains(&request_uri.len())
        && request_uri.bytes().all(|byte| byte.is_ascii_graphic());
    if !sound {
        return Err(ProviderError::fault(endpoint, Fault::MistypedMember).into());
    }
    Ok(form::append_query(
        &metadata.authorization,
        &[
            ("client_id", connection.client_id.as_str()),
            ("request_uri", request_uri),
        ],
    ))
}
