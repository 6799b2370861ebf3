//! The demonstration: a small world with one partner that keeps its agreement, told by a tour that anybody can repeat
//! by hand; invented people for it, and for benchmarks; and the readers of published sample graphs. All companies and
//! people in it are invented.
//!
//! What it is not: a mock. Everything runs on the same instance, server and log that a platform runs. And no part of
//! what a platform runs: the command has it as a feature, which is on by default and off in what is shipped.
#![forbid(unsafe_code)]

pub mod choices;
pub mod client;
pub mod generate;
pub mod generate_jsonl;
mod import_ldbc;
mod import_snap;
mod invented;
mod random;
pub mod sample_graph;
pub mod tour;
pub mod world;
