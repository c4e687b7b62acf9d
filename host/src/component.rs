//! Loading a component: size, pin, and what it may import.

use std::path::Path;

use crate::error::SetupError;

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
    pub(crate) bytes: Vec<u8>,
    pub(crate) sha256: String,
}

impl Component {
    /// Reads a component from a file; blocks while it does.
    pub fn from_path(path: impl AsRef<Path>, pin: Pin) -> Result<Self, SetupError> {
        let (_, _) = (path, pin);
        Err(SetupError::NoComponent)
    }

    /// Takes a component's bytes; [`Pin::Sidecar`] has no meaning here and is refused.
    pub fn from_bytes(bytes: Vec<u8>, pin: Pin) -> Result<Self, SetupError> {
        let (_, _) = (bytes, pin);
        Err(SetupError::NoComponent)
    }
}
