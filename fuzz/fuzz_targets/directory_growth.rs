//! Feeds bytes to the parser `directory_growth`; see parsers.rs.
#![no_main]

#[path = "../parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::directory_growth(bytes));
