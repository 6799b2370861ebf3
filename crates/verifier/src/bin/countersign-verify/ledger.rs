//! `countersign-verify ledger`: the check of what a person was given about themselves.

use std::path::PathBuf;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_verifier::ledger::{Question, check};
use countersign_verifier::note::NoteKey;

use crate::log::read_policy;
use crate::source::read_file;
use crate::{CannotSay, DOES_NOT_HOLD, report};

/// Check a person's ledger: is it complete, within their settings, within their grants?
///
/// The bundle has everything that the log holds about one person. The check needs nothing else but the log's
/// key: it follows the closes of all periods from the first one to one signed checkpoint, looks for the person's
/// secrets in the directory, in every period for what the index has under them, opens every record, and holds it
/// against what the person had chosen. Keep the bundle to yourself: with the secrets in it, whoever reads it finds
/// you in the log.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The bundle, as the platform gave it.
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// The log's key, as `name+id+key`. Get it from somewhere other than the platform.
    #[arg(long, value_name = "VKEY")]
    key: NoteKey,
    /// A policy, in the C2SP format, of the witnesses that you trust: fails unless its quorum has cosigned the
    /// checkpoint. Without one the platform could show you a log of your own.
    #[arg(long, value_name = "POLICY-FILE")]
    policy: Option<PathBuf>,
    /// When the bundle was fetched, in seconds since 1970, if that was not just now: the newest close is to be of
    /// the last 24 hours before.
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  A bundle that was just fetched:
    countersign-verify ledger me.ledger --key \"$(cat log.vkey)\" --policy mine.policy
  Who got what, as JSON:
    countersign-verify ledger me.ledger --key \"$(cat log.vkey)\" --json | jq '.ledger.lines[].released | values'

What stands in no period yet is shown as provisional: nothing proves that it is everything, until the next close does.";

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let bundle = read_file(&arguments.bundle)?;
    let policy = arguments.policy.as_deref().map(read_policy).transpose()?;
    let at = arguments.at.map_or(now, Timestamp::from_seconds);
    let question = Question { key: &arguments.key, policy: policy.as_ref(), at };
    let (verdict, ledger) = check(&bundle, &question);
    report::ledger(&verdict, ledger.as_ref(), arguments.json)?;
    Ok(if verdict.holds() { 0 } else { DOES_NOT_HOLD })
}
