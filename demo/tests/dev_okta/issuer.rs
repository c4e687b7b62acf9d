//! What the organisation calls itself: by its own address, by its custom domain, and as the authorization server `default`.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use reqwest::{
    StatusCode,
    header::{COOKIE, HOST},
};
use serde_json::Value;

use crate::org::{Answer, CLIENT_ID, Org, SIGNED_OUT_URI, authorize_request, encoded};

/// The address that stands for the custom domain.
fn custom(org: &Org) -> String {
    org.okta.custom_domain().unwrap().to_owned()
}

/// Asks at an address of the organisation.
async fn get_at(org: &Org, address: &str, path: &str, cookie: &str) -> Answer {
    let host = address.strip_prefix("http://").unwrap();
    let request = org.request_get(path).header(HOST, host);
    org.send(request.header(COOKIE, cookie)).await
}

async fn choose(org: &Org, path: &str, mode: &str) {
    let answer = org.post(path, &[("issuer", mode)]).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

const APP: &str = "/admin/app/0oa1ledgerline/issuer";

#[tokio::test]
async fn metadata_is_that_of_the_address_or_of_the_application() {
    let org = Org::open().await;
    let (own, custom) = (org.issuer.clone(), custom(&org));
    let issuer = async |address: &str, query: &str| {
        let path = format!("/.well-known/openid-configuration{query}");
        let metadata = get_at(&org, address, &path, "").await.json();
        let issuer = metadata["issuer"].as_str().unwrap().to_owned();
        // Everything is where the issuer is.
        assert_eq!(
            metadata["token_endpoint"],
            format!("{issuer}/oauth2/v1/token")
        );
        issuer
    };
    let of_app = format!("?client_id={CLIENT_ID}");
    for (mode, at_own, at_custom) in [
        ("ORG_URL", &own, &own),
        ("CUSTOM_URL", &custom, &custom),
        ("DYNAMIC", &own, &custom),
    ] {
        choose(&org, APP, mode).await;
        assert_eq!(issuer(&own, &of_app).await, *at_own, "{mode}");
        assert_eq!(issuer(&custom, &of_app).await, *at_custom, "{mode}");
        assert_eq!(issuer(&own, "").await, own, "{mode}");
        assert_eq!(issuer(&custom, "").await, custom, "{mode}");
        // Another application's mode is its own.
        assert_eq!(issuer(&custom, "?client_id=0oa2other").await, own);
    }
    choose(&org, APP, "ELSEWHERE").await;
    assert_eq!(issuer(&own, &of_app).await, own, "still dynamic");
    // A name that is not the organisation's is not repeated.
    assert_eq!(issuer("http://evil.example", "").await, own);
}

/// The ID token that a request at `address` comes to, and the issuer that it names.
async fn id_token(org: &Org, address: &str, server: &str, cookie: &str) -> (String, String) {
    let query = encoded(&authorize_request(&[]));
    let granted = get_at(org, address, &format!("{server}/authorize?{query}"), cookie).await;
    let code = granted.returned("code").unwrap();
    let tokens = org.redeem_at(server, &code, &[]).await.json();
    let text = |value: &Value, name: &str| {
        let member = value.get(name).and_then(Value::as_str);
        member.unwrap().to_owned()
    };
    let token = text(&tokens, "id_token");
    let payload = token.split('.').nth(1).unwrap();
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    let issuer = text(&serde_json::from_slice(&payload).unwrap(), "iss");
    (token, issuer)
}

#[tokio::test]
async fn an_id_token_names_the_issuer_of_the_mode() {
    let org = Org::open().await;
    let (own, custom, ada) = (org.issuer.clone(), custom(&org), org.ada().await);
    for (mode, at_own, at_custom) in [
        ("ORG_URL", &own, &own),
        ("CUSTOM_URL", &custom, &custom),
        ("DYNAMIC", &own, &custom),
    ] {
        choose(&org, APP, mode).await;
        let (_, named) = id_token(&org, &own, "/oauth2/v1", &ada).await;
        assert_eq!(named, *at_own, "{mode}");
        let (hint, named) = id_token(&org, &custom, "/oauth2/v1", &ada).await;
        assert_eq!(named, *at_custom, "{mode}");
        // Whatever it names, it is good to sign out with.
        let target = format!("id_token_hint={hint}&post_logout_redirect_uri={SIGNED_OUT_URI}");
        let out = org.get(&format!("/oauth2/v1/logout?{target}")).await;
        assert_eq!(out.header("location"), SIGNED_OUT_URI, "{mode}");
    }
}

#[tokio::test]
async fn the_server_for_apis_denies_everybody_until_it_has_a_policy() {
    let org = Org::open().await;
    let (own, custom, ada) = (org.issuer.clone(), custom(&org), org.ada().await);
    let server = "/oauth2/default/v1";
    let query = encoded(&authorize_request(&[]));
    let asked = format!("{server}/authorize?{query}");
    let denied = get_at(&org, &own, &asked, &ada).await;
    assert_eq!(denied.returned("error").as_deref(), Some("access_denied"));
    let why = denied.returned("error_description").unwrap();
    assert!(why.starts_with("Policy evaluation failed"), "{why}");
    org.post("/admin/api", &[("policy", "everybody")]).await;
    for (mode, named) in [
        ("ORG_URL", &own),
        ("CUSTOM_URL", &custom),
        ("DYNAMIC", &own),
    ] {
        choose(&org, "/admin/api", mode).await;
        let issuer = format!("{named}/oauth2/default");
        for metadata in [
            "/oauth2/default/.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server/oauth2/default",
        ] {
            let metadata = org.get(metadata).await.json();
            assert_eq!(metadata["issuer"], issuer, "{mode}");
            assert_eq!(metadata["jwks_uri"], format!("{issuer}/v1/keys"), "{mode}");
            // Okta: clients are the organisation's.
            assert_eq!(
                metadata["registration_endpoint"],
                format!("{named}/oauth2/v1/clients")
            );
        }
        let (_, named) = id_token(&org, &own, server, &ada).await;
        assert_eq!(named, issuer, "{mode}");
    }
    // A code is one server's alone.
    for (from, to) in [("/oauth2/v1", server), (server, "/oauth2/v1")] {
        let granted = get_at(&org, &own, &format!("{from}/authorize?{query}"), &ada).await;
        let code = granted.returned("code").unwrap();
        let refused = org.redeem_at(to, &code, &[]).await;
        assert_eq!(refused.json()["error"], "invalid_grant", "{from} {to}");
    }
    org.post("/admin/api", &[("policy", "none")]).await;
    let denied = get_at(&org, &own, &asked, &ada).await;
    assert_eq!(denied.returned("error").as_deref(), Some("access_denied"));
}

#[tokio::test]
async fn an_unknown_server_is_not_found() {
    let org = Org::open().await;
    for path in [
        "/oauth2/aus9o8wzkh/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server/oauth2/aus9o8wzkh",
        "/oauth2/aus9o8wzkh/v1/keys",
        "/oauth2/aus9o8wzkh/v1/authorize",
    ] {
        let answer = org.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        let body = answer.json();
        assert_eq!(body["errorCode"], "E0000007", "{path}");
        let summary = "Not found: Resource not found: aus9o8wzkh (AuthorizationServer)";
        assert_eq!(body["errorSummary"], summary, "{path}");
    }
}
