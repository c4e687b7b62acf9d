//! No secret, code, token or cookie is in the log at any level. Each canary is proved to have been used.

use base64::{Engine, prelude::BASE64_STANDARD as STANDARD};
use okta_sso_host::ClientKey;
use tracing_subscriber::filter::LevelFilter;

use crate::guide::OPERATOR_PASSWORD;
use crate::log::Captured;
use crate::settings::client_key;
use crate::stage::{
    CLIENT_SECRET, CLIENT_SECRET_OF_GLOBEX, OKTA_PASSWORD, PASSWORD, SEALING_KEY, Stage,
};

/// How bytes could be written: base64, hexadecimal, and as a list.
fn spellings(bytes: &[u8]) -> [String; 3] {
    // Whole groups of three are spelled alike, whatever follows.
    let (bytes, _) = bytes.split_at(bytes.len() / 3 * 3);
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{bytes:?}");
    [
        STANDARD.encode(bytes),
        hex,
        list.trim_matches(['[', ']']).to_owned(),
    ]
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let captured = Captured::default();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(captured.clone())
        .init();
    let stage = Stage::open().await;
    let mut canaries = vec![
        CLIENT_SECRET.to_owned(),
        OKTA_PASSWORD.to_owned(),
        PASSWORD.to_owned(),
        // How every ID token begins.
        "eyJ".to_owned(),
    ];

    // The client secret, Okta's password, the code, the tokens and each cookie are good ones: she is signed in.
    let anna = stage.browser();
    let callback = stage.callback(&anna, "anna@acme.example").await;
    canaries.extend(
        callback
            .query_pairs()
            .filter(|(name, _)| name == "code" || name == "state")
            .map(|(_, value)| value.into_owned()),
    );
    canaries.extend(anna.cookies());
    let home = anna.visit(&callback).await;
    home.says(200, "Hello, Anna");
    canaries.extend(anna.cookies());
    // The logout hint and the farewell's cookie are good: Okta's session ends.
    let page = anna.submit(&home, "/logout", &[]).await;
    canaries.extend(anna.cookies());
    let link = page.link("Sign out of Okta too");
    anna.visit(&link)
        .await
        .says(200, "You are signed out of Ledgerline and of Okta.");
    // Acme's own key in the place of its secret, sealed by the key of the tests: a test sign-in proves both.
    canaries.extend(spellings(&std::fs::read(SEALING_KEY).unwrap()));
    // How every such key begins.
    canaries.extend(spellings(
        ClientKey::generate().unwrap().pkcs8().get(..18).unwrap(),
    ));
    let anna = stage.anna().await;
    client_key::choose(&stage, &anna).await;
    client_key::take_to_okta(&stage, &anna).await;
    let page = stage.test_sign_in_known(&anna).await;
    page.says(200, "Single sign-on is active at Acme with these settings.");
    canaries.extend(anna.cookies());
    // A refusal talks more than a success.
    let replayed = anna.visit(&callback).await;
    replayed.says(400, "or was used already.");
    let eve = stage.browser();
    let page = stage.sign_in(&eve, "eve@acme.example").await;
    page.says(403, "does not open an account here");
    canaries.extend(eve.cookies());
    // A password that is right, and one that was typed into the wrong field.
    let gina = stage.browser();
    let email = "gina@globex.example";
    stage
        .password(&gina, email, PASSWORD)
        .await
        .says(200, "Hello, Gina");
    canaries.extend(gina.cookies());

    // A client secret that is typed, hinted at, and then proved by a whole test sign-in.
    let typed = [("client_secret", CLIENT_SECRET_OF_GLOBEX)];
    stage.hints(&gina, &typed).await;
    canaries.push(CLIENT_SECRET_OF_GLOBEX.to_owned());
    stage.save_globex(&gina).await.says(200, "Set on");
    stage.ask_for_domain(&gina, "globex.example").await;
    // The operator's password and cookie, and the recovery code that they open the way for.
    canaries.push(OPERATOR_PASSWORD.to_owned());
    let olga = stage.olga().await;
    stage.approve(&olga, "globex.example").await;
    canaries.extend(olga.cookies());
    let page = gina.visit(&stage.at("/settings/sso/test")).await;
    let start = page.link("Continue to Okta");
    let proof = start.query_pairs().find(|(name, _)| name == "proof");
    canaries.extend(proof.map(|(_, proof)| proof.into_owned()));
    let page = gina.visit(&start).await;
    let callback = stage.identify(&gina, &page, email).await;
    canaries.extend(
        callback
            .query_pairs()
            .filter(|(name, _)| name == "code" || name == "state")
            .map(|(_, value)| value.into_owned()),
    );
    canaries.extend(gina.cookies());
    gina.visit(&callback).await.says(
        200,
        "Single sign-on is active at Globex with these settings.",
    );
    let page = olga.visit(&stage.at("/operator/tenants/globex")).await;
    let fields = [("email", email), ("reason", "Called back")];
    let path = "/operator/tenants/globex/recover";
    let code = olga.submit(&page, path, &fields).await.value("code");
    assert_eq!(code.len(), 43);
    let locked_out = stage.browser();
    let page = locked_out.visit(&stage.at("/recover")).await;
    let fields = [("code", &*code)];
    let page = locked_out.submit(&page, "/recover", &fields).await;
    locked_out.follow(page).await.says(200, "Single sign-on");
    canaries.push(code);
    canaries.extend(locked_out.cookies());

    let log = captured.text();
    for module in ["okta_sso_demo", "okta_sso", "sqlx", "hyper"] {
        assert!(log.contains(module), "nothing of {module} was searched");
    }
    // A tenant's name is in a cookie and no secret.
    canaries.retain(|canary| canary != "acme" && canary != "globex");
    assert!(canaries.len() > 30, "{canaries:?}");
    for canary in canaries {
        if let Some(line) = log.lines().find(|line| line.contains(&canary)) {
            panic!("{canary} is in the log: {line}");
        }
    }
}
