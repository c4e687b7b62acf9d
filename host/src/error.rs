//! Faults of the host's side; what the component answers is in [`crate::contract`].

use std::fmt;
use std::path::PathBuf;

use crate::codes::Coded;
use crate::self_test::SelfTestError;

/// Why a call has no good result.
///
/// `Display` shows codes and names only, never what was passed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError<E> {
    /// The component did its work and this is its answer.
    Answer(E),
    /// The call used more than it may.
    Limit(Limit),
    /// The component is broken, or broke the contract.
    Trap(Trap),
    /// The call could not be made at all.
    Setup(SetupError),
}

impl<E> CallError<E> {
    /// What went wrong on this side; empty for an answer, which is the component's to tell.
    pub(crate) fn fault(&self) -> String {
        match self {
            Self::Answer(_) => String::new(),
            Self::Limit(limit) => limit.to_string(),
            Self::Trap(trap) => trap.to_string(),
            Self::Setup(error) => error.to_string(),
        }
    }
}

impl<E: Coded> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => f.write_str(&answer.code()),
            Self::Limit(limit) => limit.fmt(f),
            Self::Trap(trap) => trap.fmt(f),
            Self::Setup(error) => error.fmt(f),
        }
    }
}

impl<E: Coded + fmt::Debug> std::error::Error for CallError<E> {}

/// A bound of [`crate::Limits`] that a call ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Limit {
    /// Linear memory.
    #[error("limit: memory")]
    Memory,
    /// Table elements.
    #[error("limit: table elements")]
    Table,
    /// Time on the processor.
    #[error("limit: cpu")]
    Cpu,
    /// Time from start to end.
    #[error("limit: wall")]
    Wall,
    /// The component's stack.
    #[error("limit: stack")]
    Stack,
    /// Resource handles.
    #[error("limit: handles")]
    Handles,
    /// Bytes handed to the host in one capability call.
    #[error("limit: host-call bytes")]
    HostCallBytes,
    /// No place was free in time; nothing was done.
    #[error("limit: busy")]
    Busy,
}

/// How a component broke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trap {
    /// It panicked, or executed what it must not.
    #[error("{0}")]
    Code(wasmtime::Trap),
    /// It used a capability in a call that has none, or outside the capability's own bounds; the text
    /// names the capability.
    #[error("contract breach: {0}")]
    Breach(&'static str),
    /// The host has no random bytes to give.
    #[error("no random bytes")]
    NoRandomBytes,
    /// What it returned, or handed to the host, is not a value of the contract.
    #[error("malformed value")]
    MalformedValue,
}

/// Why a plugin cannot be loaded, or a call not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The builder was given no component.
    #[error("no component was given")]
    NoComponent,
    /// The builder was given no capabilities.
    #[error("no capabilities were given")]
    NoCapabilities,
    /// The file is not there or cannot be read.
    #[error("cannot read {0}")]
    Unreadable(PathBuf),
    /// The component is longer than so many bytes.
    #[error("the component is longer than {0} bytes")]
    TooLarge(u64),
    /// The pin is not 64 hexadecimal digits, or a sidecar was asked for where there is no file.
    #[error("the pin is not a SHA-256 in hexadecimal")]
    PinMalformed,
    /// The bytes are not those of the pin.
    #[error("the component is not the pinned one: its SHA-256 is {found}, not {expected}")]
    PinMismatch {
        /// SHA-256 of the pin.
        expected: String,
        /// SHA-256 of the bytes.
        found: String,
    },
    /// Machine code compiled elsewhere: it would run outside the sandbox.
    #[error("precompiled code is not accepted")]
    Precompiled,
    /// Not a component, or one that uses what is switched off.
    #[error("not a component that this sandbox accepts: {0}")]
    NotAComponent(String),
    /// It wants more than the seven capabilities, or another version of them.
    #[error("the component imports {0}, which no plugin may")]
    ImportNotAllowed(String),
    /// It lacks an interface of this version of the contract.
    #[error("the component does not export {0}")]
    ExportMissing(String),
    /// An interface has the right name and another shape.
    #[error("the component's interfaces are not those of the contract: {0}")]
    InterfaceMismatch(String),
    /// The sandbox cannot be set up on this machine.
    #[error("the sandbox cannot be set up on this machine")]
    Engine,
    /// The default HTTP client cannot be set up on this machine.
    #[error("the HTTP client cannot be set up on this machine")]
    HttpClient,
    /// The extra certificate authorities are no PEM, or none is in it, or one of them is no certificate.
    #[error("the extra certificate authorities are not PEM with one or more whole certificates")]
    ExtraCa,
    /// The egress proxy's address has another form.
    #[error("the egress proxy is not of the form http://[user:password@]host:port")]
    EgressProxy,
    /// The key for compiled code is shorter than 32 bytes.
    #[error("the key for compiled code is shorter than 32 bytes")]
    CompiledCacheKey,
    /// The folder for compiled code cannot be made, or others may enter it.
    #[error("{0} is no folder for this user alone (mode 0700)")]
    CompiledCacheFolder(PathBuf),
    /// The component was not put in its place.
    #[error("the component fails its self-test: {0}")]
    SelfTest(#[from] SelfTestError),
    /// A dynamic call names a function that the component does not export.
    #[error("no such function: {0}")]
    NoSuchFunction(String),
    /// A dynamic call's arguments are not of the function's types.
    #[error("arguments are not of the function's types")]
    ArgumentMismatch,
}
