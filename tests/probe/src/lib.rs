//! A component of the contract that signs nobody in: it tries its host and says which promises are broken.
//!
//! To a host it is a plugin like any other. `login.rehearse` runs one check: the callback's `query` names it, its
//! `browser-binding` is what the check is run with. What is broken comes back as findings; what only an onlooker can
//! judge, such as the same draw in two calls, comes back as what was seen. The other exports do nothing.
//!
//! [`checks`] lists the checks. What runs them, on which connections and how many at a time, is `tests/src/kit.rs`.

pub mod checks;
#[cfg(target_arch = "wasm32")]
mod component;
pub mod contract;
pub mod report;
