//! Client authentication at the token, PAR and revocation endpoints (RFC 6749 2.3).

use axum::http::{HeaderMap, StatusCode, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use openidconnect::core::CoreErrorResponseType;
use url::form_urlencoded;

use super::{Client, client_keys::prove, org::Org, parameters::Parameters, refusal::Refusal};

/// The client that the credentials of a request to this endpoint, such as `token`, prove.
pub(super) async fn authenticate<'a>(
    org: &'a Org,
    headers: &HeaderMap,
    form: &Parameters,
    endpoint: &str,
) -> Result<&'a Client, Refusal> {
    let body_id = form.one("client_id").map_err(|_| Refusal::repeated())?;
    let body_secret = form.one("client_secret").map_err(|_| Refusal::repeated())?;
    let assertion = form.one("client_assertion");
    let assertion = assertion.map_err(|_| Refusal::repeated())?;
    if let Some(assertion) = assertion {
        if headers.contains_key(header::AUTHORIZATION) || body_secret.is_some() {
            return Err(several());
        }
        let client = prove(org, form, assertion, endpoint).await?;
        return match body_id {
            Some(id) if id != client.client_id => Err(failed()),
            _ => Ok(client),
        };
    }
    let (id, secret) = match (headers.get(header::AUTHORIZATION), body_id, body_secret) {
        (Some(_), _, Some(_)) => return Err(several()),
        (Some(header), _, None) => header.to_str().ok().and_then(basic).ok_or_else(failed)?,
        (None, Some(id), Some(secret)) => (id.to_owned(), secret.to_owned()),
        (None, Some(id), None) if org.client(id).is_none() => return Err(unknown()),
        (None, Some(_), None) => return Err(failed()),
        (None, None, _) => return Err(Refusal::invalid_client("No client credentials found.")),
    };
    let client = org.client(&id).ok_or_else(unknown)?;
    if org.authentication_of(client).is_by_keys() {
        Err(failed())
    } else if org.accepts_secret(client, &secret) {
        Ok(client)
    } else {
        Err(Refusal::invalid_client(
            "The client secret supplied for a confidential client is invalid.",
        ))
    }
}

/// RFC 6749 2.3.1: both halves are form-encoded before they are joined.
fn basic(header: &str) -> Option<(String, String)> {
    let (scheme, credentials) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let credentials = String::from_utf8(BASE64_STANDARD.decode(credentials.trim()).ok()?).ok()?;
    let (id, secret) = credentials.split_once(':')?;
    Some((form_decoded(id), form_decoded(secret)))
}

fn form_decoded(encoded: &str) -> String {
    // A lone name; `=` and `&` cannot be part of an encoded value.
    form_urlencoded::parse(encoded.as_bytes())
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

pub(super) fn failed() -> Refusal {
    Refusal::invalid_client(
        "Client authentication failed. Either the client or the client credentials are invalid.",
    )
}

fn several() -> Refusal {
    Refusal::OAuth(
        StatusCode::UNAUTHORIZED,
        CoreErrorResponseType::InvalidRequest,
        "Cannot supply multiple client credentials. Use one of the following: credentials in the \
         Authorization header, credentials in the post body, or a client_assertion in the post \
         body.",
    )
}

/// Okta: an unknown client is answered in the envelope.
pub(super) fn unknown() -> Refusal {
    Refusal::envelope(
        StatusCode::UNAUTHORIZED,
        "invalid_client",
        "Invalid value for 'client_id' parameter.",
    )
}
