//! Ledgerline: a product with tenants, users and an Okta button, and a development Okta to sign in with.
//!
//! Under construction: the tables and the decision about who comes in are here, the pages are not.
#![expect(
    dead_code,
    reason = "the pages that use the tables are not written yet"
)]

mod accounts;
mod connections;
mod database;
pub mod dev_okta;
mod domains;
mod history;
mod invitations;
mod password;
mod seal;
mod sessions;
mod setup;
mod sign_in;
mod tenants;
mod token;
