//! The example `own_source` does what it says.
#![allow(clippy::unwrap_used, reason = "what fails in a test's helper fails the test")]

#[path = "../examples/own_source.rs"]
mod own_source;

#[test]
fn example_own_source_reads_an_api_by_its_mapping() {
    own_source::main().unwrap();
}
