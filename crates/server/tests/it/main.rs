//! The end-to-end tests, one binary. A folder is what they drive; a file tests what its name says.
#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "what fails in a test's helper fails the test"
)]

mod admin;
mod attacks;
mod audit;
mod cli;
mod decide;
mod faults;
mod graph;
mod interop;
mod log;
mod network;
mod pages;
mod people;
mod privacy;
mod source;
mod support;
mod telemetry;
