//! A recorded call gives the same outcome when it is run again offline, on the same bytes; and holds no credential.

use std::path::Path;
use std::process::Command;

use okta_sso_conformance::case::CaseFile;
use okta_sso_conformance::flat::sandbox::Sandbox;
use okta_sso_conformance::host::CLIENT_SECRET;
use okta_sso_conformance::{kit, run};

#[tokio::test]
async fn recordings_replay() {
    let plugin = run::plugin().unwrap_or_else(|error| panic!("{error:#}"));
    let folder = std::env::temp_dir().join(format!("okta-sso-replay-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
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
            let failures = kit::replay(&path, &sandbox).unwrap();
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
    assert!(String::from_utf8_lossy(&refused.stderr).contains("another component"));
    std::fs::remove_dir_all(&folder).unwrap();
}
