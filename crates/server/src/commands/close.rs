//! `countersign close`: ends the period now.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use countersign_log::Log;

use super::reach::Reach;
use super::{Failure, Output};
use crate::closes::Closes;
use crate::gateway::admin::closes::ShownPeriod;

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
        let closed: ShownPeriod = match reach.server() {
            Some(server) => server.close()?,
            None => {
                let closes = open_closes(&reach)?;
                ShownPeriod::of(&closes.close()?.head)
            }
        };
        let ShownPeriod { period, from, until, people, items, index, .. } = &closed;
        let text = format!(
            "Closed period {period}: entries from {from} to before {until}, {items} records of {people} people; the close is entry {index}"
        );
        output.say(&serde_json::to_value(&closed)?, &text);
        Ok(ExitCode::SUCCESS)
    }
}

/// What closes the periods of an instance whose log this command has open.
pub(super) fn open_closes(reach: &Reach) -> Result<Closes, Failure> {
    let log: Log = reach.log().ok_or("the log is not open")?.clone();
    let people = Arc::new(reach.people()?);
    Ok(Closes::open(&reach.directory, log, people, reach.config.log.close_every_s)?)
}
