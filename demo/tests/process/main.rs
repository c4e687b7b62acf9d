//! The product as a process: how it starts, what it is told while it runs, and how it ends.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as expected"
)]

#[path = "../product/browser.rs"]
#[expect(dead_code, reason = "the product's own tests use the rest")]
mod browser;
mod component;
mod crowds;
mod ends;
mod memory;
mod providers;
mod refusals;
mod sealing;
mod stage;
