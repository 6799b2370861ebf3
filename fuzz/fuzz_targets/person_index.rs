//! Feeds bytes to the parser `person_index`; see parsers.rs.
#![no_main]

#[path = "../parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::person_index(bytes));
