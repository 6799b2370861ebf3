//! `countersign log periods`: the closed periods of the log.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, Periods};
use countersign_service::operations::periods::ShownPeriod;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::table::Table;
use crate::commands::{Failure, Output};

/// List the newest closed periods of the log, with how many people and records each has.
///
/// The numbers are exact, and for the platform alone. A running server is not disturbed.
///
/// Example: countersign log periods --limit 5
#[derive(Args)]
pub(in crate::commands) struct PeriodList {
    #[command(flatten)]
    instance: InstanceDir,
    /// The most periods.
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: usize,
}

impl PeriodList {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let directory = self.instance.data_dir()?;
        let periods = Periods::open(Arc::new(Posix::new(directory.log())), Limits::default())?;
        let mut table =
            Table::new(["period", "from", "until", "people", "records", "closed", "entry"]);
        let mut shown = Vec::new();
        let count = periods.last().map_or(0, |last| last.number + 1);
        for number in (0..count).rev().take(self.limit) {
            let period = ShownPeriod::of(periods.period(number)?.head());
            table.row([
                period.period.to_string(),
                period.from.to_string(),
                period.until.to_string(),
                period.people.to_string(),
                period.items.to_string(),
                period.time.clone(),
                period.index.to_string(),
            ]);
            shown.push(period);
        }
        output.say(&json!({ "periods": shown }), &table.text("closed period"));
        Ok(ExitCode::SUCCESS)
    }
}
