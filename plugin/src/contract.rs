//! The contract's own types, generated from `wit/`: the one vocabulary of this crate.
//!
//! They compile natively too, so the core speaks them directly and nothing is converted at the boundary; a case
//! added to the contract breaks every `match` that does not know it.
#![allow(
    missing_docs,
    unsafe_code,
    unreachable_pub,
    unused_qualifications,
    clippy::all,
    clippy::allow_attributes_without_reason,
    reason = "generated from wit/, which documents each item"
)]

macro_rules! generate {
    ($($derive:tt)*) => {
        wit_bindgen::generate!({
            path: "../wit",
            world: "sso-provider",
            pub_export_macro: true,
            default_bindings_module: "crate::contract",
            additional_derives: [PartialEq, Eq, $($derive)*],
        });
    };
}

#[cfg(not(feature = "serde"))]
generate!();
#[cfg(feature = "serde")]
generate!(serde::Serialize, serde::Deserialize);
