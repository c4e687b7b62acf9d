//! Okta sign-in as a WebAssembly component.

pub mod contract;
