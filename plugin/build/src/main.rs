//! Builds `plugin/` into `target/plugin/okta_sso.wasm`, a component, with its SHA-256 beside it; and the component
//! that tries hosts, `tests/probe/`, into `host_probe.wasm` in the same folder.
//!
//! Run by `make plugin`. Prints size and imports; fails on any import that the contract does not
//! grant.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use okta_sso_plugin_build::Builder;
use sha2::{Digest, Sha256};

/// Crates, and the file that each becomes.
const COMPONENTS: [(&str, &str); 2] = [
    ("okta-sso-plugin", "okta_sso.wasm"),
    ("okta-sso-host-probe", "host_probe.wasm"),
];

fn main() -> Result<()> {
    let workspace = workspace();
    let folder = workspace.join("target/plugin");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let builder = Builder::find()?;
    for (package, file) in COMPONENTS {
        let built = builder.build(&workspace, package)?;
        let component = built.bytes;
        let path = folder.join(file);
        let digest = hex(&Sha256::digest(&component));
        write(&path, &component)?;
        // The form of sha256sum, so that `sha256sum -c` in that folder checks it.
        write(
            &path.with_extension("wasm.sha256"),
            format!("{digest}  {file}\n").as_bytes(),
        )?;

        println!(
            "target/plugin/{file}  {} bytes  sha256 {digest}",
            component.len()
        );
        println!("imports:");
        for import in built.imports {
            println!("  {import}");
        }
    }
    Ok(())
}

/// Written beside and renamed, so that a reader never sees half a component.
fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let unfinished = path.with_extension(format!("unfinished-{}", std::process::id()));
    fs::write(&unfinished, bytes)
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("writing {}", path.display()))
}

fn workspace() -> PathBuf {
    let build = Path::new(env!("CARGO_MANIFEST_DIR"));
    build.ancestors().nth(2).unwrap_or(build).to_path_buf()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
