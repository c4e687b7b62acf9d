//! Ledgerline: a product with tenants, users and an Okta button, and a development Okta to sign in with.

mod accounts;
mod activation;
mod connections;
mod database;
pub mod dev_okta;
mod domain_requests;
mod domains;
mod drafts;
mod history;
mod invitations;
mod ledgerline;
mod link_moves;
mod metrics;
mod moment;
mod operators;
mod password;
mod recovery;
mod resemblance;
mod seal;
pub mod serve;
mod sessions;
mod setup;
mod sign_in;
mod tenants;
mod token;
mod trials;
mod web;
