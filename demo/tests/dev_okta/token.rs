//! The token, UserInfo and revocation endpoints.

use reqwest::StatusCode;
use serde_json::json;

use crate::org::{CLIENT_ID, Org, SECRET};

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
