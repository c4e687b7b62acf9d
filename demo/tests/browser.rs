//! The product in a browser: `tests/browser`, run against this build of the program.

use std::path::Path;
use std::process::{Command, exit};

fn main() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let status = Command::new(workspace.join("tests/part"))
        .args([
            "browser",
            "npm",
            "test",
            "--silent",
            "--prefix",
            "tests/browser",
        ])
        .env("OKTA_SSO_DEMO", env!("CARGO_BIN_EXE_okta-sso-demo"))
        .status();
    match status {
        Ok(status) if status.success() => {}
        Ok(_) => exit(1),
        Err(error) => {
            eprintln!("tests/part does not start: {error}");
            exit(1);
        }
    }
}
