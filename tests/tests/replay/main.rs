//! A recorded call gives the same outcome when it is run again offline, on the same bytes; and holds no credential.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

#[path = "../../../demo/tests/product/browser.rs"]
#[expect(dead_code, reason = "the product's own tests use the rest")]
mod browser;
#[path = "../../../demo/tests/product/place.rs"]
mod place;
mod product;
mod retold;
#[path = "../../../demo/tests/product/stage.rs"]
#[expect(dead_code, reason = "the product's own tests use the rest")]
mod stage;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use okta_sso_conformance::case::{CaseFile, TokenScript};
use okta_sso_conformance::connection::{object, scope};
use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::host::{CLIENT_SECRET, ScriptedHost};
use okta_sso_conformance::provider::Provider;
use okta_sso_conformance::template::Names;
use okta_sso_conformance::value::to_val;
use okta_sso_conformance::{replay, run, script};
use okta_sso_host::record::Recording;
use okta_sso_host::{Plugin, Random, RandomError};
use serde_json::json;

/// A folder of this test's own.
fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("okta-sso-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
async fn recordings_replay() {
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let folder = folder("replay");
    let path = folder.join("recording.json");
    let sandbox = Sandbox::load(&run::component_path()).unwrap();
    let mut replayed = 0;
    for file in ["callback", "rotation", "user-info", "rehearse", "logout"] {
        for case in CaseFile::read(file).unwrap() {
            let recordings = run::recorded(&plugin, &case).await.unwrap();
            let Some(last) = recordings.last().filter(|last| !last.connection.is_empty()) else {
                continue;
            };
            let text = serde_json::to_string(last).unwrap();
            assert!(!text.contains(CLIENT_SECRET), "{}", case.about.id);
            std::fs::write(&path, text).unwrap();
            let failures = replay::play(last, &sandbox).unwrap();
            assert!(failures.is_empty(), "{}: {failures:?}", case.about.id);
            replayed += 1;
        }
    }
    println!("{replayed} recordings gave the same outcome");
    assert!(replayed > 100, "only {replayed} recordings");

    let replay = |component: &Path| {
        let program = env!("CARGO_BIN_EXE_okta-sso-conformance");
        let mut command = Command::new(program);
        command
            .arg("replay")
            .arg(&path)
            .arg("--component")
            .arg(component);
        command.output().unwrap()
    };
    let same = replay(&run::component_path());
    assert!(same.status.success(), "{same:?}");
    let other = folder.join("other.wasm");
    let mut bytes = std::fs::read(run::component_path()).unwrap();
    // An empty custom section: the same code, other bytes.
    bytes.extend([0, 2, 1, b'x']);
    std::fs::write(&other, bytes).unwrap();
    let refused = replay(&other);
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("is of another component: its SHA-256 is"),
        "{said}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

/// Has no bytes to give, which ends a call.
struct Exhausted;

impl Random for Exhausted {
    fn fill(&self, _: &mut [u8]) -> Result<(), RandomError> {
        Err(RandomError)
    }
}

/// The recording of a login that ended for want of random bytes, begun like the one of `begun`.
async fn trapped(plugin: &Plugin, begun: &Recording) -> Recording {
    let host = ScriptedHost::default();
    let capabilities = host.recorded_capabilities();
    let plugin = plugin.with_capabilities(capabilities.with_random(Arc::new(Exhausted)));
    let signature = plugin.signature("login", "begin").unwrap();
    let kinds = signature.params.iter().map(|(_, kind)| kind);
    let arguments: Vec<_> = kinds
        .zip(&begun.arguments)
        .map(|(kind, value)| to_val(value, kind).unwrap())
        .collect();
    let connection = object(begun.arguments[0].clone());
    let scope = scope(&connection).unwrap();
    let mut names = script::names(0, &Names::default()).unwrap();
    script::name_connection(&mut names, &connection);
    let provider = Provider::new(names, BTreeMap::new(), TokenScript::default());
    host.world().provider = provider;
    let ended = plugin
        .call("login", "begin", Some(&scope), &arguments)
        .await;
    assert!(ended.is_err());
    host.world().journal.pop().unwrap()
}

#[tokio::test]
async fn recordings_of_calls_that_the_host_ended_replay_to_where_they_ended() {
    let sandbox = Sandbox::load(&run::component_path()).unwrap();
    let replay = |recording: &Recording| replay::play(recording, &sandbox).unwrap();
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let case = CaseFile::read("callback").unwrap().swap_remove(0);
    let calls = run::recorded(&plugin, &case).await.unwrap();
    let begun = calls.iter().find(|call| call.call == "login.begin");
    let trapped = trapped(&plugin, begun.unwrap()).await;
    assert_eq!(trapped.call, "login.begin");
    assert_eq!(trapped.outcome, json!({ "fault": "no random bytes" }));
    let failures = replay(&trapped);
    assert!(failures.is_empty(), "{failures:?}");

    // As the host records a call that reaches a limit while it waits for any of its answers.
    let whole = calls.last().unwrap().clone();
    assert!(whole.trace.len() > 4);
    for answered in 0..whole.trace.len() {
        let mut ended = whole.clone();
        ended.trace.truncate(answered);
        ended.outcome = json!({ "fault": "limit: wall" });
        let failures = replay(&ended);
        assert!(failures.is_empty(), "after {answered}: {failures:?}");
    }
    // Not one that ends by itself, asks something else, or does not get so far.
    let mut finished = whole.clone();
    finished.outcome = trapped.outcome.clone();
    assert_eq!(replay(&finished)[0].what, "outcome");
    let mut other = trapped.clone();
    other.trace[0].import = "random.bytes".into();
    assert_eq!(replay(&other)[0].what, "capability call 0");
    let mut further = whole;
    further.trace.push(trapped.trace[0].clone());
    further.outcome = trapped.outcome;
    assert_eq!(
        replay(&further)[0].expected,
        format!("{} []", further.trace[0].import)
    );
}
