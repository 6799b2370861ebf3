//! Feeds bytes to the check of JSON from outside; see parsers.rs.
#![no_main]

#[path = "../parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::json_check(bytes));
