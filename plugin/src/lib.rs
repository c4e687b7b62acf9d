//! Okta sign-in as a WebAssembly component: a pure core and a thin shell.
//!
//! The core takes time, random bytes and answers as arguments and returns requests and results; it compiles and is
//! tested natively. [`flow`] puts the steps in order and asks for capabilities through one trait,
//! [`capability::Capabilities`]; only `component` knows the component's imports.

pub mod capability;
pub mod config;
pub mod connection;
pub mod contract;
pub mod describe;
pub mod json;
pub mod messages;
pub mod probe;
