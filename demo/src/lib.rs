//! Ledgerline: a product with tenants, users and an Okta button, and a development Okta to sign in with.
#![expect(
    dead_code,
    reason = "the pages of settings and people that use the rest of the tables are not written yet"
)]

mod accounts;
mod connections;
mod database;
pub mod dev_okta;
mod domains;
mod history;
mod invitations;
mod ledgerline;
mod metrics;
mod operators;
mod password;
mod seal;
pub mod serve;
mod sessions;
mod setup;
mod sign_in;
mod tenants;
mod token;
mod web;
