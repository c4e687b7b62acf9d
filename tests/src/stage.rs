//! What faults are played on: a provider over TCP that misbehaves on demand, real database servers, a proxy in front of
//! them, and hosts, in this process and in processes of their own.

pub mod again;
pub mod browser;
pub mod platform;
pub mod provider;
pub mod proxy;
pub mod replica;
pub mod servers;
mod wire;
