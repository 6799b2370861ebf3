//! `cargo xtask bench [NAME]`: benchmarks that print ratios measured in one run.

mod deployment;
mod floor_work;
mod friends_read;
mod histogram;
mod process;
mod table;

pub(crate) mod floor_server;
pub(crate) mod load;

use std::process::ExitCode;

use crate::failure::Outcome;

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
    /// The floor's arithmetic alone: what one answer cannot do without, timed in one thread.
    #[command(name = "floor_work")]
    FloorWork(floor_work::FloorWork),
}

impl Bench {
    /// Runs it.
    pub(crate) fn run(&self) -> Outcome<ExitCode> {
        match &self.name {
            Name::FriendsRead(bench) => bench.run(),
            Name::FloorWork(bench) => bench.run(),
        }
    }
}
