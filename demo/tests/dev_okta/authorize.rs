//! The authorization endpoint, pushed requests and the sign-in page.

use reqwest::StatusCode;

use crate::org::{CLIENT_ID, Org, REDIRECT_URI, SECRET, authorize_request, cookie};

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
            .contains("form-action 'self' http://localhost:8080")
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
    assert!(org.okta.assign(CLIENT_ID, eve, true));
    let granted = org.authorize(&[], &cookie(&denied)).await;
    assert!(granted.returned("code").is_some());
    let page = org.get("/admin/app/0oa1ledgerline/assignments").await;
    assert!(!page.body.contains("<b>"), "names are escaped");
}

/// Ada has two applications, by *Allow everyone*, and not the one whose assignment was skipped.
#[tokio::test]
async fn each_application_is_assigned_by_itself() {
    let org = Org::open().await;
    let ada = org.ada().await;
    let lets_in = async |client_id: &str| {
        let answer = org.authorize(&[("client_id", client_id)], &ada).await;
        let tile = format!("/home/oidc_client/{client_id}");
        let page = async |path: &str| {
            let request = org.request_get(path).header("cookie", ada.as_str());
            org.send(request).await.body
        };
        let granted = answer.returned("code").is_some();
        assert_eq!(page("/app/UserHome").await.contains(&tile), granted);
        assert_eq!(page(&tile).await.contains("initiate_login_uri"), granted);
        granted
    };
    assert!(lets_in(CLIENT_ID).await);
    assert!(lets_in("0oa2other").await);
    assert!(!lets_in("0oa3new").await);
    for (client_id, assigned) in [(CLIENT_ID, "no"), ("0oa3new", "yes")] {
        let form = [("login", "ada@acme.example"), ("assigned", assigned)];
        let path = format!("/admin/app/{client_id}/assignments");
        assert_eq!(org.post(&path, &form).await.header("location"), path);
    }
    assert!(!lets_in(CLIENT_ID).await);
    assert!(lets_in("0oa2other").await);
    assert!(lets_in("0oa3new").await);
    assert!(!org.okta.assign("0oa4unknown", "ada@acme.example", true));
    assert!(!org.okta.assign(CLIENT_ID, "nobody", true));
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
