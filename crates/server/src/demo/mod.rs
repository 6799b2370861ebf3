//! The demonstration: a small world with one partner that keeps its agreement, told by a tour that
//! anybody can repeat by hand. All companies and people in it are invented.
//!
//! What it is not: a mock. Everything runs on the same instance, server and log that a platform runs.

pub mod client;
pub mod tour;
pub mod world;
