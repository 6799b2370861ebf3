//! `countersign-verify evidence`: the check of what an operator hands over about what went to whom.

use std::path::PathBuf;

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_verifier::evidence::{Against, Question, check};

use crate::limits::Limits;
use crate::place::LogKey;
use crate::source::{Source, bar, read_file};
use crate::trust::{GivenAt, PolicyFile};
use crate::{CannotSay, exit_code, report};

/// Check evidence: is its content in the log, was it permitted, and does the page say what it proves?
///
/// The file is a page for people with the proof of it embedded. The check replays every act with its signatures,
/// decides each disclosure again against what was in force before it, and generates the page again: a page that
/// differs fails. With the public log it also finds omissions.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The file that `countersign audit evidence` wrote.
    file: PathBuf,
    #[command(flatten)]
    log: LogKey,
    #[command(flatten)]
    policy: PolicyFile,
    /// The folder or the URL of the public log: fails if the evidence omits an entry of it.
    /// A person's evidence shows by itself that it is complete.
    #[arg(long, value_name = "PATH-OR-URL")]
    site: Option<String>,
    #[command(flatten)]
    given: GivenAt,
    #[command(flatten)]
    limits: Limits,
    /// Print one JSON document instead of the report.
    #[arg(long)]
    pub(crate) json: bool,
}

const EXAMPLES: &str = "\
Examples:
  What it shows, offline:
    countersign-verify evidence aurora.html --key @log.vkey --policy mine.policy
  The same, and that nothing was left out:
    countersign-verify evidence aurora.html --key @log.vkey --site https://log.example/log
  Which categories went, as JSON:
    countersign-verify evidence aurora.html --key @log.vkey --json | jq '.evidence.sent[] | {build, category}'

What was refused is the operator's word, and is not checked: no entry of the log has it.";

pub(crate) fn run(arguments: &Arguments, now: Timestamp) -> Result<u8, CannotSay> {
    let file = read_file(&arguments.file)?;
    let policy = arguments.policy.read()?;
    let open = |site: &String| Source::open(site, &arguments.limits);
    let source = arguments.site.as_ref().map(open).transpose()?;
    let at = arguments.given.time();
    let question = Question { key: &arguments.log.key, policy: policy.as_ref(), now, at };
    let mut progress = bar("entries");
    let against =
        source.as_ref().map(|source| Against { site: &*source.site, progress: &mut progress });
    let checked = check(&file, &question, against);
    let (verdict, evidence) = checked.map_err(|error| CannotSay(error.to_string()))?;
    report::evidence(&verdict, evidence.as_ref(), source.is_some(), arguments.json)?;
    Ok(exit_code(&verdict))
}
