//! The integration tests of the server, one binary. A file tests what its name says.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what fails in a test's helper fails the test"
)]

mod commands;
mod decision_matrix;
mod error_envelopes;
mod friends_of_friends;
mod interop_facebook_sdk;
mod partners;
mod people_generate;
mod people_import;
mod people_schema;
mod people_store;
mod people_support;
mod settings;
mod support;
mod suspension;
mod unauthorised;
mod village;
