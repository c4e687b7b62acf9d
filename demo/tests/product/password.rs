//! Signing in with a password, the way to Okta from there, and what guessing finds out.

use reqwest::header::{ORIGIN, SET_COOKIE};

use crate::browser::Page;
use crate::stage::{PASSWORD, Stage};

const GINA: &str = "gina@globex.example";

#[tokio::test]
async fn a_password_opens_a_session_where_okta_is_not_used() {
    let stage = Stage::open().await;
    let gina = stage.browser();
    stage
        .password(&gina, GINA, PASSWORD)
        .await
        .says(200, "Hello, Gina");
    let me = stage.me(&gina).await;
    assert_eq!(
        (&me["tenant"], &me["method"]),
        (&"globex".into(), &"password".into())
    );
}

#[tokio::test]
async fn a_page_that_was_asked_for_comes_after_signing_in() {
    let stage = Stage::open().await;
    let gina = stage.browser();
    let page = gina.visit(&stage.at("/?month=may")).await;
    page.says(200, "Sign in");
    let fields = [("email", GINA), ("password", PASSWORD)];
    let page = gina.submit(&page, "/login", &fields).await;
    assert_eq!(page.location(), stage.at("/?month=may"));
    // And by Okta.
    let anna = stage.browser();
    let page = anna
        .visit(&stage.at("/login?tenant=acme&return_to=/?month=june"))
        .await;
    let page = anna.visit(&page.link("Okta")).await;
    let callback = stage.identify(&anna, &page, "anna@acme.example").await;
    assert_eq!(anna.visit(&callback).await.url, stage.at("/?month=june"));
}

#[tokio::test]
async fn the_page_is_never_left_for_another_site_or_a_loop() {
    let stage = Stage::open().await;
    for target in [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "javascript:alert(1)",
        "/logout",
        "/sso/okta/start?tenant=acme",
        "/login",
        "/signed-out",
    ] {
        let gina = stage.browser();
        let mut login = stage.at("/login");
        login.query_pairs_mut().append_pair("return_to", target);
        let page = gina.visit(&login).await;
        let mut fields = page.hidden("/login");
        // Neither by the address nor by a changed form.
        let return_to = fields
            .iter_mut()
            .find(|(name, _)| name == "return_to")
            .unwrap();
        assert_eq!(return_to.1, "/", "{target}");
        return_to.1 = target.to_owned();
        for (name, value) in [("email", GINA), ("password", PASSWORD)] {
            fields.push((name.to_owned(), value.to_owned()));
        }
        let url = stage.at("/login");
        let page = gina.send(&url, gina.request_post(&url, &fields)).await;
        assert_eq!(page.status, 303, "{target}: {}", page.text());
        assert_eq!(page.header("location"), "/", "{target}");
    }
}

#[tokio::test]
async fn a_company_with_okta_takes_no_passwords() {
    let stage = Stage::open().await;
    let anna = stage.browser();
    let page = stage.password(&anna, "anna@acme.example", PASSWORD).await;
    page.says(
        403,
        "Your company signs in with Okta. Sign in with Okta instead.",
    );
    stage.is_signed_out(&anna);
    // The button is right there, and knows who asked.
    let okta = page.link("Okta");
    assert_eq!(okta.path(), "/sso/okta/start");
    let page = anna.visit(&okta).await;
    assert!(
        page.body.contains("anna@acme.example"),
        "Okta's page has the name filled in"
    );
    let callback = stage.identify(&anna, &page, "anna@acme.example").await;
    anna.visit(&callback).await.says(200, "Hello, Anna");
}

/// T41: what is told depends on the domain, never on the person.
#[tokio::test]
async fn guessing_does_not_find_out_who_exists() {
    let stage = Stage::open().await;
    let told = async |email: &str, password: &str| {
        let browser = stage.browser();
        let page = stage.password(&browser, email, password).await;
        stage.is_signed_out(&browser);
        (page.status, generic(&page, email))
    };
    let (anna, bo, nobody) = (
        told("anna@acme.example", PASSWORD).await,
        told("bo@acme.example", "wrong").await,
        told("nobody@acme.example", "wrong").await,
    );
    assert_eq!(anna, nobody);
    assert_eq!(bo, nobody);
    let (gina, nobody) = (
        told(GINA, "wrong").await,
        told("nobody@globex.example", "wrong").await,
    );
    assert_eq!(gina, nobody);
    assert!(gina.1.contains("E-mail or password is not right"));
    // Somebody on a domain of nobody, at a company with Okta: told after the right password, not before.
    let guest = "guest@elsewhere.example";
    let nobody = "other@elsewhere.example";
    assert_eq!(told(guest, "wrong").await, told(nobody, "wrong").await);
    let told = told(guest, PASSWORD).await.1;
    assert!(told.contains("Your company signs in with Okta"), "{told}");
}

