//! A request by the client itself: its credential added, and the second secret tried when the first is refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use subtle::ConstantTimeEq;
use url::form_urlencoded;
use zeroize::Zeroizing;

use super::{CredentialError, Secret};
use crate::bindings::sso::provider::http::ClientCredential;
use crate::capability::{Capabilities, HttpError, HttpRequest, HttpResponse};
use crate::contract::ClientAuth;
use crate::scope::Scope;

/// Why no credential can be put on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("this connection has no client secret")]
    NoSecret,
    #[error("this connection has no client key")]
    NoKey,
    #[error("the client's credential cannot be read")]
    Unreadable,
    #[error("no random bytes for a client assertion")]
    NoRandomBytes,
    #[error("the form already holds a credential, or is no form")]
    Form,
}

impl From<CredentialError> for Refusal {
    fn from(_: CredentialError) -> Self {
        Self::Unreadable
    }
}

/// Sends `request` as `client`.
///
/// With two secrets the request is sent a second time when, and only when, the provider has answered
/// `invalid_client`: a client is authenticated before its code is looked at (RFC 6749 section 3.2.1), so the
/// code is not used up; should a provider hold otherwise, the second answer is `invalid_grant` and the person
/// begins again. After silence or any other answer nothing is sent twice. The second request counts towards
/// `exchanges_left`.
pub(crate) async fn send(
    capabilities: &Capabilities,
    scope: &Scope,
    request: HttpRequest,
    client: &ClientCredential,
    exchanges_left: &mut u32,
) -> Result<HttpResponse, HttpError> {
    let connection = scope.connection_id.as_str();
    let denied = |refusal: Refusal| {
        tracing::warn!(connection, %refusal, "no client credential for the provider");
        HttpError::Denied
    };
    let http = capabilities.http.as_ref().ok_or(HttpError::Unreachable)?;
    let credentials = &capabilities.credentials;
    if client.method == ClientAuth::PrivateKeyJwt {
        let assertion = assertion(capabilities, scope, client).await;
        let with = assertion.and_then(|assertion| with_assertion(request, &assertion));
        return http.send(scope, with.map_err(denied)?).await;
    }
    let secret = credentials.client_secret(connection).await;
    let secret = secret
        .map_err(Refusal::from)
        .and_then(|secret| secret.ok_or(Refusal::NoSecret))
        .map_err(denied)?;
    let first = with_secret(request.clone(), client, &secret).map_err(denied)?;
    let answer = http.send(scope, first).await?;
    if !refuses_client(&answer) {
        return Ok(answer);
    }
    let is_refused =
        |one: &Secret| bool::from(one.expose().as_bytes().ct_eq(secret.expose().as_bytes()));
    let other = credentials.other_client_secret(connection).await;
    let mut other = other.map_err(Refusal::from).map_err(denied)?;
    if other.as_ref().is_some_and(is_refused) {
        // Another sign-in has made the second one the first since that was read.
        let first = credentials.client_secret(connection).await;
        other = first.map_err(Refusal::from).map_err(denied)?;
    }
    let Some(other) = other.filter(|one| !is_refused(one)) else {
        return Ok(answer);
    };
    let Some(left) = exchanges_left.checked_sub(1) else {
        return Ok(answer);
    };
    *exchanges_left = left;
    let second = with_secret(request, client, &other).map_err(denied)?;
    let answer = http.send(scope, second).await?;
    if takes_client(&answer) {
        tracing::warn!(connection, "the provider took the client's second secret");
        credentials
            .other_client_secret_was_taken(connection, &other)
            .await;
    }
    Ok(answer)
}

const INVALID_CLIENT: &str = "invalid_client";

/// `invalid_client` of RFC 6749 section 5.2, or of Okta's own envelope.
fn refuses_client(answer: &HttpResponse) -> bool {
    matches!(answer.status, 400 | 401) && error(answer).as_deref() == Some(INVALID_CLIENT)
}

