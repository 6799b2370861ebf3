//! `countersign-verify consent`: the check of the receipt for a choice against the log.

use std::path::{Path, PathBuf};

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_protocol::consent_receipt::ConsentReceipt;
use countersign_verifier::consent_check::{HeldLedger, check_consent};
use countersign_verifier::consent_file::receipt_text;
use countersign_verifier::log_check::Question;

use crate::place::LogOption;
use crate::source::read_file;
use crate::trust::{GivenAt, Trust};
use crate::wait::Wait;
use crate::{CannotSay, receipt, report};

/// Check the receipt for a choice: is what was chosen in the log, as the platform promised?
///
/// Checks the platform's signature, that the record is under the root of the entry that the receipt names, and that
/// this entry is in the log at its index. Also checks the log, as `log` does. Exit code 3: the entry is not published,
/// and its deadline has not passed. With a ledger it also checks that the ledger shows this choice, and was not made
/// under another secret.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file with the receipt: the value of the header `countersign-consent-receipt`, the headers that carry it, or
    /// the answer of the API, as it came.
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    #[command(flatten)]
    log: LogOption,
    /// The person's ledger bundle, which must show the choice.
    #[arg(long, value_name = "BUNDLE")]
    ledger: Option<PathBuf>,
    #[command(flatten)]
    given: GivenAt,
    #[command(flatten)]
    wait: Wait,
    #[command(flatten)]
    trust: Trust,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  A receipt, under a policy of witnesses that you trust:
    countersign-verify consent choice.receipt --log https://log.example/log --key @log.vkey --policy mine.policy
  The same against your ledger:
    countersign-verify consent choice.receipt --log https://log.example/log --key @log.vkey --ledger me.ledger

Without --policy, --since and --state the receipt is proved against one checkpoint, which the platform may have made
for you alone. Keep receipts to yourself: with them anybody finds this choice in the log and sees that it is yours.";

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let Arguments { log, given, .. } = arguments;
    let text = read_receipt(&arguments.receipt)?;
    let ledger = arguments.ledger.as_deref().map(read_file).transpose()?;
    if ledger.is_none() && given.time().is_some() {
        return Err(CannotSay("--at is about the ledger: give --ledger with it".to_owned()));
    }
    let at = given.time().unwrap_or(now);
    let held = ledger.as_deref().map(|bytes| HeldLedger { bytes, at });
    let source = log.open()?;
    let brought = arguments.trust.read(&log.of.key)?;
    let question = brought.question(&log.of.key, now);
    let index = ConsentReceipt::read(&text).ok().map(|receipt| receipt.index);
    let now = arguments.wait.until_published(&source, &question, index)?;
    let question = Question { now, ..question };
    let checked = check_consent(&*source.site, &question, &text, held, source.progress());
    let checked = checked.map_err(|error| CannotSay(error.to_string()))?;
    let kept = arguments.trust.keep(&brought, &checked.state);
    report::consent(&checked, arguments.json)?;
    receipt::outcome(&checked.verdict, checked.promise, kept)
}

/// The receipt for a choice in a file.
pub(crate) fn read_receipt(path: &Path) -> Result<String, CannotSay> {
    let text = receipt_text(&read_file(path)?);
    let not_checked =
        |why| CannotSay(format!("{}: no receipt for a choice: {why}", path.display()));
    text.map_err(not_checked)
}
