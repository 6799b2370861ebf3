//! `countersign-verify consent`: the check of the receipt for a choice against the log.

use std::path::PathBuf;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_protocol::note::NoteKey;
use countersign_verifier::consent_check::{HeldLedger, check_consent};

use crate::limits::Limits;
use crate::source::{Source, read_file};
use crate::trust::Trust;
use crate::{CannotSay, receipt, report};

/// Check the receipt for a choice: is what was chosen in the log, as the platform promised?
///
/// Checks the platform's signature, that the record is under the root of the entry that the receipt names, and that
/// this entry stands in the log where it says. The log is checked as by `log` on the way. Exit code 3 means that the
/// entry is not published yet and need not be. With a ledger it also checks that the ledger shows this choice: one that
/// was made under another secret, or left out, does not.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file with the receipt: the value of the header `countersign-consent-receipt`.
    #[arg(value_name = "RECEIPT")]
    receipt: PathBuf,
    /// The folder or the URL of the log's public files.
    #[arg(long, value_name = "PATH-OR-URL")]
    log: String,
    /// The log's key, as `name+id+key`. Get it from somewhere other than the log itself.
    #[arg(long, value_name = "VKEY")]
    key: NoteKey,
    /// The person's ledger bundle, which has to show the choice.
    #[arg(long, value_name = "BUNDLE")]
    ledger: Option<PathBuf>,
    /// When the bundle was fetched, in seconds since 1970, if that was not just now.
    #[arg(long, value_name = "SECONDS", requires = "ledger")]
    at: Option<u64>,
    #[command(flatten)]
    trust: Trust,
    #[command(flatten)]
    limits: Limits,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  A receipt, under a policy of witnesses that you trust:
    countersign-verify consent choice.receipt --log https://log.example/log --key \"$(cat log.vkey)\" --policy mine.policy
  The same against your ledger:
    countersign-verify consent choice.receipt --log https://log.example/log --key \"$(cat log.vkey)\" --ledger me.ledger

Without --policy, --since and --state the receipt is proved against one checkpoint, which the platform may have made
for you alone. Keep receipts to yourself: with them anybody finds this choice in the log and sees that it is yours.";

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let text = read_file(&arguments.receipt)?;
    let text = String::from_utf8_lossy(&text);
    let ledger = arguments.ledger.as_deref().map(read_file).transpose()?;
    let at = arguments.at.map_or(now, Timestamp::from_seconds);
    let held = ledger.as_deref().map(|bytes| HeldLedger { bytes, at });
    let source = Source::open(&arguments.log, &arguments.limits)?;
    let brought = arguments.trust.read(&arguments.key)?;
    let question = brought.question(&arguments.key, now);
    let checked = check_consent(&*source.site, &question, &text, held, source.progress());
    let checked = checked.map_err(|error| CannotSay(error.to_string()))?;
    let kept = arguments.trust.keep(&brought, &checked.state);
    report::consent(&checked, arguments.json)?;
    receipt::outcome(checked.verdict.holds(), checked.promise, kept)
}
