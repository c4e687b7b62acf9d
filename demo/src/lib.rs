//! Under construction.

pub mod dev_okta;
