//! The development Okta over TCP, as browser and product see it.

#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

mod org;

use std::time::{Duration, UNIX_EPOCH};

use okta_sso_demo::dev_okta::{Endpoint, Switch};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, RedirectUrl, Scope, TokenResponse,
    core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims},
    http,
};
use reqwest::{StatusCode, header::COOKIE};
use serde_json::json;

use crate::org::{
    CLIENT_ID, NOW, Org, REDIRECT_URI, SECRET, SIGNED_OUT_URI, authorize_request, cookie,
};

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

#[tokio::test]
async fn an_unacceptable_client_or_redirect_uri_is_answered_here() {
    let org = Org::open().await;
    for (change, words) in [
        (
            ("client_id", "0oaunknown"),
            "Invalid value for &#39;client_id&#39; parameter.",
        ),
        (
            ("client_id", ""),
            "Invalid value for &#39;client_id&#39; parameter.",
        ),
        (
            ("redirect_uri", "http://localhost:8080/sso/okta/callback/"),
            "illegal_redirect_uri",
        ),
        (
            ("redirect_uri", "http://LOCALHOST:8080/sso/okta/callback"),
            "illegal_redirect_uri",
        ),
    ] {
        let answer = org.authorize(&[change], "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{change:?}");
        assert!(answer.body.contains(words), "{change:?}: {}", answer.body);
    }
}

#[tokio::test]
async fn other_faults_of_a_request_are_told_to_the_client() {
    let org = Org::open().await;
    for (change, error) in [
        (("state", ""), "invalid_request"),
        (("state", "a+b/c="), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("response_mode", "form_post"), "unsupported_response_mode"),
        (("scope", "profile"), "invalid_scope"),
        (("scope", "openid groups"), "invalid_scope"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("prompt", "dance"), "invalid_request"),
        (("prompt", "none"), "login_required"),
        (("max_age", "-1"), "invalid_request"),
    ] {
        let answer = org.authorize(&[change], "").await;
        assert_eq!(answer.status, StatusCode::FOUND, "{change:?}");
        assert!(
            answer.header("location").starts_with(REDIRECT_URI),
            "{change:?}"
        );
        assert_eq!(
            answer.returned("error").as_deref(),
            Some(error),
            "{change:?}"
        );
        let state = (change.0 != "state").then(|| "a.state_of-mine".to_owned());
        assert_eq!(answer.returned("state"), state, "{change:?}");
    }
    let good = org.authorize(&[], "").await;
    assert!(good.header("location").starts_with("/signin?token="));
}

#[tokio::test]
async fn a_session_is_used_until_the_request_wants_a_fresh_one() {
    let org = Org::open().await;
    let ada = org.ada().await;
    assert!(
        org.authorize(&[("prompt", "none")], &ada)
            .await
            .returned("code")
            .is_some()
    );
    org.pass(60);
    assert!(
        org.authorize(&[("max_age", "60")], &ada)
            .await
            .returned("code")
            .is_some()
    );
    assert!(
        org.authorize(&[("max_age", "59")], &ada)
            .await
            .returned("token")
            .is_some()
    );
    assert!(
        org.authorize(&[("prompt", "login")], &ada)
            .await
            .returned("token")
            .is_some()
    );
}

