//! Feeds bytes to the reader `screening_list`; see policy_parsers.rs.
#![no_main]

#[path = "../policy_parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::screening_list(bytes));
