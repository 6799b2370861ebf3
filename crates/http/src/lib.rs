//! The HTTP side of an instance: what partners' clients, the public and the platform's own engineers reach, one file an
//! endpoint, and the limits within which all of them are served.
//!
//! What it is not: it decides nothing and changes nothing by itself. Each endpoint turns bytes into a typed request of
//! `countersign-service`, and its result into bytes. A success response about a person is made of a
//! `countersign_log` `Answer` and of nothing else, so that what was not logged cannot leave.
#![forbid(unsafe_code)]

pub mod admin;
pub mod admin_error;
pub mod bearer;
mod browsers;
mod connections;
pub mod decide;
pub mod deliver;
pub mod endpoints;
pub mod errors;
pub mod extract;
pub mod gateway;
pub mod gpc;
pub mod graph;
pub mod health;
pub mod ledger_page;
pub mod login;
pub mod metrics;
pub mod network;
pub mod openapi;
pub mod page;
pub mod router;
pub mod scrape;
pub mod served;
pub mod serving;
pub mod settings;
mod signals;
pub mod site;
pub mod start_files;
mod trace;
mod trouble;
pub mod witness;
