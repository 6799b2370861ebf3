//! `cargo xtask bench [NAME]`: benchmarks that print ratios measured in one run.

mod decide;
mod deployment;
mod flood;
mod flooder;
mod floor_work;
mod friends_read;
mod process;
mod sources;
mod table;

pub(crate) mod floor_server;
pub(crate) mod load;

use std::process::{Command, ExitCode};

use crate::failure::Outcome;
use crate::shell;

/// The arguments of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    name: Name,
}

/// The benchmarks.
#[derive(clap::Subcommand)]
enum Name {
    /// A viewer and up to 400 friends, seven fields each, over loopback, against the floor.
    #[command(name = "friends_read")]
    FriendsRead(friends_read::FriendsRead),
    /// Side by side on the same people: what a team would write instead, PostGraphile, and Countersign.
    Sources(sources::Sources),
    /// The decision alone, 338 friends x 40 fields, against Cedar, regorus and casbin asked for the same.
    Decide(decide::Decide),
    /// What others notice of a client that floods the server, phase by phase of a request, and the memory that it
    /// takes.
    Flood(flood::FloodBench),
    /// The floor's arithmetic alone: what one answer cannot do without, timed in one thread.
    #[command(name = "floor_work")]
    FloorWork(floor_work::FloorWork),
    /// The memory and the time that it takes to count distinct people.
    Budgets,
    /// The person index of a close over a million people, against its hashes alone.
    #[command(name = "person_index")]
    PersonIndex,
    /// What verifying a million entries costs, from the start and with a kept state, and how fast a log grows.
    Verify,
    /// A close over a million people, on a disk, against its hashes alone, with the memory that it takes.
    Close,
    /// Leaving nothing of erased people behind in a store of a million, against a plain copy, and who waits for it.
    Erasure,
    /// What an answer reads, from the people replica and from LMDB alone, among ten thousand people and a million.
    Store,
    /// A person's ledger after ten years of daily closes: its size, and the time to verify it.
    Ledger,
}

impl Bench {
    /// Runs it, with its own program optimised: what it times itself would else be too slow, and the
    /// floor too low.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        match &self.name {
            Name::Budgets => run_example("countersign-policy", "budget_cost"),
            Name::PersonIndex => run_example("countersign-verifier", "index_cost"),
            Name::Verify => run_example("countersign-verifier", "verify_cost"),
            Name::Close => run_example("countersign-log", "close_cost")
                .and_then(|_| run_example("countersign", "directory_cost")),
            Name::Erasure => run_example("countersign", "erasure_cost"),
            Name::Store => run_example("countersign", "store_cost"),
            Name::Ledger => run_example("countersign-verifier", "ledger_cost"),
            Name::Flood(bench) if bench.unoptimised => bench.run(),
            _ if cfg!(debug_assertions) => run_optimised(),
            Name::FriendsRead(bench) => bench.run(),
            Name::Sources(bench) => bench.run(),
            Name::Decide(bench) => bench.run(),
            Name::FloorWork(bench) => bench.run(),
            Name::Flood(bench) => bench.run(),
        }
    }
}

/// Runs a measurement that is an example of one of our crates, since nothing here depends on the product.
fn run_example(package: &str, example: &str) -> Outcome<ExitCode> {
    let arguments = ["run", "--profile", "dist", "--package", package, "--example", example];
    shell::run(shell::cargo().args(arguments))?;
    Ok(ExitCode::SUCCESS)
}

/// Builds this program as it would be shipped and runs the same command with it.
fn run_optimised() -> Outcome<ExitCode> {
    shell::run(shell::cargo().args(["build", "--profile", "dist", "--package", "xtask"]))?;
    let mut again = Command::new(shell::target_dir().join("dist/xtask"));
    let status = shell::status(again.args(std::env::args_os().skip(1)))?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
