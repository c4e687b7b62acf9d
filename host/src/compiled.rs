//! Compiled code on disk, believed only under its MAC.

use std::fs::{self, DirBuilder, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use aws_lc_rs::rand;
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::component::hexadecimal;
use crate::error::SetupError;

const TAG: usize = 32;
/// Larger files are not read: the real component compiles to about 2 MiB.
const MAX_BYTES: u64 = 64 << 20;
/// The most files in the folder: some versions of the component for some versions of the host, to go back to.
const MOST: usize = 8;

/// A private folder of compiled components, so that a start does not compile again.
///
/// Machine code runs outside the sandbox: whoever can write it owns the process. So a file is used only when
/// HMAC-SHA-256 under a key that is not in the folder says that this host wrote it for this component and this
/// engine; anything else is compiled anew, and replaced. The eight that were written last are kept.
pub struct CompiledCache {
    folder: PathBuf,
    key: Key,
}

impl CompiledCache {
    /// Uses `folder`, which is made when it is not there, with `key`: 32 bytes or more, random, secret, and kept
    /// elsewhere.
    ///
    /// Errors: a short key; a folder that others may enter, or that cannot be made.
    pub fn open(folder: impl Into<PathBuf>, key: &[u8]) -> Result<Self, SetupError> {
        let folder = folder.into();
        if key.len() < TAG {
            return Err(SetupError::CompiledCacheKey);
        }
        let unusable = |_| SetupError::CompiledCacheFolder(folder.clone());
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&folder).map_err(unusable)?;
        let found = fs::symlink_metadata(&folder).map_err(unusable)?;
        if !found.is_dir() || found.permissions().mode() & 0o077 != 0 {
            return Err(SetupError::CompiledCacheFolder(folder));
        }
        Ok(Self {
            folder,
            key: Key::new(HMAC_SHA256, key),
        })
    }

    /// The component of these bytes: from the folder, or compiled and put there.
    pub(crate) fn component(
        &self,
        engine: &Engine,
        bytes: &[u8],
        sha256: &str,
    ) -> wasmtime::Result<Component> {
        let engine_hash = compatibility(engine);
        let path = self.folder.join(format!("{sha256}-{}", &engine_hash[..16]));
        let tag = |code: &[u8]| {
            let mut mac = Context::with_key(&self.key);
            // All of one length, but for the last: nothing can be shifted from one to the next.
            for part in [
                b"okta-sso compiled 1",
                sha256.as_bytes(),
                engine_hash.as_bytes(),
            ] {
                mac.update(part);
            }
            mac.update(code);
            mac.sign()
        };
        match read(&path) {
            Ok(Some(file)) => {
                if let Some((written, code)) = file.split_at_checked(TAG)
                    && verify_slices_are_equal(written, tag(code).as_ref()).is_ok()
                    && let Ok(component) = deserialize(engine, code)
                {
                    return Ok(component);
                }
                tracing::warn!(path = %path.display(), "compiled code that this host did not write; compiling anew");
            }
            Ok(None) => {}
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "cannot read compiled code")
            }
        }
        let code = engine.precompile_component(bytes)?;
        if let Err(error) = write(&path, tag(&code).as_ref(), &code) {
            tracing::warn!(%error, path = %path.display(), "cannot keep compiled code");
        }
        if let Err(error) = self.sweep(&path) {
            tracing::warn!(%error, folder = %self.folder.display(), "cannot remove old compiled code");
        }
        deserialize(engine, &code)
    }

    /// Removes what was written before the last eight, with what killed processes left half-written. What has just been
    /// written stays, whatever the clock says.
    fn sweep(&self, latest: &Path) -> io::Result<()> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !is_ours(&entry.file_name().to_string_lossy()) || entry.path() == latest {
                continue;
            }
            if let Ok(found) = entry.metadata() {
                files.push((found.modified()?, entry.path())); // the rest was removed meanwhile
            }
        }
        files.sort();
        let old = files.len().saturating_sub(MOST - 1);
        for (_, path) in files.drain(..old) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

#[expect(
    unsafe_code,
    reason = "wasmtime's only way to precompiled code; the caller has just made it or verified its MAC"
)]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `code` comes from `Engine::precompile_component`, in this process or, under the MAC, in an earlier
    // one with the same engine; and from memory, where nobody changes it between the check and its use.
    unsafe { Component::deserialize(engine, code) }
}

/// What compiled code depends on besides the component: wasmtime's version, its settings, the processor.
fn compatibility(engine: &Engine) -> String {
    struct Digesting(Sha256);

    impl Hasher for Digesting {
        fn write(&mut self, bytes: &[u8]) {
            self.0.update(bytes);
        }

        fn finish(&self) -> u64 {
            0 // the digest is taken instead
        }
    }

    let mut hasher = Digesting(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hexadecimal(&hasher.0.finalize())
}

/// Whether a file's name is one that this module gives: two digests, and one more word while it is written.
fn is_ours(name: &str) -> bool {
    let is_digest = |word: &str, length| {
        word.len() == length && word.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let (name, beside) = name.split_once('.').unwrap_or((name, "0000000000000000"));
    name.split_once('-')
        .is_some_and(|(component, engine)| is_digest(component, 64) && is_digest(engine, 16))
        && is_digest(beside, 16)
}

/// The whole file; none when there is none, or it is too long to be ours.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes).filter(|bytes| bytes.len() as u64 <= MAX_BYTES))
}

/// Whole or not at all: beside its place first, then moved. Each writer has a file of its own, for several may start at
/// once, also on several machines.
fn write(path: &Path, tag: &[u8], code: &[u8]) -> io::Result<()> {
    let mut name = [0; 8];
    rand::fill(&mut name).map_err(|_| io::Error::other("no random bytes"))?;
    let beside = path.with_extension(hexadecimal(&name));
    let moved = write_new(&beside, tag, code).and_then(|()| fs::rename(&beside, path));
    if moved.is_err() {
        let _ = fs::remove_file(&beside); // it may not even be there
    }
    moved
}

fn write_new(path: &Path, tag: &[u8], code: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(tag)?;
    file.write_all(code)?;
    file.sync_all()
}
