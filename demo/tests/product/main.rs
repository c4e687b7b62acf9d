//! The product over HTTP, with the real component and the development Okta: what a person's browser sees.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as expected"
)]

mod bad_input;
mod browser;
mod canary;
mod okta;
mod password;
mod server;
mod sign_out;
mod stage;
