//! The product over HTTP, with the real component and the development Okta: what a person's browser sees.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as expected"
)]

mod bad_input;
mod browser;
mod canary;
mod forms;
mod guide;
mod history;
mod okta;
mod operator;
mod password;
mod people;
mod recordings;
mod recovery;
mod server;
mod settings;
mod sign_out;
mod stage;
mod words;
