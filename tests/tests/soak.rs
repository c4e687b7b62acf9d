//! A short run of what `make soak` runs for long.

use std::env;

use okta_sso_conformance::soak::{self, Options};

#[tokio::test(flavor = "multi_thread")]
async fn a_short_run() {
    let skip = env::var("SKIP").unwrap_or_default();
    if ["postgres", "redis"]
        .iter()
        .all(|part| skip.split(',').any(|name| name == *part))
    {
        return; // no storage to run over
    }
    let options = Options {
        logins: 600,
        people: 8,
        replicas: 2,
        seed: 1,
        program: env!("CARGO_BIN_EXE_okta-sso-conformance").into(),
    };
    let report = soak::run(&options, |_| {}).await.unwrap();
    println!("{report}");
    assert!(report.is_sound(), "{report}");
}
