//! The probe on every host: each keeps every promise of the contract.

use std::sync::Arc;

use okta_sso_conformance::hosts::probe::{self, Starter};
use okta_sso_conformance::hosts::program::Program;
use okta_sso_conformance::hosts::rust::RustHost;
use okta_sso_conformance::hosts::{Host, Language, Start};

async fn keeps_every_promise(start: Starter<'_>) {
    let broken = probe::try_host(start).await;
    let broken = broken.unwrap_or_else(|error| panic!("{error:#}"));
    assert!(broken.is_empty(), "{broken:#?}");
    println!("{} promises kept", probe::PROMISES.len());
}

async fn program_keeps_every_promise(language: Language) {
    if !language.bring().unwrap_or_else(|error| panic!("{error:#}")) {
        return;
    }
    keeps_every_promise(&|start: Start| {
        Box::pin(async move {
            let host: Arc<dyn Host> = Arc::new(Program::start(language, &start).await?);
            Ok(host)
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rust() {
    keeps_every_promise(&|start: Start| {
        Box::pin(async move {
            let host: Arc<dyn Host> = Arc::new(RustHost::start(&start, |right| right)?);
            Ok(host)
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node() {
    program_keeps_every_promise(Language::Node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python() {
    program_keeps_every_promise(Language::Python).await;
}
