//! Embeds a sign-in component in a platform: sandbox, limits, capabilities.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use okta_sso_host::contract::{Callback, Connection, Identity, LoginRequest};
//! use okta_sso_host::{Capabilities, Component, Credentials, Pin, Plugin, Storage};
//!
//! /// Once, when the platform starts: compiles the component.
//! fn start(
//!     storage: Arc<dyn Storage>,
//!     credentials: Arc<dyn Credentials>,
//! ) -> Result<Plugin, Box<dyn std::error::Error>> {
//!     let component = Component::from_path("target/plugin/okta_sso.wasm", Pin::Sidecar)?;
//!     let capabilities = Capabilities::new(storage, credentials);
//!     Ok(Plugin::builder().component(component).capabilities(capabilities).load()?)
//! }
//!
//! /// The *Okta* button: where to send the browser, and the cookie to set on the way
//! /// (`__Host-sso-HANDLE`, `Secure; HttpOnly; SameSite=Lax; Path=/`).
//! async fn button(
//!     plugin: &Plugin,
//!     connection: &Connection,
//! ) -> Result<(String, String), Box<dyn std::error::Error>> {
//!     let request = LoginRequest { login_hint: None, return_to: None, prompt: None };
//!     let redirect = plugin.begin(connection, &request).await?;
//!     let cookie = format!("__Host-sso-{}={}", redirect.handle, redirect.browser_binding);
//!     Ok((redirect.url, cookie))
//! }
//!
//! /// The browser is back: who is there. The platform finds its own user by (connection, issuer,
//! /// subject) and opens its own session.
//! async fn callback(
//!     plugin: &Plugin,
//!     connection: &Connection,
//!     query: String,
//!     cookie: Option<String>,
//! ) -> Result<Identity, Box<dyn std::error::Error>> {
//!     let callback = Callback { query, browser_binding: cookie };
//!     Ok(plugin.complete(connection, &callback).await?.identity)
//! }
//! ```
//!
//! # What the host does, and does not do
//!
//! Every call runs in a fresh instance with bounds on memory, time and words ([`Limits`]), and is
//! over when it returns: the instance is dropped. A [`CallError::Answer`] is the component's decision;
//! [`CallError::Limit`] and [`CallError::Trap`] are faults, and nobody is signed in by them.
//!
//! Each capability is judged before it is used: requests go to the connection's own hosts and carry
//! credentials to their own endpoints alone, storage keys are scoped to the connection, log lines are
//! bounded and escaped. The client secret never enters the sandbox, except in [`Plugin::check`], which
//! runs with every capability denied.
//!
//! Not done here: users, sessions, pages; and no decision about a token.

#[cfg(feature = "axum")]
pub mod axum;
mod bindings;
pub mod capability;
mod codes;
mod compiled;
mod component;
pub mod contract;
pub mod credential;
mod engine;
mod error;
mod exchange;
mod limits;
mod loaded;
mod permit;
mod plugin;
pub mod record;
mod sandbox;
mod scope;
mod self_test;
mod state;
pub mod store;

pub use capability::{
    AwsLcSignatures, Cache, Capabilities, Clock, Deadlines, Http, HttpClient, HttpError,
    HttpOptions, HttpRequest, HttpResponse, Log, MemoryCache, OsRandom, Random, RandomError,
    Resolver, SignatureError, Signatures, SystemClock, SystemResolver, TracingLog,
};
pub use codes::Coded;
pub use compiled::CompiledCache;
pub use component::{Component, Pin};
pub use credential::{ClientKey, CredentialError, Credentials, Secret};
pub use error::{CallError, Limit, SetupError, Trap};
pub use limits::Limits;
pub use permit::Occupancy;
pub use plugin::{Plugin, PluginBuilder, Signature};
pub use scope::{Scope, StorageKey};
pub use self_test::SelfTestError;
#[cfg(feature = "postgres")]
pub use store::PostgresStorage;
#[cfg(feature = "redis")]
pub use store::RedisStorage;
pub use store::{MemoryStorage, SqliteStorage, Storage, StorageError};
