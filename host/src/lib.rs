//! Embeds a sign-in component in a platform: sandbox, limits, capabilities.

mod bindings;
pub mod capability;
mod codes;
mod component;
pub mod contract;
pub mod credential;
mod engine;
mod error;
mod exchange;
mod limits;
mod permit;
mod plugin;
mod scope;
mod state;
pub mod store;

pub use capability::{
    AwsLcSignatures, Cache, Capabilities, Clock, Http, HttpError, HttpRequest, HttpResponse, Log,
    OsRandom, Random, RandomError, SignatureError, Signatures, SystemClock, TracingLog,
};
pub use codes::Coded;
pub use component::{Component, Pin};
pub use credential::{CredentialError, Credentials, Secret};
pub use error::{CallError, Limit, SetupError, Trap};
pub use limits::Limits;
pub use plugin::{Plugin, PluginBuilder, Signature};
pub use scope::{Scope, StorageKey};
pub use store::{Storage, StorageError};
