//! The verifier as outsiders meet it, one module per thing that the tests stand on.
#![expect(clippy::panic, clippy::unwrap_used, reason = "in a test, a panic is the finding")]

mod interop_go;
mod interop_transparency_dev;
mod tools;
