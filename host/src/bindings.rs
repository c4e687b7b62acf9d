//! The contract's types and calls, generated from `wit/`: the one `bindgen!` of this crate.
#![allow(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated from wit/, which documents each item"
)]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "sso-provider",
    imports: { default: async | trappable },
    exports: { default: async },
    additional_derives: [PartialEq, Eq, serde::Serialize],
});