fn generic(page: &Page, email: &str) -> String {
    assert!(!page.body.contains("/logout"), "nobody is signed in");
    page.text().replace(email, "EMAIL")
}

#[tokio::test]
async fn a_work_email_finds_the_company() {
    let stage = Stage::open().await;
    let bo = stage.browser();
    // Two companies use Okta, and this browser has been to neither.
    let page = bo.visit(&stage.at("/login")).await;
    let page = bo.visit(&page.link("Okta")).await;
    page.says(
        200,
        "Your work e-mail tells us which company’s Okta to ask.",
    );
    for (email, problem) in [
        (
            "bo@nowhere.example",
            "No company signs in with Okta under this e-mail’s domain.",
        ),
        (
            "gina@globex.example",
            "No company signs in with Okta under this e-mail’s domain.",
        ),
        (
            "bo@sub.acme.example",
            "No company signs in with Okta under this e-mail’s domain.",
        ),
        ("bo", "Enter your work e-mail, such as anna@company.com."),
        ("", "Enter your work e-mail, such as anna@company.com."),
    ] {
        let refused = bo.submit(&page, "/login/okta", &[("email", email)]).await;
        refused.says(422, problem);
    }
    let found = bo
        .submit(&page, "/login/okta", &[("email", " bo@ACME.example ")])
        .await;
    let found = bo.follow(found).await;
    found.says(200, "Sign in to Acme");
    let page = bo.visit(&found.link("Okta")).await;
    let callback = stage.identify(&bo, &page, "bo@acme.example").await;
    bo.visit(&callback).await.says(200, "Hello, Bo");

    // From now on this browser's button is Acme's, and a stranger's is nobody's.
    let page = bo.get(&stage.at("/login")).await;
    assert_eq!(page.link("Okta").path(), "/sso/okta/start");
    let page = stage.browser().get(&stage.at("/login")).await;
    assert_eq!(page.link("Okta").path(), "/login/okta");
}

#[tokio::test]
async fn the_only_company_with_okta_has_the_button() {
    let stage = Stage::open().await;
    stage
        .change("UPDATE connections SET enabled = 0 WHERE tenant = 'beta'")
        .await;
    let page = stage.browser().get(&stage.at("/login")).await;
    assert_eq!(page.link("Okta").query(), Some("tenant=acme"));
}

#[tokio::test]
async fn a_suspended_company_has_a_recovery_code_alone() {
    let stage = Stage::open().await;
    stage
        .change("UPDATE domains SET status = 'suspended' WHERE tenant = 'acme'")
        .await;
    let anna = stage.browser();
    let page = stage.password(&anna, "anna@acme.example", PASSWORD).await;
    page.says(403, "Your company’s single sign-on is being set up anew");
    assert_eq!(page.link("Use a recovery code"), stage.at("/recover"));
    anna.visit(&stage.at("/sso/okta/start?tenant=acme"))
        .await
        .says(404, "This company does not sign in with Okta here");
    stage.is_signed_out(&anna);
}

/// T25: a cookie that was planted is not adopted, and the session before ends.
#[tokio::test]
async fn a_session_is_never_the_one_that_was_there_before() {
    let stage = Stage::open().await;
    let gina = stage.browser();
    gina.plant(&stage.public_url, "__Host-session", &"A".repeat(43));
    stage
        .password(&gina, GINA, PASSWORD)
        .await
        .says(200, "Hello, Gina");
    let first = gina.cookie(&stage.public_url, "__Host-session").unwrap();
    assert_ne!(first, "A".repeat(43));
    stage
        .password(&gina, GINA, PASSWORD)
        .await
        .says(200, "Hello, Gina");
    let second = gina.cookie(&stage.public_url, "__Host-session").unwrap();
    assert_ne!(first, second);
    let thief = stage.browser();
    thief.plant(&stage.public_url, "__Host-session", &first);
    assert_eq!(thief.get(&stage.at("/me")).await.status, 401);
}

