//! Hosts of the contract, in three languages, as the tests use them: over their real capabilities, called with JSON.

pub mod broken;
pub mod probe;
pub mod program;
pub mod provider;
pub mod rust;
pub(crate) mod wire;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;

use crate::part;

/// The hosts that there are, by the language that they are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    /// wasmtime, in this process.
    Rust,
    /// `host/examples/node`.
    Node,
    /// `host/examples/python`.
    Python,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rust, Self::Node, Self::Python];

    /// As the command line, the parts of the tests and the folders of `host/examples` call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Node => "node",
            Self::Python => "python",
        }
    }

    /// Brings what the host needs. False where `SKIP` names it.
    ///
    /// # Errors
    /// When something is missing; `tests/part` has said how to install it.
    pub fn bring(self) -> Result<bool> {
        match self {
            Self::Rust => Ok(true),
            Self::Node | Self::Python => part::bring(self.name()),
        }
    }
}

/// A running host with one component loaded.
#[async_trait]
pub trait Host: Send + Sync {
    /// Calls `interface.function` with all its arguments: on behalf of `connection`, or with every capability denied.
    ///
    /// # Errors
    /// When the host itself failed: the test is off, and the component not judged.
    async fn call(
        &self,
        connection: Option<&Value>,
        function: &str,
        arguments: Vec<Value>,
    ) -> Result<Outcome>;

    /// Sets the host's clock; `None` is the machine's own.
    ///
    /// # Errors
    /// As above.
    async fn set_clock(&self, now: Option<u64>) -> Result<()>;

    /// Everything that was logged since the last time.
    fn events(&self) -> Vec<Event>;
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// What the function returned; of a result its `ok`.
    Value(Value),
    /// The `err` of a result.
    Refusal(Value),
    /// The call was ended by the host.
    Fault(String),
}

/// An event of the component, as the host keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Whose call it was.
    pub connection: String,
    /// The contract's name.
    pub level: String,
    /// The code.
    pub code: String,
    /// Names and values.
    pub fields: Vec<(String, String)>,
}

/// What a host is started with.
#[derive(Debug, Clone)]
pub struct Start {
    /// A file with its SHA-256 beside it; relative ones are of `target/plugin`.
    pub component: PathBuf,
    /// The secret of every connection's client.
    pub client_secret: String,
    /// For one exchange.
    pub deadline: Duration,
}

impl Start {
    /// As a platform in development would, with `component`.
    #[must_use]
    pub fn with(component: impl Into<PathBuf>) -> Self {
        Self {
            component: component.into(),
            client_secret: crate::host::CLIENT_SECRET.to_owned(),
            deadline: Duration::from_secs(10),
        }
    }
}
