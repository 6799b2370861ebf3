//! Feeds bytes to the reader `people_feed`; see feed_parsers.rs.
#![no_main]

#[path = "../feed_parsers.rs"]
mod parsers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| parsers::people_feed(bytes));
