//! One call as it went, so that it can be run again elsewhere: the flight recorder.
//!
//! A recording holds what the component was given and what every capability answered. It therefore holds tokens,
//! codes and personal data, and must be kept as a secret; the client's credential is never in it, because it never
//! enters the sandbox. `okta-sso-conformance replay` runs one.

mod folder;
mod json;
mod sealed;
pub(crate) mod tape;

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use folder::{Kept, RecordingFolder};
pub use json::{of, of_val};
pub use sealed::{OpenError, open};

/// Everything that decided one call, in the JSON of [`of_val`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// SHA-256 of the component's bytes, in hexadecimal.
    pub component: String,
    /// Whose call it was: `connection.id`.
    pub connection: String,
    /// What the platform calls the attempt that it belongs to, where it said so ([`crate::Plugin::for_attempt`]).
    pub reference: Option<String>,
    /// `interface.function`.
    pub call: String,
    /// All arguments, the connection among them.
    pub arguments: Vec<Value>,
    /// What the component asked of its host, in order.
    pub trace: Vec<Exchange>,
    /// What the call returned, or `{"fault": …}` with the host's words for a limit or a trap.
    pub outcome: Value,
}

/// One call of a capability.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// `interface.function`.
    pub import: String,
    /// As the component passed them.
    pub arguments: Vec<Value>,
    /// As the host answered; null where the function gives nothing back.
    pub result: Value,
}

impl fmt::Debug for Exchange {
    /// Shows the name alone: the rest may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({})", self.import)
    }
}

/// Decides which calls are recorded, and keeps them.
///
/// Caller must: ask people before, since a recording holds personal data; and keep it encrypted.
pub trait Recorder: Send + Sync {
    /// Whether this connection's calls are recorded now. Asked at the start of every call.
    fn wants(&self, connection_id: &str) -> bool;

    /// Takes one call. It is over by now and its answer is on its way, so a failure here must not become the call's:
    /// log it.
    fn keep(&self, recording: Recording);
}
