//! From a sign-in that fails in the product to a case that any host can run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use okta_sso_conformance::hosts::Language;
use okta_sso_conformance::run;
use okta_sso_demo::dev_okta::Switch;
use okta_sso_host::record::{self, Recording};
use okta_sso_host::{Clock, SystemClock};
use serde_json::Value;

use crate::place::Place;
use crate::retold::{found, texts};
use crate::stage::Stage;

fn command(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_okta-sso-conformance"));
    let component = run::component_path();
    command.args(arguments).arg("--component").arg(component);
    command.output().unwrap()
}

/// What a command that did not succeed says.
fn refusal(arguments: &[&str]) -> String {
    let output = command(arguments);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// A recording of a sign-in at the development Okta whose ID token is for another client: its number, its file, its key.
struct Recorded {
    number: String,
    file: PathBuf,
    key: PathBuf,
    _place: Place,
}

impl Recorded {
    async fn new() -> Self {
        let place = Place::new().await;
        let recordings = place.file("recordings");
        let flags = ["--recordings", recordings.to_str().unwrap()];
        // The command reads the machine's clock.
        let stage = Stage::open_at(SystemClock.now(), &flags).await;
        let anna = stage.browser();
        let page = stage.sign_in(&anna, "anna@acme.example").await;
        page.says(200, "Hello, Anna");
        let page = anna.visit(&stage.at("/settings/sso")).await;
        let agree = "/settings/sso/recordings";
        anna.submit(&page, agree, &[("record", "on")]).await;
        stage.okta.switches().turn_on(Switch::WrongAudience);
        let refused = stage.sign_in(&stage.browser(), "bo@acme.example").await;
        let number = refused.number();
        let (code, ..) = stage.history("acme", &number).await;
        assert_eq!(code, "login/token-rejected/audience-mismatch");
        Self {
            file: written(&recordings, &number).await,
            key: place.file("recordings.key"),
            number,
            _place: place,
        }
    }

    fn arguments<'a>(&'a self, command: &'a str) -> [&'a str; 4] {
        let key = self.key.to_str().unwrap();
        [command, self.file.to_str().unwrap(), "--key-file", key]
    }

    fn open(&self) -> Recording {
        let key = std::fs::read(&self.key).unwrap().try_into().unwrap();
        let opened = record::open(&self.file, &key, SystemClock.now());
        opened.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// The recording with this number, which is written beside the answer that the browser gets.
async fn written(folder: &Path, number: &str) -> PathBuf {
    for _ in 0..500 {
        let files = std::fs::read_dir(folder).unwrap();
        let ends = format!("-{number}.recording");
        let found = files
            .map(|file| file.unwrap().path())
            .find(|file| file.to_string_lossy().ends_with(&ends));
        if let Some(file) = found {
            return file;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no recording")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sign_in_is_studied_elsewhere() {
    let recorded = Recorded::new().await;
    let replayed = command(&recorded.arguments("replay"));
    assert!(replayed.status.success(), "{replayed:?}");
    assert_eq!(
        String::from_utf8(replayed.stdout).unwrap(),
        format!(
            "login.complete of connection okta-acme\nreference {}\nrecorded: token-rejected/audience-mismatch\n\
             the replay: same outcome, same calls\n",
            recorded.number
        )
    );

    // What it says of a person, in the token and beside it.
    let recording = serde_json::to_value(recorded.open()).unwrap();
    let subject = texts(&recording).into_iter().find_map(|text| {
        let (_, subject) = text.split_once(r#""sub":""#)?;
        Some(subject.split_once('"')?.0.to_owned())
    });
    let subject = subject.unwrap();
    let names = [
        &subject,
        "bo@acme.example",
        "Bo Berg",
        "acme.example",
        "0oaacme",
        "okta-acme",
    ];
    assert_eq!(found(&recording, &names), names);
    let written = command(&recorded.arguments("case"));
    assert!(written.status.success(), "{written:?}");
    let case: Value = serde_json::from_slice(&written.stdout).unwrap();
    let left = found(&case, &names);
    assert!(left.is_empty(), "{left:?}");

    let file = recorded.file.with_extension("jsonl");
    std::fs::write(&file, &written.stdout).unwrap();
    for host in [Language::Rust, Language::Node, Language::Python] {
        if host.bring().unwrap_or_else(|error| panic!("{error:#}")) {
            let cases = file.to_str().unwrap();
            let ran = command(&["run", "--host", host.name(), "--cases", cases]);
            assert!(ran.status.success(), "{ran:?}");
            let said = String::from_utf8(ran.stdout).unwrap();
            assert!(said.contains("1 passed, 0 failed"), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_replayed_says_why() {
    let recorded = Recorded::new().await;
    let folder = recorded.file.parent().unwrap();
    let [replay, file, _, key] = recorded.arguments("replay");
    for command in [replay, "case"] {
        let said = refusal(&[command, file]);
        assert!(said.contains("sealed needs --key-file"), "{said}");
    }
    let other = folder.join("other.key");
    std::fs::write(&other, [7; 32]).unwrap();
    let said = refusal(&[replay, file, "--key-file", other.to_str().unwrap()]);
    assert!(said.contains("the key is another one"), "{said}");
    std::fs::write(&other, [7; 31]).unwrap();
    let said = refusal(&[replay, file, "--key-file", other.to_str().unwrap()]);
    assert!(said.contains("is not of 32 bytes"), "{said}");
    let absent = folder.join("absent.key");
    let said = refusal(&[replay, file, "--key-file", absent.to_str().unwrap()]);
    assert!(said.contains("cannot read the key"), "{said}");

    let bytes = std::fs::read(file).unwrap();
    let name = recorded.file.file_name().unwrap().to_str().unwrap();
    let place = folder.join("copies");
    std::fs::create_dir(&place).unwrap();
    let copy = |name: &str, bytes: &[u8]| {
        let path = place.join(name);
        std::fs::write(&path, bytes).unwrap();
        refusal(&[replay, path.to_str().unwrap(), "--key-file", key])
    };
    let said = copy(name, &bytes[..bytes.len() - 1]);
    assert!(said.contains("it is cut off"), "{said}");
    let said = copy(name, b"{}");
    assert!(said.contains("not a recording"), "{said}");
    let old = format!("001700000000{}", &name[12..]);
    let said = copy(&old, &bytes);
    assert!(said.contains("older than seven days"), "{said}");
}
