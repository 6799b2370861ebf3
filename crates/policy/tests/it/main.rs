//! Tests of `countersign-policy` from outside, all in one binary. A file tests what its name says.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what fails in a test's helper fails the test"
)]

mod agree;
mod life;
mod listing_support;
mod lists;
mod matching;
mod measured;
mod outcome;
mod outside_cedar;
mod ownership;
mod policy_parsers;
mod registers;
mod scenario_2018;
mod support;
mod variants;
mod variants_frozen;

#[cfg(feature = "prove")]
mod prove;