#[tokio::test]
async fn a_form_is_taken_from_our_own_pages_alone() {
    let stage = Stage::open().await;
    let gina = stage.browser();
    let url = stage.at("/login");
    let page = gina.get(&url).await;
    let mut fields = page.hidden("/login");
    for (name, value) in [("email", GINA), ("password", PASSWORD)] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        (ORIGIN.as_str(), "https://evil.example"),
        (ORIGIN.as_str(), "null"),
    ] {
        let request = gina.request_post(&url, &fields).header(name, value);
        let refused = gina.send(&url, request).await;
        refused.says(403, "This form came from another site");
    }
    // Without the proof, with another browser's, and with two.
    let stranger = stage.browser();
    let other = stranger.get(&url).await.hidden("/login").remove(0);
    assert_eq!(other.0, "proof");
    let mut forged = fields.clone();
    forged[0] = other.clone();
    let mut twice = fields.clone();
    twice.push(other);
    for fields in [&fields[1..], &forged[..], &twice[..]] {
        let refused = gina.send(&url, gina.request_post(&url, fields)).await;
        refused.says(403, "This form has expired");
        assert!(!refused.headers.contains_key(SET_COOKIE));
    }
    let mut double = fields.clone();
    double.push(("email".to_owned(), "other@globex.example".to_owned()));
    let refused = gina.send(&url, gina.request_post(&url, &double)).await;
    refused.says(400, "This form could not be read");
    let taken = gina.send(&url, gina.request_post(&url, &fields)).await;
    assert_eq!(taken.status, 303);
}

/// Somebody whose address is on the domain of another company than the one they have their account at.
#[tokio::test]
async fn a_password_counts_at_the_company_that_it_is_of() {
    let stage = Stage::open().await;
    stage
        .change("UPDATE users SET email = 'hal@acme.example' WHERE email = 'hal@globex.example'")
        .await;
    let hal = stage.browser();
    stage
        .password(&hal, "hal@acme.example", PASSWORD)
        .await
        .says(200, "Hello, Hal");
    assert_eq!(stage.me(&hal).await["tenant"], "globex");
    // Whoever does not know the password learns as little as before.
    let told = async |email: &str| {
        let page = stage.password(&stage.browser(), email, "wrong").await;
        page.says(403, "Your company signs in with Okta.");
        generic(&page, email)
    };
    assert_eq!(
        told("hal@acme.example").await,
        told("nobody@acme.example").await
    );
}

/// Accounts with one e-mail at three companies: the password finds its own, wherever that comes in the list.
#[tokio::test]
async fn an_account_at_a_third_company_is_found() {
    let stage = Stage::open().await;
    for statement in [
        "INSERT INTO users (id, tenant, email, name, password) VALUES
            ('1', 'acme', 'tess@tour.example', 'Tess', 'x'), ('2', 'beta', 'tess@tour.example', 'Tess', 'x')",
        "INSERT INTO users (id, tenant, email, name, password)
            SELECT '3', 'globex', 'tess@tour.example', 'Tess', password FROM users WHERE email = 'gina@globex.example'",
    ] {
        stage.change(statement).await;
    }
    let tess = stage.browser();
    stage
        .password(&tess, "tess@tour.example", PASSWORD)
        .await
        .says(200, "Hello, Tess");
    assert_eq!(stage.me(&tess).await["tenant"], "globex");
    // The same password at two that take it: which one is asked.
    stage
        .change("INSERT INTO tenants (id, name) VALUES ('initech', 'Initech')")
        .await;
    stage
        .change(
            "UPDATE users SET tenant = 'initech', password = (SELECT password FROM users WHERE id = '3') WHERE id = '1'",
        )
        .await;
    let tess = stage.browser();
    let page = stage.password(&tess, "tess@tour.example", PASSWORD).await;
    page.says(409, "Which company?").says(409, "Globex Initech");
    let page = tess.visit(&page.link("Initech")).await;
    assert_eq!(page.value("email"), "tess@tour.example");
    let form = [("email", "tess@tour.example"), ("password", PASSWORD)];
    let answer = tess.submit(&page, "/login", &form).await;
    assert_eq!(answer.location(), stage.at("/"));
    assert_eq!(stage.me(&tess).await["tenant"], "initech");
}

#[tokio::test]
async fn an_address_that_names_something_twice_is_answered() {
    let stage = Stage::open().await;
    for path in [
        "/login?tenant=beta&tenant=acme",
        "/login?email=a&email=b&tenant=acme",
        "/login?return_to=/a&return_to=/b&tenant=acme&more",
    ] {
        let page = stage.browser().get(&stage.at(path)).await;
        page.says(200, "Sign in to Acme");
    }
    let page = stage
        .browser()
        .get(&stage.at("/login/okta?email=a&email=b%ff"))
        .await;
    page.says(200, "Your work e-mail");
}
