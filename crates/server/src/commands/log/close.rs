//! `countersign log close`: ends the period now.

use std::process::ExitCode;

use clap::Args;
use countersign_service::operations::periods::ShownPeriod;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::running::Call;
use crate::commands::{Failure, Output};

/// End the period now: bind in the log, for each person, everything that it holds about them since the last close.
///
/// A running server closes periods by itself (`log.close_every_s`); this asks it to close one at once. Without a
/// server the command closes it. It returns when the close is published. Ledgers are proved complete up to the last
/// close.
///
/// Example: countersign log close
#[derive(Args)]
pub(in crate::commands) struct Close {
    #[command(flatten)]
    instance: InstanceDir,
}

impl Close {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let reach = self.instance.reach()?;
        let closed: ShownPeriod = reach.call(&Call::close(), async |here| here.close().await)?;
        let ShownPeriod { period, from, until, people, items, index, .. } = &closed;
        let text = format!(
            "Closed period {period}: entries from {from} to before {until}, {items} records of {people} people; the close is entry {index}"
        );
        output.say(&serde_json::to_value(&closed)?, &text);
        Ok(ExitCode::SUCCESS)
    }
}
