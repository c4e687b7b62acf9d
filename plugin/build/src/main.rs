//! Builds `plugin/` into `target/plugin/okta_sso.wasm`, a component, with its SHA-256 beside it.
//!
//! Run by `make plugin`. Prints size and imports; fails on any import that the contract does not
//! grant.

mod component;
mod toolchain;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::toolchain::Toolchain;

fn main() -> Result<()> {
    let workspace = workspace();
    let module = Toolchain::find()?.build(&workspace)?;
    let component = component::encode(&module)?;
    let imports = component::imports(&component)?;
    component::refuse_foreign(&imports)?;

    let folder = workspace.join("target/plugin");
    let path = folder.join("okta_sso.wasm");
    let digest = hex(&Sha256::digest(&component));
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    write(&path, &component)?;
    // The form of sha256sum, so that `sha256sum -c` in that folder checks it.
    write(
        &path.with_extension("wasm.sha256"),
        format!("{digest}  okta_sso.wasm\n").as_bytes(),
    )?;

    println!(
        "target/plugin/okta_sso.wasm  {} bytes  sha256 {digest}",
        component.len()
    );
    println!("imports:");
    for import in imports {
        println!("  {import}");
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
