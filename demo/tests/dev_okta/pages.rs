//! Sign-out, dashboard and admin console.

use okta_sso_demo::dev_okta::Switch;
use reqwest::{StatusCode, header::COOKIE};

use crate::org::{CLIENT_ID, Org, REDIRECT_URI, SECRET, SIGNED_OUT_URI};

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

/// Two at most; the last active one stays, and only an inactive one can be deleted.
#[tokio::test]
async fn a_client_secret_is_replaced_while_both_are_good() {
    let org = Org::open().await;
    let old = "another";
    let status = async |secret: &str| {
        let changes = [("client_id", "0oa2other"), ("client_secret", secret)];
        let code = org.code(&[("client_id", "0oa2other")]).await;
        org.redeem(&code, &changes).await.status
    };
    let secrets = async || {
        let page = org.get("/admin/app/0oa2other/sign-on").await.body;
        let values = page.split("class=\"secret\">").skip(1);
        let values = values.map(|rest| rest.split_once('<').unwrap().0.to_owned());
        let ids = page.split("name=\"secret\" value=\"").skip(1);
        let ids = ids.map(|rest| rest.split_once('"').unwrap().0.to_owned());
        ids.zip(values).collect::<Vec<_>>()
    };
    let change = async |action: &str, id: &str| {
        let form = [("action", action), ("secret", id)];
        let answer = org.post("/admin/app/0oa2other/secrets", &form).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER);
    };
    let before = secrets().await;
    assert_eq!(before.len(), 2, "{before:?}");
    change("generate", "").await;
    assert_eq!(secrets().await, before, "a third one");
    let (spare, _) = before.iter().find(|(_, value)| value != old).unwrap();
    let (kept, _) = before.iter().find(|(_, value)| value == old).unwrap();
    change("delete", spare).await;
    assert_eq!(secrets().await, before, "an active one");
    change("deactivate", spare).await;
    change("delete", spare).await;
    change("deactivate", kept).await;
    assert_eq!(status(old).await, StatusCode::OK, "the last one");
    change("generate", "").await;
    let now = secrets().await;
    let (_, new) = now.iter().find(|(_, value)| value != old).unwrap();
    assert_eq!(status(old).await, StatusCode::OK);
    assert_eq!(status(new).await, StatusCode::OK);
    change("deactivate", kept).await;
    assert_eq!(status(old).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(new).await, StatusCode::OK);
    change("activate", kept).await;
    assert_eq!(status(old).await, StatusCode::OK);
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
