//! The vocabulary of Countersign, one noun per file, and the two functions that give it meaning:
//! [`terms`], what an agreement allows at an instant, and [`decide`](mod@decide), which fields of
//! which person are released.
//!
//! What it is not: it does no I/O and reads no clock (time is a parameter everywhere), it knows no
//! wire format (those are `countersign-verifier`'s) and no cryptography.
#![forbid(unsafe_code)]

pub mod act;
pub mod agreement;
pub mod build;
pub mod decide;
pub mod digest;
pub mod field;
pub mod grant;
pub mod identifier;
pub mod key;
pub mod mask;
pub mod partner;
pub mod permission;
pub mod person;
pub mod reason;
pub mod register;
pub mod relation;
pub mod request;
pub mod route;
pub mod rules;
pub mod schema;
pub mod settings;
pub mod terms;
pub mod text;
pub mod time;
