//! The promise is a type: code in which data leaves undecided or unlogged does not compile.

#[test]
fn code_that_breaks_the_promise_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
