//! `countersign-verify evidence`: the check of what an operator hands over about what went to whom.

use std::path::PathBuf;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_protocol::note::NoteKey;
use countersign_verifier::evidence::{Against, Question, check};

use crate::limits::Limits;
use crate::log::read_policy;
use crate::source::{Source, bar, read_file};
use crate::{CannotSay, DOES_NOT_HOLD, report};

/// Check evidence: is what it shows in the log, was it right, and does the page say what it proves?
///
/// The file is a page for people with the proof of it embedded. The check replays every act with its signatures,
/// decides each disclosure again against what was in force before it, and makes the page anew: a page that says
/// anything else fails. With the public log it also finds what was left out.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file that `countersign evidence` wrote.
    file: PathBuf,
    /// The log's key, as `name+id+key`. Get it from somewhere other than the platform.
    #[arg(long, value_name = "VKEY")]
    key: NoteKey,
    /// A policy, in the C2SP format, of the witnesses that you trust: fails unless its quorum has cosigned the
    /// checkpoint.
    #[arg(long, value_name = "POLICY-FILE")]
    policy: Option<PathBuf>,
    /// The folder or the URL of the public log: fails if the evidence leaves something out that it has.
    /// A person's evidence shows by itself that it is complete.
    #[arg(long, value_name = "PATH-OR-URL")]
    site: Option<String>,
    /// Of a person's evidence: when you were given it, in seconds since 1970; without it, when it says that it
    /// was made. The newest close is to be of the last 24 hours before.
    #[arg(long, value_name = "SECONDS")]
    at: Option<u64>,
    #[command(flatten)]
    limits: Limits,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  What it shows, offline:
    countersign-verify evidence aurora.html --key \"$(cat log.vkey)\" --policy mine.policy
  The same, and that nothing was left out:
    countersign-verify evidence aurora.html --key \"$(cat log.vkey)\" --site https://log.example/log
  Which categories went, as JSON:
    countersign-verify evidence aurora.html --key \"$(cat log.vkey)\" --json | jq '.evidence.sent[] | {build, category}'

What was refused is the operator's word, and is not checked: no entry of the log has it.";

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let file = read_file(&arguments.file)?;
    let policy = arguments.policy.as_deref().map(read_policy).transpose()?;
    let open = |site: &String| Source::open(site, &arguments.limits);
    let source = arguments.site.as_ref().map(open).transpose()?;
    let at = arguments.at.map(Timestamp::from_seconds);
    let question = Question { key: &arguments.key, policy: policy.as_ref(), now, at };
    let mut progress = bar("entries");
    let against =
        source.as_ref().map(|source| Against { site: &*source.site, progress: &mut progress });
    let checked = check(&file, &question, against);
    let (verdict, evidence) = checked.map_err(|error| CannotSay(error.to_string()))?;
    report::evidence(&verdict, evidence.as_ref(), source.is_some(), arguments.json)?;
    Ok(if verdict.holds() { 0 } else { DOES_NOT_HOLD })
}
