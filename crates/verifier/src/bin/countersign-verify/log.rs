//! `countersign-verify log`: the check of a whole log.

use std::path::Path;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_protocol::note::NoteKey;
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::state::{State, StateError};
use countersign_verifier::verdict::FAILURES_KEPT_MAX;

use crate::place::LogPlace;
use crate::trust::Trust;
use crate::{CannotSay, exit_code, report};

/// Check a whole log: its tree, every act, every disclosure.
///
/// Recomputes the tree from the entries and compares it with every tile and with the signed
/// checkpoint, checks the signatures under every act, and decides every disclosure again from the
/// public register: was the build approved, was the partner not suspended, did the agreement allow the fields.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(flatten)]
    log: LogPlace,
    #[command(flatten)]
    trust: Trust,
    /// Say that the log is out of date if its newest entry is older than this many seconds.
    #[arg(long, value_name = "SECONDS")]
    max_age_s: Option<u64>,
    /// How many failures of each rule to list; the others are counted.
    #[arg(long, value_name = "COUNT", default_value_t = FAILURES_KEPT_MAX)]
    failures_max: u64,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  A log in a folder:
    countersign-verify log ./data/log --key 'log.example+1f2e3d4c+AQ…'
  A log on the web, as a continuation of what you saw last week, no older than an hour:
    countersign-verify log https://log.example/log --key @log.vkey --since last-week.checkpoint --max-age-s 3600
  A log that witnesses of your choice have watched, and not longer ago than an hour:
    countersign-verify log https://log.example/log --key @log.vkey --policy mine.policy --max-age-s 3600
  Which entries failed which rule:
    countersign-verify log ./data/log --key @log.vkey --json | jq '.failures[] | {entry, rule}'
  Every night, reading only what is new, and never forgetting a lie:
    countersign-verify log https://log.example/log --key @log.vkey --state log.state

With --state the first run reads everything. Later ones refuse a log that has shrunk, or that is not a continuation
of what was read, and remember it. Old files are not read again: leave --state out, now and then, to do that.
To begin again, move the file away; one that is damaged, or another log's, is an error.
To be able to use --since, keep a copy of the file `checkpoint` each time.";

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let key = &arguments.log.of.key;
    let source = arguments.log.open()?;
    let brought = arguments.trust.read(key)?;
    let question = Question {
        max_age_s: arguments.max_age_s,
        failures_kept_max: arguments.failures_max,
        ..brought.question(key, now)
    };
    let mut progress = source.progress();
    let checked = check_log(&*source.site, &question, |seen| progress(seen.index + 1, seen.size));
    let checked = checked.map_err(|error| CannotSay(error.to_string()))?;
    let kept = arguments.trust.keep(&brought, &checked.state);
    report::log(&checked.verdict, arguments.json)?;
    let code = exit_code(&checked.verdict);
    if code != 0 {
        // What was found matters more than that it could not be kept.
        kept.unwrap_or_else(|error| report::not_kept(&error));
        return Ok(code);
    }
    kept.map(|()| 0)
}

/// The state in this file, or that of the beginning.
pub(crate) fn kept(path: &Path, key: &NoteKey) -> Result<State, CannotSay> {
    let read = State::read(path, key).map_err(|error| unusable(path, &error))?;
    Ok(read.unwrap_or_else(|| State::new(key.name())))
}

/// Keeps the state in this file, if there is anything new in it.
pub(crate) fn keep(path: &Path, state: &State, before: &State) -> Result<(), CannotSay> {
    if !state.goes_beyond(before) {
        return Ok(());
    }
    state.write(path).map_err(|error| CannotSay(error.to_string()))
}

fn unusable(path: &Path, error: &StateError) -> CannotSay {
    let path = path.display();
    CannotSay(format!("{path}: {error}. To begin again from the first entry, move the file away"))
}
