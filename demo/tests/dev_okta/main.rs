//! The development Okta over TCP, as browser and product see it.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

mod authorize;
mod client_keys;
mod issuer;
mod org;
mod pages;
mod switches;
mod token;

use std::time::{Duration, UNIX_EPOCH};

use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse,
    core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims},
    http,
};
use serde_json::json;

use crate::org::{CLIENT_ID, NOW, Org, REDIRECT_URI, SECRET};

/// The HTTP client that `openidconnect` asks for.
async fn exchange(request: HttpRequest) -> Result<HttpResponse, reqwest::Error> {
    let response = reqwest::Client::new().execute(request.try_into()?).await?;
    let mut answer = http::Response::builder().status(response.status());
    *answer.headers_mut().unwrap() = response.headers().clone();
    Ok(answer.body(response.bytes().await?.to_vec()).unwrap())
}

#[tokio::test]
async fn openidconnect_signs_in_and_verifies_the_id_token() {
    let org = Org::open().await;
    let issuer = IssuerUrl::new(org.issuer.clone()).unwrap();
    let metadata = CoreProviderMetadata::discover_async(issuer, &exchange)
        .await
        .unwrap();
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(CLIENT_ID.to_owned()),
        Some(ClientSecret::new(SECRET.to_owned())),
    )
    .set_redirect_uri(RedirectUrl::new(REDIRECT_URI.to_owned()).unwrap());
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(["profile", "email"].map(|scope| Scope::new(scope.to_owned())))
        .set_pkce_challenge(challenge)
        .url();

    let start = org
        .get(url.as_str().strip_prefix(&org.issuer).unwrap())
        .await;
    let callback = org
        .sign_in(&start, "ada@acme.example", "correct horse")
        .await;
    assert_eq!(callback.returned("state").as_ref(), Some(state.secret()));

    let tokens = client
        .exchange_code(AuthorizationCode::new(callback.returned("code").unwrap()))
        .unwrap()
        .set_pkce_verifier(verifier)
        .request_async(&exchange)
        .await
        .unwrap();
    let id_token = tokens.id_token().unwrap();
    let verifier = client
        .id_token_verifier()
        .set_time_fn(|| (UNIX_EPOCH + Duration::from_secs(NOW + 3599)).into());
    let claims = id_token.claims(&verifier, &nonce).unwrap();
    assert_eq!(claims.email().unwrap().as_str(), "ada@acme.example");
    assert_eq!(claims.email_verified(), None, "Okta leaves it to UserInfo");
    assert!(claims.subject().starts_with("00u"));

    let user_info: CoreUserInfoClaims = client
        .user_info(
            tokens.access_token().clone(),
            Some(claims.subject().clone()),
        )
        .unwrap()
        .request_async(&exchange)
        .await
        .unwrap();
    assert_eq!(user_info.email_verified(), Some(true));
    assert_eq!(
        user_info.given_name().unwrap().get(None).unwrap().as_str(),
        "Ada"
    );

    let late = client
        .id_token_verifier()
        .set_time_fn(|| (UNIX_EPOCH + Duration::from_secs(NOW + 3600)).into());
    assert!(id_token.claims(&late, &nonce).is_err());
}

#[tokio::test]
async fn metadata_is_that_of_an_organisation_server() {
    let org = Org::open().await;
    let answer = org
        .get("/.well-known/openid-configuration?client_id=0oa1ledgerline")
        .await;
    assert_eq!(
        answer.header("cache-control"),
        "max-age=86400, must-revalidate"
    );
    assert_eq!(
        answer.header("x-rate-limit-limit"),
        "",
        "Okta does not limit metadata"
    );
    let metadata = answer.json();
    assert_eq!(metadata["issuer"], org.issuer);
    for (member, path) in [
        ("authorization_endpoint", "authorize"),
        ("token_endpoint", "token"),
        ("userinfo_endpoint", "userinfo"),
        ("registration_endpoint", "clients"),
        ("jwks_uri", "keys"),
        ("introspection_endpoint", "introspect"),
        ("revocation_endpoint", "revoke"),
        ("end_session_endpoint", "logout"),
        ("device_authorization_endpoint", "device/authorize"),
        ("pushed_authorization_request_endpoint", "par"),
    ] {
        assert_eq!(
            metadata[member],
            format!("{}/oauth2/v1/{path}", org.issuer),
            "{member}"
        );
    }
    assert_eq!(
        metadata["response_types_supported"],
        json!([
            "code",
            "id_token",
            "code id_token",
            "code token",
            "id_token token",
            "code id_token token"
        ])
    );
    assert_eq!(
        metadata["response_modes_supported"],
        json!(["query", "fragment", "form_post", "okta_post_message"])
    );
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!([
            "client_secret_basic",
            "client_secret_post",
            "client_secret_jwt",
            "private_key_jwt",
            "none"
        ])
    );
    assert_eq!(
        metadata["id_token_signing_alg_values_supported"],
        json!(["RS256"])
    );
    assert_eq!(
        metadata["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(metadata["claims_supported"].as_array().unwrap().len(), 31);
    assert_eq!(
        metadata.as_object().unwrap().len(),
        26,
        "and nothing beyond"
    );
}
