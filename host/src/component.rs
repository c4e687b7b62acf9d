//! Loading a component: size, pin, and what it may import.

use std::collections::HashSet;
use std::ffi::OsString;
use std::fmt::Write;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::types::{Component as ComponentType, ComponentItem};

use crate::compiled::CompiledCache;
use crate::error::SetupError;

/// Longer files are not read at all, in bytes; [`crate::Limits::component`] may ask for less.
const MAX_BYTES: u64 = 8 << 20;

/// The version of the contract that this crate speaks, in each of its patches: those change texts alone.
const VERSION: &str = "0.1";

/// All the authority that a component can have, by short names; `types` holds no function.
const IMPORTS: [&str; 8] = [
    "cache",
    "clock",
    "http",
    "log",
    "random",
    "signatures",
    "storage",
    "types",
];

/// What a component must export; short names.
pub(crate) const EXPORTS: [&str; 5] = ["config", "login", "claims", "logout", "messages"];

/// The full name of an interface of the contract, from its short one. Instances are found by it in every patch.
pub(crate) fn full_name(interface: &str) -> String {
    format!("sso:provider/{interface}@{VERSION}.0")
}

/// The short name of an interface of the contract; none when it is another contract's, or another version's.
fn short_name(full: &str) -> Option<&str> {
    let (interface, version) = full.strip_prefix("sso:provider/")?.split_once('@')?;
    let patch = version.strip_prefix(VERSION)?.strip_prefix('.')?;
    let is_number = (1..=4).contains(&patch.len()) && patch.bytes().all(|b| b.is_ascii_digit());
    is_number.then_some(interface)
}

/// The short name that two of these share.
fn twice<'a>(names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names
        .filter_map(short_name)
        .find(|name| !seen.insert(*name))
}

/// An exported interface of the contract, by its short name.
pub(crate) fn exported<'a>(
    shape: &'a ComponentType,
    engine: &'a Engine,
    interface: &str,
) -> Option<ComponentItem> {
    let mut exports = shape.exports(engine);
    let (_, found) = exports.find(|(name, _)| short_name(name) == Some(interface))?;
    Some(found.ty)
}

/// What a component's bytes must be before anything else is done with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pin {
    /// Exactly the bytes of this SHA-256: 64 hexadecimal digits.
    Sha256(String),
    /// Exactly the bytes whose SHA-256 is the first word of `FILE.sha256` beside the file.
    ///
    /// Guards against a broken copy, not against someone who can write to the folder.
    Sidecar,
    /// Whatever is there.
    DangerUnpinned,
}

/// A component's bytes, pinned.
#[derive(Clone)]
pub struct Component {
    bytes: Vec<u8>,
    sha256: String,
}

impl Component {
    /// Reads a component from a file; blocks while it does.
    ///
    /// Errors: unreadable, longer than 8 MiB, not the pinned bytes, or precompiled.
    pub fn from_path(path: impl AsRef<Path>, pin: Pin) -> Result<Self, SetupError> {
        let path = path.as_ref();
        let bytes = read(path, MAX_BYTES)?;
        let pin = match pin {
            Pin::Sidecar => {
                let mut sidecar = OsString::from(path);
                sidecar.push(".sha256");
                let text = read(Path::new(&sidecar), 4096)?;
                let text = String::from_utf8(text).map_err(|_| SetupError::PinMalformed)?;
                let first = text.split_ascii_whitespace().next();
                Pin::Sha256(first.ok_or(SetupError::PinMalformed)?.to_owned())
            }
            other => other,
        };
        Self::from_bytes(bytes, pin)
    }

