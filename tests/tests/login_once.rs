//! One sign-in, as the example of each host tells it: a process of its own, the machine's clock, a development Okta over TCP.
#![expect(
    clippy::unwrap_used,
    reason = "a test stops at the first thing that is not as expected"
)]

use std::env::{self, consts::EXE_SUFFIX};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use okta_sso_conformance::host::CLIENT_SECRET;
use okta_sso_conformance::hosts::Language;
use okta_sso_conformance::okta::{CLIENT_ID, EMAIL, Okta, REDIRECT_URI};
use okta_sso_conformance::part::workspace;
use okta_sso_demo::dev_okta::Clock;

/// Runs a program that prints where to go and reads where the browser ends up.
async fn signs_in(mut program: Command) {
    let okta = Okta::start(Clock::system()).await.unwrap();
    let mut running = program
        .current_dir(workspace())
        .envs([
            ("OKTA_ISSUER", okta.issuer.as_str()),
            ("OKTA_CLIENT_ID", CLIENT_ID),
            ("OKTA_CLIENT_SECRET", CLIENT_SECRET),
            ("OKTA_REDIRECT_URI", REDIRECT_URI),
            ("OKTA_EMAIL_DOMAIN", "acme.com"),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(running.stdout.take().unwrap());
    let mut address = String::new();
    while !address.starts_with("http") {
        address.clear();
        assert_ne!(said.read_line(&mut address).unwrap(), 0, "no address");
    }
    let back = okta.visit(address.trim()).await;
    let back = back.unwrap_or_else(|error| panic!("{error:#}"));
    writeln!(running.stdin.take().unwrap(), "{back}").unwrap();
    let mut last = String::new();
    said.read_to_string(&mut last).unwrap();
    assert!(running.wait().unwrap().success(), "{last}");
    assert!(
        last.trim().ends_with(&format!(" is {EMAIL}")) && last.contains("00u"),
        "{last}"
    );
}

async fn program_signs_in(language: Language, program: &str) {
    if language.bring().unwrap_or_else(|error| panic!("{error:#}")) {
        let mut command = Command::new(workspace().join("tests/part"));
        command.arg(language.name()).args(program.split(' '));
        signs_in(command).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rust() {
    // Built already where the whole workspace is tested.
    let build = ["build", "--quiet", "--workspace", "--example", "login_once"];
    let built = Command::new(env!("CARGO")).args(build).status().unwrap();
    assert!(built.success());
    let tests = env::current_exe().unwrap();
    let profile = tests.ancestors().nth(2).unwrap();
    let example = format!("examples/login_once{EXE_SUFFIX}");
    signs_in(Command::new(profile.join(example))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node() {
    program_signs_in(Language::Node, "node host/examples/node/login_once.js").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python() {
    let program = "host/examples/python/.venv/bin/python host/examples/python/login_once.py";
    program_signs_in(Language::Python, program).await;
}