/// Whether the client was authenticated, whatever came of its request: a provider that is busy or down did not look.
fn takes_client(answer: &HttpResponse) -> bool {
    match answer.status {
        200..300 => true,
        400 => error(answer).is_some_and(|error| error != INVALID_CLIENT),
        _ => false,
    }
}

fn error(answer: &HttpResponse) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        error: Option<String>,
        #[serde(rename = "errorCode")]
        error_code: Option<String>,
    }

    let body: Body = serde_json::from_slice(&answer.body).ok()?;
    body.error.or(body.error_code)
}

async fn assertion(
    capabilities: &Capabilities,
    scope: &Scope,
    client: &ClientCredential,
) -> Result<Zeroizing<String>, Refusal> {
    let key = capabilities.credentials.client_key(&scope.connection_id);
    let key = key.await?.ok_or(Refusal::NoKey)?;
    let mut id = [0; 32];
    let filled = capabilities.random.fill(&mut id);
    filled.map_err(|_| Refusal::NoRandomBytes)?;
    let now = capabilities.clock.now();
    Ok(key.assertion(&client.client_id, &client.audience, now, &id)?)
}

/// RFC 7523 section 2.2. The assertion names the client; the form need not.
fn with_assertion(mut request: HttpRequest, assertion: &str) -> Result<HttpRequest, Refusal> {
    names_client(&request)?;
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    add(&mut request.body, "client_assertion_type", kind);
    add(&mut request.body, "client_assertion", assertion);
    Ok(request)
}

/// RFC 6749 section 2.3.1.
fn with_secret(
    mut request: HttpRequest,
    client: &ClientCredential,
    secret: &Secret,
) -> Result<HttpRequest, Refusal> {
    let names_client = names_client(&request)?;
    if client.method == ClientAuth::ClientSecretBasic {
        let pair = [&form(&client.client_id), ":", &form(secret.expose())].concat();
        let pair = Zeroizing::new(pair);
        let mut header = String::with_capacity(6 + pair.len().div_ceil(3) * 4);
        header.push_str("Basic ");
        STANDARD.encode_string(&*pair, &mut header);
        request.headers.push(("authorization", header));
    } else {
        if !names_client {
            add(&mut request.body, "client_id", &client.client_id);
        }
        add(&mut request.body, "client_secret", secret.expose());
    }
    Ok(request)
}

/// Whether the form names the client. It must be a form, and hold no credential yet.
fn names_client(request: &HttpRequest) -> Result<bool, Refusal> {
    let is_form = request.headers.iter().any(|(name, value)| {
        *name == "content-type" && value.starts_with("application/x-www-form-urlencoded")
    });
    let mut names_client = false;
    for (name, _) in form_urlencoded::parse(&request.body) {
        match &*name {
            "client_id" => names_client = true,
            "client_secret" | "client_assertion" | "client_assertion_type" => {
                return Err(Refusal::Form);
            }
            _ => {}
        }
    }
    is_form.then_some(names_client).ok_or(Refusal::Form)
}

/// One more pair of the form. Grows the body before the value is written, so that no copy stays behind.
fn add(body: &mut Vec<u8>, name: &str, value: &str) {
    let value = form(value);
    let mut longer = Vec::with_capacity(body.len() + name.len() + value.len() + 2);
    longer.append(body);
    if !longer.is_empty() {
        longer.push(b'&');
    }
    longer.extend_from_slice(name.as_bytes());
    longer.push(b'=');
    longer.extend_from_slice(value.as_bytes());
    *body = longer;
}

/// RFC 6749 appendix B: all but `A-Z a-z 0-9 * - . _` is percent-encoded, a space becomes `+`.
fn form(text: &str) -> Zeroizing<String> {
    let mut encoded = Zeroizing::new(String::with_capacity(3 * text.len()));
    encoded.extend(form_urlencoded::byte_serialize(text.as_bytes()));
    encoded
}

#[cfg(test)]
mod tests;
