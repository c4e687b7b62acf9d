//! The product over HTTP, with the real component and the development Okta: what a person's browser sees.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first thing that is not as expected"
)]

mod audit;
mod bad_input;
mod browser;
mod canary;
mod forms;
mod guide;
mod history;
mod log;
mod misbehaviour;
mod okta;
mod operator;
mod password;
mod people;
mod place;
mod recordings;
mod recovery;
mod server;
mod settings;
mod sign_out;
mod stage;
mod tampered_rows;
mod throttles;
mod words;

use okta_sso_conformance::stage::again;

/// Everything that is in this program, over PostgreSQL.
#[tokio::test]
async fn the_product_over_postgres() {
    again::over_postgres().await.unwrap();
}
