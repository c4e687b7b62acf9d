//! The contract's own types and imports, generated from `wit/`.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated from wit/, which documents each item"
)]

wit_bindgen::generate!({
    path: "../../wit",
    world: "sso-provider",
    pub_export_macro: true,
    default_bindings_module: "crate::contract",
    additional_derives: [PartialEq, Eq],
});
