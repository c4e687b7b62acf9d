//! What is logged of a sign-in carries the number that its page shows.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use okta_sso_demo::dev_okta::Switch;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::stage::Stage;

/// Everything that was logged.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

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

impl Captured {
    pub(crate) fn text(&self) -> String {
        let log = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&log).into_owned()
    }

    /// For what this thread logs, which is all of a test and of its product.
    fn of_this_thread(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::INFO)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// The lines that say this.
    fn lines(&self, words: &str) -> Vec<String> {
        let text = self.text();
        let found = text.lines().filter(|line| line.contains(words));
        found.map(str::to_owned).collect()
    }
}

/// Nobody answers at the issuer: the start is refused, and its number leads to the line that says why.
#[tokio::test]
async fn a_start_that_is_refused_is_found_by_its_number() {
    let stage = Stage::open().await;
    for table in [
        "UPDATE connections SET issuer = 'http://127.0.0.1:1'",
        "UPDATE domains SET issuer = 'http://127.0.0.1:1'",
    ] {
        stage.change(table).await;
    }
    let captured = Captured::default();
    let _guard = captured.of_this_thread();
    let page = stage.press_okta(&stage.browser()).await;
    page.says(503, "Okta cannot be reached right now.");
    let number = page.number();
    let why = captured.lines("no answer");
    assert!(!why.is_empty(), "{}", captured.text());
    for line in why {
        let spans = format!("sign_in{{correlation_id=\"{number}\" connection=\"okta-acme\"}}");
        assert!(line.contains(&spans), "{line}");
        assert!(line.contains("exchange{endpoint=\"metadata\"}"), "{line}");
    }
}

/// The number of a callback is its attempt's, from the line that begins it on.
#[tokio::test]
async fn a_callback_is_found_by_its_number() {
    let stage = Stage::open().await;
    let captured = Captured::default();
    let _guard = captured.of_this_thread();
    stage.okta.switches().turn_on(Switch::TamperedSignature);
    let page = stage.sign_in(&stage.browser(), "anna@acme.example").await;
    page.says(502, "Your sign-in could not be completed.");
    let number = page.number();
    let begun = captured.lines("sign-in begun");
    assert!(begun.iter().any(|line| line.contains(&number)), "{begun:?}");
    let refused = captured.lines("login/token-rejected/signature-mismatch");
    assert!(!refused.is_empty(), "{}", captured.text());
    for line in refused {
        let span = format!("sign_in{{correlation_id=\"{number}\" connection=\"okta-acme\"}}");
        assert!(line.contains(&span), "{line}");
    }
}
