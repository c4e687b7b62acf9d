//! Conformance cases as data, and what runs them: a host whose clock, randomness, storage and network are scripts.
//!
//! The component under test is the real one, in the real sandbox. See `README.md` for how a case is written.
#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value indexed by a name that it lacks is null, and a panic here is a failed test"
)]

pub mod broken;
pub mod case;
pub mod connection;
pub mod coverage;
pub mod expect;
pub mod flat;
pub mod host;
pub mod hosts;
pub mod inputs;
pub mod inventory;
pub mod key;
pub mod kit;
pub mod live;
pub mod mutation;
pub mod neighbour;
pub mod okta;
pub mod part;
pub mod provider;
pub mod replay;
pub mod report;
pub mod rig;
pub mod run;
pub mod script;
pub mod soak;
pub mod stage;
pub mod template;
pub mod token;
pub mod value;
