//! Feeds bytes to the parser `index_sample`; see parsers.rs.
#![no_main]

#[path = "../parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::index_sample(bytes));
