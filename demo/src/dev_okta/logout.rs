//! `…/logout` (OpenID Connect RP-Initiated Logout 1.0).

use std::{sync::Arc, time::UNIX_EPOCH};

use axum::{
    extract::{RawQuery, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::Response,
};
use openidconnect::{
    ClientId, IdTokenVerifier, IssuerUrl, JsonWebKeySet, Nonce, core::CoreJsonWebKey,
};
use url::form_urlencoded;

use super::{
    Client,
    claims::OktaIdToken,
    issuer::Server,
    org::Org,
    page::{self, found},
    parameters::Parameters,
};

/// Ends the browser's session here, then sends it to the registered URI or says so.
pub(super) async fn logout(
    State(org): State<Arc<Org>>,
    _: Server,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let query = Parameters::parse(query.unwrap_or_default().as_bytes());
    let Some(client) = query
        .get("id_token_hint")
        .and_then(|hint| client_of(&org, hint))
    else {
        return page::failure(
            &org,
            StatusCode::BAD_REQUEST,
            "invalid_token",
            "The 'id_token_hint' parameter must be an ID token of this organization.",
        );
    };
    let target = query.get("post_logout_redirect_uri");
    if target.is_some_and(|uri| {
        !client
            .post_logout_redirect_uris
            .iter()
            .any(|known| known == uri)
    }) {
        return page::failure(
            &org,
            StatusCode::BAD_REQUEST,
            "invalid_request",
            "The 'post_logout_redirect_uri' parameter must be a Logout redirect URI in the \
             client app settings.",
        );
    }
    org.end_session(&headers);
    let mut response = match target {
        None => page::signed_out(&org),
        Some(uri) => match query.get("state") {
            None => found(uri),
            Some(state) => {
                let separator = if uri.contains('?') { '&' } else { '?' };
                let state = form_urlencoded::Serializer::new(String::new())
                    .append_pair("state", state)
                    .finish();
                found(&format!("{uri}{separator}{state}"))
            }
        },
    };
    if let Ok(cookie) = HeaderValue::from_str(&org.session_cookie("")) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// The client for which this organisation signed the token, whether expired or not.
fn client_of<'a>(org: &'a Org, hint: &str) -> Option<&'a Client> {
    let token: OktaIdToken = hint.parse().ok()?;
    let is_of = |client: &Client, issuer: IssuerUrl| {
        let verifier = IdTokenVerifier::<CoreJsonWebKey>::new_public_client(
            ClientId::new(client.client_id.clone()),
            issuer,
            JsonWebKeySet::new(org.keys.known()),
        )
        // Okta: an expired hint still works.
        .set_time_fn(|| UNIX_EPOCH.into());
        token.claims(&verifier, |_: Option<&Nonce>| Ok(())).is_ok()
    };
    org.config.clients.iter().find(|client| {
        let mut issuers = org
            .issuers()
            .filter_map(|issuer| IssuerUrl::new(issuer).ok());
        issuers.any(|issuer| is_of(client, issuer))
    })
}
