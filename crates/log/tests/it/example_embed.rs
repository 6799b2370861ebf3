//! The example `embed` does what it says.

#[path = "../../examples/embed.rs"]
mod embed;

#[test]
fn example_embeds_the_log_and_the_verifier_reads_it() {
    embed::main().unwrap();
}
