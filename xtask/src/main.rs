//! Runs the project's tests and benchmarks, and packs what is shipped: `cargo xtask --help`.
//!
//! What it is not: a part of the product. It calls `cargo` and the built programs as anybody would.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command for people")]

mod bench;
mod failure;
mod package;
mod postgres;
mod shell;
mod test;

use std::process::ExitCode;

use clap::Parser;

/// Countersign's tests, benchmarks and packages.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Sets up what the tests need, runs them, and prints one line of totals at the end.
    Test(test::Test),
    /// Runs benchmarks and prints their tables.
    Bench(bench::Bench),
    /// Builds what is shipped: an archive with the programs, Debian packages, the root of a container.
    Package(package::Package),
    /// Asks a server the questions of a file, over and over, and measures (used by `bench`).
    #[command(hide = true)]
    Load(bench::load::Load),
    /// Serves the same bytes to every request: the least that a server can do (used by `bench`).
    #[command(hide = true)]
    Floor(bench::floor_server::Floor),
}

fn main() -> ExitCode {
    let done = match Command::parse() {
        Command::Test(test) => test.run(),
        Command::Bench(bench) => bench.run(),
        Command::Package(package) => package.run(),
        Command::Load(load) => load.run(),
        Command::Floor(floor) => floor.run(),
    };
    match done {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}
