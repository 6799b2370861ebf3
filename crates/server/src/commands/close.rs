//! `countersign close`: ends the period now.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::reach::Reach;
use super::running::Call;
use super::{Failure, Output};
use crate::service::periods::ShownPeriod;

/// End the period now: bind in the log, for each person, everything that it holds about them since the last close.
///
/// A running server closes by itself (`log.close_every_s`), and this asks it to do so at once; without a server it is
/// done here. What a person's ledger proves to be complete ends at the last close.
///
/// Example: countersign close platform
#[derive(Args)]
pub(super) struct Close {
    /// The folder of the instance.
    dir: PathBuf,
}

impl Close {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = Reach::open(&self.dir)?;
        let closed: ShownPeriod = reach.call(&Call::close(), async |here| here.close().await)?;
        let ShownPeriod { period, from, until, people, items, index, .. } = &closed;
        let text = format!(
            "Closed period {period}: entries from {from} to before {until}, {items} records of {people} people; the close is entry {index}"
        );
        output.say(&serde_json::to_value(&closed)?, &text);
        Ok(ExitCode::SUCCESS)
    }
}
