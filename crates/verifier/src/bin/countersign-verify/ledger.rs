//! `countersign-verify ledger`: the check of what a person was given about themselves.

use std::path::PathBuf;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_verifier::ledger::{Question, check};

use crate::consent::read_receipt;
use crate::place::LogKey;
use crate::source::read_file;
use crate::trust::{GivenAt, PolicyFile};
use crate::{CannotSay, exit_code, instant, report};

/// Check a person's ledger: is it complete, within their settings, within their grants?
///
/// The bundle has everything that the log holds about one person. The check needs nothing else but the log's
/// key: it follows the closes of all periods from the first one to one signed checkpoint, looks for the person's
/// secrets in the directory, in every period for what the index has under them, opens every record, and holds it
/// against what the person had chosen. It is complete since the first period whose close has the person's secret in its
/// directory. Only you know which account it should be, since when, and what you chose: give --account,
/// --account-since and your consent receipts. Keep the bundle private: it contains secrets with which a reader finds
/// you in the log.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The bundle, as the platform gave it.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    #[command(flatten)]
    log: LogKey,
    #[command(flatten)]
    policy: PolicyFile,
    #[command(flatten)]
    given: GivenAt,
    /// Your account, as the platform names it: fails if the ledger is of another one, also of one that looks alike.
    #[arg(long)]
    account: Option<String>,
    /// Since when you have had the account, as 2027-01-31, as 2027-01-31T08:00:00Z or in seconds since 1970: fails if
    /// the first close from then on does not have it. A date is its first second in UTC. An account that was made
    /// while a period was being closed is in the next close, so the day after is a good date. Without it, an account
    /// that was published late, so that less is shown, is not detected.
    #[arg(long, value_name = "DATE", value_parser = instant::parse)]
    account_since: Option<Timestamp>,
    /// A consent receipt that you kept, in a file: fails if it is under another secret than those shown, or if its
    /// record is missing. Its signature is not checked. May be given more than once.
    #[arg(long, value_name = "FILE")]
    receipt: Vec<PathBuf>,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  A bundle that was just fetched:
    countersign-verify ledger me.ledger --key @log.vkey --policy mine.policy \\
      --account ada --account-since 2027-01-31 --receipt choice-1.receipt
  Who got what, as JSON:
    countersign-verify ledger me.ledger --key @log.vkey --json | jq '.ledger.lines[].released | values'

What stands in no period yet is shown as provisional: nothing proves that it is everything, until the next close does.";

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let bundle = read_file(&arguments.bundle)?;
    let policy = arguments.policy.read()?;
    let at = arguments.given.time().unwrap_or(now);
    let receipts = arguments.receipt.iter().map(|path| read_receipt(path));
    let receipts = receipts.collect::<Result<Vec<_>, _>>()?;
    let question = Question {
        policy: policy.as_ref(),
        account: arguments.account.as_deref(),
        account_since: arguments.account_since,
        receipts: &receipts,
        ..Question::new(&arguments.log.key, at)
    };
    let (verdict, ledger) = check(&bundle, &question);
    report::ledger(&verdict, ledger.as_ref(), arguments.json)?;
    Ok(exit_code(&verdict))
}
