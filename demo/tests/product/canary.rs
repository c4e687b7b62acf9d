//! No secret, code, token or cookie is in the log at any level. Each canary is proved to have been used.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::stage::{CLIENT_SECRET, OKTA_PASSWORD, PASSWORD, Stage};

/// Everything that was logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
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

    let log = captured.0.lock().unwrap_or_else(PoisonError::into_inner);
    let log = String::from_utf8_lossy(&log);
    for module in ["okta_sso_demo", "okta_sso", "sqlx", "hyper"] {
        assert!(log.contains(module), "nothing of {module} was searched");
    }
    // A tenant's name is in a cookie and no secret.
    canaries.retain(|canary| canary != "acme");
    assert!(canaries.len() > 12, "{canaries:?}");
    for canary in canaries {
        if let Some(line) = log.lines().find(|line| line.contains(&canary)) {
            panic!("{canary} is in the log: {line}");
        }
    }
}
