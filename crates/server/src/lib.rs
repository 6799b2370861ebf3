//! The program `countersign`: its commands, its configuration, and how they put together the application
//! (`countersign-service`) and its HTTP side (`countersign-http`).
//!
//! What it is not: a place for operations. A command parses its arguments, calls the application, and says what
//! happened.
#![forbid(unsafe_code)]

pub mod commands;
pub mod config;
pub mod instance;
pub mod telemetry;
