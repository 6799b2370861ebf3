//! Tests of `countersign-policy` from outside, all in one binary.

mod support;

#[cfg(feature = "prove")]
mod prove;
