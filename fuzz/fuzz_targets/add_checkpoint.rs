//! Feeds bytes to what a witness reads first: a request that is read is written again in the same bytes.
#![no_main]

use countersign_log::witness::request::AddCheckpoint;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(request) = AddCheckpoint::parse(bytes) {
        assert_eq!(request.to_bytes(), bytes);
    }
});
