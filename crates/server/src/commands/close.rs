//! `countersign close`: ends the period now.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::periods::ShownPeriod;

use super::reach::Reach;
use super::running::Call;
use super::{Failure, Output};

/// End the period now: bind in the log, for each person, everything that it holds about them since the last close.
///
/// A running server closes periods by itself (`log.close_every_s`); this asks it to close one at once. Without a
/// server the command closes it. Ledgers are proved complete up to the last close.
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