    /// Takes a component's bytes; [`Pin::Sidecar`] has no meaning here and is refused.
    ///
    /// Errors: as [`Component::from_path`].
    pub fn from_bytes(bytes: Vec<u8>, pin: Pin) -> Result<Self, SetupError> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(SetupError::TooLarge(MAX_BYTES));
        }
        let sha256 = hexadecimal(&Sha256::digest(&bytes));
        match pin {
            Pin::DangerUnpinned => {}
            Pin::Sidecar => return Err(SetupError::PinMalformed),
            Pin::Sha256(expected) => {
                let expected = expected.to_ascii_lowercase();
                if expected.len() != 64 || !expected.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(SetupError::PinMalformed);
                }
                if expected != sha256 {
                    return Err(SetupError::PinMismatch {
                        expected,
                        found: sha256,
                    });
                }
            }
        }
        if Engine::detect_precompiled(&bytes).is_some() {
            return Err(SetupError::Precompiled);
        }
        Ok(Self { bytes, sha256 })
    }

    /// SHA-256 of the bytes, 64 hexadecimal digits in lower case.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Compiles, unless it is in the cache, and holds imports and exports against the contract. Returns the imports, sorted.
    pub(crate) fn compile(
        &self,
        engine: &Engine,
        max_bytes: u64,
        cache: Option<&CompiledCache>,
    ) -> Result<(wasmtime::component::Component, Vec<String>), SetupError> {
        if self.bytes.len() as u64 > max_bytes {
            return Err(SetupError::TooLarge(max_bytes));
        }
        let component = match cache {
            Some(cache) => cache.component(engine, &self.bytes, &self.sha256),
            None => wasmtime::component::Component::from_binary(engine, &self.bytes),
        }
        .map_err(|error| SetupError::NotAComponent(error.to_string()))?;
        let shape = component.component_type();
        let mut imports = Vec::new();
        for (name, item) in shape.imports(engine) {
            let is_allowed = short_name(name).is_some_and(|name| IMPORTS.contains(&name));
            if !is_allowed || !matches!(item.ty, ComponentItem::ComponentInstance(_)) {
                return Err(SetupError::ImportNotAllowed(name.to_owned()));
            }
            imports.push(name.to_owned());
        }
        imports.sort();
        // wasmtime would take the higher of two patches, and a description the first.
        let exports = shape.exports(engine).map(|(name, _)| name);
        if let Some(twice) = twice(imports.iter().map(String::as_str).chain(exports)) {
            return Err(SetupError::InterfaceMismatch(format!(
                "{twice} is there in two versions"
            )));
        }
        for name in EXPORTS {
            if exported(&shape, engine, name).is_none() {
                return Err(SetupError::ExportMissing(full_name(name)));
            }
        }
        Ok((component, imports))
    }
}

/// At most `max` bytes of a file, and an error for one more.
fn read(path: &Path, max: u64) -> Result<Vec<u8>, SetupError> {
    let unreadable = |_| SetupError::Unreadable(path.to_owned());
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(max + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > max {
        return Err(SetupError::TooLarge(max));
    }
    Ok(bytes)
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}"); // a String takes everything
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn refusal(bytes: &[u8], pin: Pin) -> SetupError {
        Component::from_bytes(bytes.to_vec(), pin).err().unwrap()
    }

    #[test]
    fn a_pin_holds_for_its_bytes_alone() {
        let pin = Pin::Sha256(EMPTY.to_uppercase());
        assert_eq!(
            Component::from_bytes(vec![], pin.clone()).unwrap().sha256(),
            EMPTY
        );
        let SetupError::PinMismatch { expected, .. } = refusal(b"x", pin) else {
            panic!("another refusal");
        };
        assert_eq!(expected, EMPTY);
    }

    #[test]
    fn a_pin_is_64_digits() {
        for pin in [
            "",
            &EMPTY[1..],
            &format!("{EMPTY}0"),
            &EMPTY.replace('e', "g"),
        ] {
            assert_eq!(
                refusal(b"", Pin::Sha256(pin.to_owned())),
                SetupError::PinMalformed
            );
        }
        assert_eq!(refusal(b"", Pin::Sidecar), SetupError::PinMalformed);
    }

    #[test]
    fn every_patch_of_the_version_is_spoken_and_no_other() {
        for version in ["0.1.0", "0.1.1", "0.1.9999"] {
            let name = format!("sso:provider/http@{version}");
            assert_eq!(short_name(&name), Some("http"), "{version}");
        }
        for other in [
            "sso:provider/http@0.2.0",
            "sso:provider/http@0.10.0",
            "sso:provider/http@0.1",
            "sso:provider/http@0.1.",
            "sso:provider/http@0.1.0-rc.1",
            "sso:provider/http@0.1.0+x",
            "sso:provider/http@1.0.1",
            "sso:provider/http",
            "wasi:http/http@0.1.0",
        ] {
            assert_eq!(short_name(other), None, "{other}");
        }
    }

    #[test]
    fn an_interface_is_there_once() {
        let once = ["sso:provider/http@0.1.0", "sso:provider/log@0.1.1"];
        assert_eq!(twice(once.into_iter()), None);
        let again = once.into_iter().chain(["sso:provider/http@0.1.1"]);
        assert_eq!(twice(again), Some("http"));
    }

    #[test]
    fn size_ends_at_the_bound() {
        let bytes = vec![0; MAX_BYTES as usize];
        assert!(Component::from_bytes(bytes, Pin::DangerUnpinned).is_ok());
        let bytes = vec![0; MAX_BYTES as usize + 1];
        assert_eq!(
            refusal(&bytes, Pin::DangerUnpinned),
            SetupError::TooLarge(MAX_BYTES)
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        let path = Path::new("/nowhere/okta_sso.wasm");
        let refusal = Component::from_path(path, Pin::Sidecar).err().unwrap();
        assert_eq!(refusal, SetupError::Unreadable(path.to_owned()));
    }
}
