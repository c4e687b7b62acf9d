//! Compiles a crate that carries its WIT, and makes a component of it.

mod component;
mod toolchain;

use std::path::Path;

use anyhow::Result;

use crate::toolchain::Toolchain;

/// A compiler that was found on this machine.
pub struct Builder(Toolchain);

/// A component that imports nothing beyond the contract.
pub struct Built {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it imports, sorted.
    pub imports: Vec<String>,
}

impl Builder {
    /// Finds a compiler, and installs it where that can be done.
    ///
    /// # Errors
    /// When there is none, with the sentence that installs it.
    pub fn find() -> Result<Self> {
        Toolchain::find().map(Self)
    }

    /// Its name and version, in its own words.
    ///
    /// # Errors
    /// When it says nothing.
    pub fn compiler(&self) -> Result<String> {
        self.0.compiler()
    }

    /// Builds `package` of a workspace, below its own `target/wasm`.
    ///
    /// # Errors
    /// When it does not compile, or imports what no host grants.
    pub fn build(&self, workspace: &Path, package: &str) -> Result<Built> {
        let module = self.0.build(workspace, package)?;
        let bytes = component::encode(&module)?;
        let imports = component::imports(&bytes)?;
        component::refuse_foreign(&imports)?;
        Ok(Built { bytes, imports })
    }
}
