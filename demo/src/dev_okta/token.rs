//! `…/token`, `…/userinfo` and `…/revoke`.

use std::sync::Arc;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use openidconnect::{AccessToken, core::CoreErrorResponseType};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{
    Client,
    claims::{id_token, user_info},
    client_auth::authenticate,
    issuer::Server,
    org::{Grant, Org, TOKEN_LIFETIME, same},
    parameters::{Parameters, Repeated},
    refusal::{Refusal, forbid_storing},
};

/// Exchanges a code for tokens.
pub(super) async fn token(
    State(org): State<Arc<Org>>,
    server: Server,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    require_form(&headers)?;
    let form = Parameters::parse(&body);
    let client = authenticate(&org, &headers, &form, "token").await?;
    match form.one("grant_type")? {
        Some("authorization_code") => {}
        Some(_) => {
            return Err(Refusal::OAuth(
                StatusCode::BAD_REQUEST,
                CoreErrorResponseType::UnsupportedGrantType,
                "The authorization grant type is not supported by the authorization server.",
            ));
        }
        None => {
            return Err(Refusal::invalid_request(
                "The 'grant_type' parameter is required.",
            ));
        }
    }
    let grant = redeem(&org, server, client, &form)?;
    issue(&org, &grant)
}

/// The grant behind the request's code, which is spent from here on whatever follows.
fn redeem(org: &Org, server: Server, client: &Client, form: &Parameters) -> Result<Grant, Refusal> {
    let code = form
        .one("code")?
        .ok_or_else(|| Refusal::invalid_request("The 'code' parameter is required."))?;
    let now = org.now();
    let grant = org.state().codes.take(now, code);
    let grant = grant.filter(|grant| grant.request.server == server);
    let grant = grant.ok_or_else(|| {
        Refusal::invalid_grant("The authorization code is invalid or has expired.")
    })?;
    if grant.request.client_id != client.client_id {
        return Err(Refusal::invalid_grant(
            "The grant was issued to another client. Please make sure the 'client_id' matches \
             the one used at the authorize request.",
        ));
    }
    if form.one("redirect_uri")? != Some(grant.request.redirect_uri.as_str()) {
        return Err(Refusal::invalid_grant(
            "The 'redirect_uri' does not match the redirection URI used in the authorization \
             request.",
        ));
    }
    // RFC 7636 4.6.
    let verifier = form.one("code_verifier")?.ok_or_else(|| {
        Refusal::invalid_request("PKCE code verifier is required by the application.")
    })?;
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
    if !same(&challenge, &grant.request.code_challenge) {
        return Err(Refusal::invalid_grant("PKCE verification failed."));
    }
    Ok(grant)
}

fn issue(org: &Org, grant: &Grant) -> Result<Response, Refusal> {
    let person = org.person(&grant.session.login).ok_or_else(|| {
        Refusal::invalid_grant("The authorization code is invalid or has expired.")
    })?;
    let now = org.now();
    let access_token = AccessToken::new(org.state().access_tokens.hold(now, grant.clone()));
    let id_token = id_token(org, grant, person, &access_token)
        .map_err(|_| Refusal::server_error("Failed to create the id_token."))?;
    let mut response = Json(json!({
        "token_type": "Bearer",
        "expires_in": TOKEN_LIFETIME,
        "access_token": access_token,
        "scope": grant.request.scopes.join(" "),
        "id_token": id_token,
    }))
    .into_response();
    forbid_storing(&mut response);
    Ok(response)
}

/// Answers with the claims of the access token's person.
pub(super) async fn userinfo(
    State(org): State<Arc<Org>>,
    server: Server,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let invalid = || {
        Refusal::Bearer(
            StatusCode::UNAUTHORIZED,
            "invalid_token",
            "The access token is invalid",
        )
    };
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(invalid)?;
    let now = org.now();
    let grant = org
        .state()
        .access_tokens
        .read(now, token)
        .filter(|grant| grant.request.server == server)
        .ok_or_else(invalid)?;
    let person = org.person(&grant.session.login).ok_or_else(invalid)?;
    if !["profile", "email", "address", "phone"]
        .iter()
        .any(|scope| grant.request.has_scope(scope))
    {
        return Err(Refusal::Bearer(
            StatusCode::FORBIDDEN,
            "insufficient_scope",
            "The access token must provide access to at least one of these scopes - profile, \
             email, address or phone",
        ));
    }
    let claims = user_info(&org, &grant, person)
        .map_err(|_| Refusal::server_error("Failed to write the claims."))?;
    let mut response = Json(claims).into_response();
    forbid_storing(&mut response);
    Ok(response)
}

/// Forgets an access token. RFC 7009 2.2: 200 also for one that is not known.
pub(super) async fn revoke(
    State(org): State<Arc<Org>>,
    server: Server,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    require_form(&headers)?;
    let form = Parameters::parse(&body);
    let client = authenticate(&org, &headers, &form, "revoke").await?;
    let token = form
        .one("token")?
        .ok_or_else(|| Refusal::invalid_request("The 'token' parameter is required."))?;
    let now = org.now();
    let mut state = org.state();
    let own = |grant: Grant| {
        grant.request.server == server && grant.request.client_id == client.client_id
    };
    if state.access_tokens.read(now, token).is_some_and(own) {
        state.access_tokens.take(now, token);
    }
    Ok(StatusCode::OK)
}

/// Okta: a body of another type is not read.
pub(super) fn require_form(headers: &HeaderMap) -> Result<(), Refusal> {
    let is_form = |value: &HeaderValue| {
        value.to_str().is_ok_and(|value| {
            let essence = value.split(';').next().unwrap_or_default().trim();
            essence.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    };
    if headers.get(header::CONTENT_TYPE).is_some_and(is_form) {
        Ok(())
    } else {
        Err(Refusal::envelope(
            StatusCode::BAD_REQUEST,
            "E0000021",
            "Bad request. Accept and/or Content-Type headers likely do not match supported \
             values.",
        ))
    }
}

impl From<Repeated> for Refusal {
    fn from(Repeated: Repeated) -> Self {
        Self::repeated()
    }
}
