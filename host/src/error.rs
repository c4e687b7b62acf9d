//! Faults of the host's side; what the component answers is in [`crate::contract`].

use std::fmt;

use crate::codes::Coded;

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
    /// It panicked, or executed what it must not; the text is the sandbox's own name for it.
    #[error("trap: {0}")]
    Code(&'static str),
    /// It used a capability in a call that has none, or outside the capability's own bounds.
    #[error("trap: contract breach: {0}")]
    Breach(&'static str),
    /// The host has no random bytes to give.
    #[error("trap: no random bytes")]
    NoRandomBytes,
    /// What it returned is not a value of the contract.
    #[error("trap: malformed answer")]
    MalformedAnswer,
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
}
