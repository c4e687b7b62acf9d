//! No secret, code, token or cookie is in any log at any level.
//!
//! The client secret, codes and access tokens of the cases are fixed texts, and what is drawn at random is counted, so
//! all of them are known beforehand. The cases prove that each was used: the scripted provider fails a case whose
//! request carries another code, secret or access token, and the storage one with another cookie.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::host::CLIENT_SECRET;
use okta_sso_conformance::run;
use sha2::{Digest, Sha256};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Everything that was logged.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
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
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let mut complete = 0;
    for file in ["callback", "jws", "rotation", "token-endpoint", "user-info"] {
        for case in CaseFile::read(file).unwrap() {
            // Failures are the conformance test's to tell; here each case is only made to talk.
            complete += u32::from(run::case(&plugin, &case).await.is_ok());
        }
    }
    assert!(complete > 100, "only {complete} cases used their canaries");

    let log = String::from_utf8_lossy(&captured.0.lock().unwrap()).into_owned();
    assert!(
        log.contains("okta_sso"),
        "nothing was logged, so nothing was searched"
    );
    let drawn =
        (0_u64..32).map(|count| URL_SAFE_NO_PAD.encode(Sha256::digest(count.to_be_bytes())));
    let canaries = [
        CLIENT_SECRET,
        "SplxlOBeZQQYbYS6WxSbIA",
        "mF_9.B5f-4.1JqM",
        "eyJ",
        "refresh-1",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain(drawn);
    for canary in canaries {
        if let Some(line) = log.lines().find(|line| line.contains(&canary)) {
            panic!("{canary} is in the log: {line}");
        }
    }
}
