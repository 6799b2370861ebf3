//! Tests of `countersign-policy` from outside, all in one binary.

mod agree;
mod outside_cedar;
mod registers;
mod support;

#[cfg(feature = "prove")]
mod prove;
