//! Okta sign-in as a WebAssembly component: a pure core and a thin shell.
//!
//! The core takes time, random bytes and answers as arguments and returns requests and results; it compiles and is
//! tested natively. [`flow`] puts the steps in order and asks for capabilities through one trait,
//! [`capability::Capabilities`]; only `component` knows the component's imports.

pub mod answer;
pub mod authorize;
pub mod base64url;
pub mod callback;
pub mod capability;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod config;
pub mod connection;
pub mod contract;
pub mod describe;
pub mod discovery;
pub mod email;
pub mod error;
pub mod flow;
pub mod form;
#[cfg(target_arch = "wasm32")]
#[expect(unsafe_code, reason = "an allocator hands out memory by address")]
mod heap;
pub mod id_token;
pub mod json;
pub mod jwks;
pub mod jws;
pub mod logout;
pub mod messages;
pub mod origin;
pub mod pkce;
pub mod probe;
pub mod record;
pub mod token;
pub mod transaction;
pub mod unseen;
pub mod user_info;
