//! `countersign-verify directory`: the check of an auditor who was given how the directory of accounts grew.

use std::path::PathBuf;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_verifier::directory_check::check_directory;
use countersign_verifier::log_check::Question;

use crate::place::LogPlace;
use crate::source::read_file;
use crate::trust::PolicyFile;
use crate::{CannotSay, exit_code, report};

/// Check that the directory of accounts only ever grew, from one close of the log to the newest.
///
/// A ledger shows every secret that its account has under the newest root of the directory. This check excludes that
/// an earlier root had another one, removed since: every epoch must contain everything of the one before, unchanged.
/// Also checks the log, as `countersign-verify log` does.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file that `countersign audit directory` wrote.
    #[arg(value_name = "GROWTH")]
    growth: PathBuf,
    #[command(flatten)]
    log: LogPlace,
    #[command(flatten)]
    policy: PolicyFile,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  A file that you were given, against the log on the web:
    countersign-verify directory directory.growth https://log.example/log --key @log.vkey
  From where the last file ended, which is an epoch: ask for it with
    countersign audit directory --since EPOCH --out directory.growth

It names nobody: labels are outputs of a verifiable random function, and values are commitments. How many accounts
came in each epoch, and how many secrets were rotated or erased, can be counted.";

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let source = arguments.log.open()?;
    let growth = read_file(&arguments.growth)?;
    let policy = arguments.policy.read()?;
    let question =
        Question { policy: policy.as_ref(), ..Question::new(&arguments.log.of.key, now) };
    let mut progress = source.progress();
    let checked = check_directory(&*source.site, &growth, &question, |seen| {
        progress(seen.index + 1, seen.size);
    });
    let checked = checked.map_err(|error| CannotSay(error.to_string()))?;
    report::directory(&checked, arguments.json)?;
    Ok(exit_code(&checked.verdict))
}
