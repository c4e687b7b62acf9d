//! Parts of the tests that need more than Rust: `tests/part` brings it, `SKIP` leaves them out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// The workspace's folder.
#[must_use]
pub fn workspace() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// Brings what `part` needs. False where `SKIP` names it: then its tests have nothing to do.
///
/// # Errors
///
/// What is missing and cannot be installed here; `tests/part` has said how to install it.
pub fn bring(part: &str) -> Result<bool> {
    let skip = std::env::var("SKIP").unwrap_or_default();
    let status = Command::new(workspace().join("tests/part"))
        .arg(part)
        .stdin(Stdio::null())
        .status()?;
    if !status.success() {
        bail!("the part {part} of the tests lacks something; see above, or set SKIP={part}");
    }
    Ok(!skip.split(',').any(|name| name.trim() == part))
}
