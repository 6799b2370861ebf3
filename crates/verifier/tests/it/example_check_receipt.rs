//! The example `check_receipt` does what it says.

#[path = "../../examples/check_receipt.rs"]
mod check_receipt;

#[test]
fn example_checks_a_receipt_and_finds_a_changed_answer() {
    check_receipt::main().unwrap();
}
