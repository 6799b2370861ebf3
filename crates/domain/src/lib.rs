//! The vocabulary of Countersign, one noun per file, and the functions that give it meaning:
//! [`terms`](mod@terms), what agreements allow at an instant, [`ruling`](mod@ruling), what the register
//! says beside them, and [`decide`](mod@decide), which fields of which person are released.
//!
//! What it is not: it does no I/O and reads no clock (time is a parameter everywhere), it knows no
//! wire format (those are `countersign-protocol`'s) and no cryptography.
#![forbid(unsafe_code)]

pub mod act;
pub mod agreement;
pub mod budget;
pub mod build;
pub mod clause;
pub mod contract;
pub mod decide;
pub mod digest;
pub mod field;
pub mod grant;
pub mod identifier;
pub mod key;
pub mod mask;
pub mod nearest;
pub mod obligation;
pub mod partner;
pub mod permission;
pub mod person;
pub mod pledge;
pub mod preset;
pub mod reason;
pub mod register;
pub mod relation;
pub mod remedy;
pub mod request;
pub mod rounding;
pub mod route;
pub mod rules;
pub mod ruling;
pub mod schema;
pub mod screening;
pub mod settings;
pub mod terms;
pub mod text;
pub mod time;
pub mod wind_down;