#[tokio::test]
async fn a_wrong_password_stays_at_the_page() {
    let org = Org::open().await;
    let start = org
        .authorize(&[("login_hint", "ada@acme.example")], "")
        .await;
    let page = org.get(start.header("location")).await;
    assert!(page.body.contains("value=\"ada@acme.example\""));
    assert!(
        page.header("content-security-policy")
            .contains("'self' http://localhost:8080;")
    );
    for (login, password) in [("ada@acme.example", "wrong"), ("nobody", "correct horse")] {
        let start = org.authorize(&[], "").await;
        let answer = org.sign_in(&start, login, password).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        assert!(answer.body.contains("Unable to sign in"));
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn an_unassigned_person_is_denied_until_assigned() {
    let org = Org::open().await;
    let eve = "<b>eve</b>@acme.example";
    let denied = org
        .sign_in(&org.authorize(&[], "").await, eve, "correct horse")
        .await;
    assert_eq!(denied.returned("error").as_deref(), Some("access_denied"));
    assert_eq!(
        denied.returned("error_description").as_deref(),
        Some("User is not assigned to the client application.")
    );
    assert!(org.okta.assign(eve, true));
    let granted = org.authorize(&[], &cookie(&denied)).await;
    assert!(granted.returned("code").is_some());
    let page = org.get("/admin/app/0oa1ledgerline/assignments").await;
    assert!(!page.body.contains("<b>"), "names are escaped");
}

#[tokio::test]
async fn a_code_is_good_once_and_for_five_minutes() {
    let org = Org::open().await;
    let code = org.code(&[]).await;
    org.pass(299);
    assert_eq!(org.redeem(&code, &[]).await.status, StatusCode::OK);
    let again = org.redeem(&code, &[]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST);
    assert_eq!(
        again.json(),
        json!({
            "error": "invalid_grant",
            "error_description": "The authorization code is invalid or has expired.",
        })
    );
    let late = org.code(&[]).await;
    org.pass(300);
    assert_eq!(
        org.redeem(&late, &[]).await.json()["error"],
        "invalid_grant"
    );
}

#[tokio::test]
async fn each_fault_of_a_token_request_has_oktas_words() {
    let org = Org::open().await;
    let description = |status: u16, error: &str, description: &str| {
        (
            StatusCode::from_u16(status).unwrap(),
            json!({ "error": error, "error_description": description }),
        )
    };
    for (changes, (status, body)) in [
        (
            &[("code_verifier", "another")][..],
            description(400, "invalid_grant", "PKCE verification failed."),
        ),
        (
            &[("code_verifier", "")],
            description(
                400,
                "invalid_request",
                "PKCE code verifier is required by the application.",
            ),
        ),
        (
            &[("redirect_uri", "http://localhost:8080/")],
            description(
                400,
                "invalid_grant",
                "The 'redirect_uri' does not match the redirection URI used in the authorization \
                 request.",
            ),
        ),
        (
            &[("client_id", "0oa2other"), ("client_secret", "another")],
            description(
                400,
                "invalid_grant",
                "The grant was issued to another client. Please make sure the 'client_id' matches \
                 the one used at the authorize request.",
            ),
        ),
        (
            &[("client_secret", "wrong")],
            description(
                401,
                "invalid_client",
                "The client secret supplied for a confidential client is invalid.",
            ),
        ),
        (
            &[("client_secret", "")],
            description(
                401,
                "invalid_client",
                "Client authentication failed. Either the client or the client credentials are \
                 invalid.",
            ),
        ),
        (
            &[("client_id", ""), ("client_secret", "")],
            description(401, "invalid_client", "No client credentials found."),
        ),
        (
            &[("grant_type", "password")],
            description(
                400,
                "unsupported_grant_type",
                "The authorization grant type is not supported by the authorization server.",
            ),
        ),
    ] {
        let answer = org.redeem(&org.code(&[]).await, changes).await;
        assert_eq!(
            (answer.status, answer.json()),
            (status, body),
            "{changes:?}"
        );
        assert_eq!(
            answer.header("cache-control"),
            "no-cache, no-store",
            "{changes:?}"
        );
        assert_eq!(answer.header("x-rate-limit-limit"), "2000", "{changes:?}");
    }
    let older = [("client_secret", "an older secret")];
    assert_eq!(
        org.redeem(&org.code(&[]).await, &older).await.status,
        StatusCode::OK
    );
}

#[tokio::test]
async fn an_unknown_client_is_refused_in_the_envelope() {
    let org = Org::open().await;
    let answer = org.redeem("a code", &[("client_id", "0oaunknown")]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    let body = answer.json();
    assert_eq!(body["errorCode"], "invalid_client");
    assert_eq!(
        body["errorSummary"],
        "Invalid value for 'client_id' parameter."
    );
    assert!(body["errorId"].as_str().unwrap().starts_with("oae"));
    assert!(body.get("error").is_none());
}

#[tokio::test]
async fn credentials_come_by_one_method() {
    let org = Org::open().await;
    let form = |form| org.request_post("/oauth2/v1/revoke", form);
    let encoded = SECRET
        .replace('%', "%25")
        .replace('+', "%2B")
        .replace(' ', "+");
    let encoded = encoded.replace(':', "%3A");
    let basic = form(&[("token", "any")]).basic_auth(CLIENT_ID, Some(&encoded));
    assert_eq!(org.send(basic).await.status, StatusCode::OK);
    let both = form(&[
        ("token", "any"),
        ("client_id", CLIENT_ID),
        ("client_secret", SECRET),
    ])
    .basic_auth(CLIENT_ID, Some(&encoded));
    let answer = org.send(both).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert_eq!(answer.json()["error"], "invalid_request");
    assert!(
        answer.json()["error_description"]
            .as_str()
            .unwrap()
            .starts_with("Cannot supply multiple client credentials.")
    );
}

#[tokio::test]
async fn userinfo_refuses_in_the_header_only() {
    let org = Org::open().await;
    let unknown = org.userinfo("unknown").await;
    assert_eq!(
        (unknown.status, unknown.body.as_str()),
        (StatusCode::UNAUTHORIZED, "")
    );
    assert_eq!(
        unknown.header("www-authenticate"),
        "Bearer error=\"invalid_token\", error_description=\"The access token is invalid\""
    );
    let tokens = org
        .redeem(&org.code(&[("scope", "openid")]).await, &[])
        .await
        .json();
    let narrow = org.userinfo(tokens["access_token"].as_str().unwrap()).await;
    assert_eq!(
        (narrow.status, narrow.body.as_str()),
        (StatusCode::FORBIDDEN, "")
    );
    assert!(
        narrow
            .header("www-authenticate")
            .contains("error=\"insufficient_scope\"")
    );
}

#[tokio::test]
async fn a_pushed_request_is_good_for_its_own_client() {
    let org = Org::open().await;
    let mut form = authorize_request(&[]);
    form.push(("client_secret", SECRET));
    let pushed = org.post("/oauth2/v1/par", &form).await;
    assert_eq!(pushed.status, StatusCode::CREATED);
    let uri = pushed.json()["request_uri"].as_str().unwrap().to_owned();
    let query = |client: &str| format!("/oauth2/v1/authorize?client_id={client}&request_uri={uri}");
    assert!(org.get(&query(CLIENT_ID)).await.returned("token").is_some());
    assert_eq!(
        org.get(&query("0oa2other")).await.status,
        StatusCode::BAD_REQUEST
    );
    org.pass(300);
    assert_eq!(
        org.get(&query(CLIENT_ID)).await.status,
        StatusCode::BAD_REQUEST
    );
}

#[tokio::test]
async fn rotation_publishes_a_new_key_and_retires_the_oldest() {
    let org = Org::open().await;
    let kids = async || {
        let set = org.get("/oauth2/v1/keys").await.json();
        let keys = set["keys"].as_array().unwrap().clone();
        assert!(
            keys.iter()
                .all(|key| key["alg"] == "RS256" && key["use"] == "sig")
        );
        keys.iter()
            .map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let before = kids().await;
    let hint = org.redeem(&org.code(&[]).await, &[]).await.json()["id_token"].clone();
    org.okta.rotate_keys().unwrap();
    let after = kids().await;
    assert_eq!((before.len(), after.len()), (2, 2));
    assert_eq!(after[0], before[1]);
    assert!(!before.contains(&after[1]));
    org.okta.rotate_keys().unwrap();
    let hint = format!("/oauth2/v1/logout?id_token_hint={}", hint.as_str().unwrap());
    assert_eq!(
        org.get(&hint).await.status,
        StatusCode::OK,
        "of a retired key"
    );
    assert_eq!(org.okta.requests().of(Endpoint::Keys), 2);
}

#[tokio::test]
async fn logout_ends_the_session_and_returns_to_a_registered_uri() {
    let org = Org::open().await;
    let ada = org.ada().await;
    let code = org.authorize(&[], &ada).await.returned("code").unwrap();
    let tokens = org.redeem(&code, &[]).await.json();
    let hint = tokens["id_token"].as_str().unwrap();
    let logout = async |hint: &str, uri: &str| {
        let path = format!(
            "/oauth2/v1/logout?id_token_hint={hint}&post_logout_redirect_uri={uri}&state=s"
        );
        org.send(org.request_get(&path).header(COOKIE, ada.as_str()))
            .await
    };
    assert_eq!(
        logout("nonsense", SIGNED_OUT_URI).await.status,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        logout(hint, "http://localhost:8080/").await.status,
        StatusCode::BAD_REQUEST
    );
    assert!(
        org.authorize(&[], &ada).await.returned("code").is_some(),
        "still signed in"
    );
    org.pass(3600);
    let done = logout(hint, SIGNED_OUT_URI).await;
    assert_eq!(done.header("location"), format!("{SIGNED_OUT_URI}?state=s"));
    assert!(org.authorize(&[], &ada).await.returned("code").is_none());
}

#[tokio::test]
async fn the_tile_answers_403() {
    let org = Org::open().await;
    let ada = org.ada().await;
    let tile = "/home/oidc_client/0oa1ledgerline";
    let home = org
        .send(
            org.request_get("/app/UserHome")
                .header(COOKIE, ada.as_str()),
        )
        .await;
    assert!(home.body.contains(tile));
    let launch = org
        .send(org.request_get(tile).header(COOKIE, ada.as_str()))
        .await;
    assert_eq!(launch.status, StatusCode::FORBIDDEN);
    assert!(launch.body.contains(
        "403 User performed OIDC single sign-on to app - failure: missing_initiate_login_uri"
    ));
}

#[tokio::test]
async fn the_console_shows_what_the_guide_tells_to_copy() {
    let org = Org::open().await;
    let page = org.get("/admin/app/0oa1ledgerline/sign-on").await.body;
    assert!(page.contains(CLIENT_ID) && page.contains(SECRET));
    assert!(page.contains(">OpenID Provider Metadata</a>"));
    let general = org.get("/admin/app/0oa1ledgerline").await.body;
    assert!(general.contains(REDIRECT_URI));
}

#[tokio::test]
async fn the_console_obeys_its_own_pages_only() {
    let org = Org::open().await;
    let save = |site: &str| {
        org.request_post("/admin/switches", &[("on", "thin-tokens")])
            .header("sec-fetch-site", site)
    };
    assert_eq!(
        org.send(save("cross-site")).await.status,
        StatusCode::FORBIDDEN
    );
    assert!(!org.okta.switches().is_on(Switch::ThinTokens));
    assert_eq!(
        org.send(save("same-origin")).await.status,
        StatusCode::SEE_OTHER
    );
    assert!(org.okta.switches().is_on(Switch::ThinTokens));
}

#[tokio::test]
async fn switches_change_the_answers() {
    let org = Org::open().await;
    let claims = async |switch: Option<Switch>| {
        org.okta.switches().turn_all_off();
        if let Some(switch) = switch {
            org.okta.switches().turn_on(switch);
        }
        let tokens = org.redeem(&org.code(&[]).await, &[]).await.json();
        let token = tokens["id_token"].as_str().unwrap_or_default().to_owned();
        let payload = token.split('.').nth(1).unwrap_or_default();
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
        serde_json::from_slice::<serde_json::Value>(&bytes).unwrap_or_default()
    };
    let good = claims(None).await;
    assert_eq!(good["aud"], CLIENT_ID);
    assert_eq!(
        (&good["ver"], &good["exp"]),
        (&json!(1), &json!(NOW + 3600))
    );
    assert_eq!(good["nonce"], "a nonce");
    assert!(
        claims(Some(Switch::ThinTokens))
            .await
            .get("email")
            .is_none()
    );
    assert_ne!(claims(Some(Switch::WrongNonce)).await["nonce"], "a nonce");
    assert_ne!(claims(Some(Switch::WrongAudience)).await["aud"], CLIENT_ID);
    assert_ne!(claims(Some(Switch::WrongIssuer)).await["iss"], org.issuer);
    assert_eq!(claims(Some(Switch::ExpiredToken)).await["exp"], NOW - 3600);
    assert_eq!(
        claims(Some(Switch::EmailUnverified)).await["email_verified"],
        false
    );
    assert_eq!(
        claims(Some(Switch::OtherDomain)).await["email"],
        "ada@elsewhere.example"
    );

    for (switch, status) in [
        (Switch::TokenInvalidClient, 401),
        (Switch::TokenInvalidGrant, 400),
        (Switch::TokenServerError, 500),
        (Switch::TokenRateLimited, 429),
    ] {
        org.okta.switches().turn_all_off();
        org.okta.switches().turn_on(switch);
        assert_eq!(
            org.redeem("any", &[]).await.status.as_u16(),
            status,
            "{switch:?}"
        );
    }
    let limited = org.redeem("any", &[]).await;
    assert_eq!(limited.header("x-rate-limit-remaining"), "0");
    assert_eq!(limited.header("x-rate-limit-reset"), (NOW + 30).to_string());
}
