//! `countersign-verify`: the program of third parties. It needs the log's public files and the log's key, and
//! no service of the platform. The only private key that it reads is an auditor's own, to sign a result;
//! ledgers, evidence and samples have people's secrets in them, which go nowhere.
//!
//! Exit codes: 0 valid; 1 something that bears this log's signature is a violation; 2 not checked (usage, a file that
//! cannot be read, is damaged or of another kind, log or key) or out of date; 3 a receipt whose deadline has not
//! passed.
#![forbid(unsafe_code)]

mod completions;
mod consent;
mod directory;
mod evidence;
mod http_site;
mod index;
mod index_audit;
mod instant;
mod key_file;
mod ledger;
mod limits;
mod log;
mod manual;
mod monitor;
mod place;
mod receipt;
mod report;
mod source;
mod trust;
mod vkey;
mod wait;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Parser, Subcommand};
use countersign_domain::time::Timestamp;
use countersign_verifier::outcome::Outcome;
use countersign_verifier::verdict::Verdict;

/// Something does not hold.
const DOES_NOT_HOLD: u8 = 1;
/// It cannot be said whether it holds.
const CANNOT_SAY: u8 = 2;
/// A promise that is not due yet.
const NOT_YET: u8 = 3;

/// Checks a Countersign log, and against it answers, receipts, ledgers, evidence, the lists of a period and the
/// directory of accounts. It trusts the keys and policies that you give it, and nothing else.
#[derive(Parser)]
#[command(name = "countersign-verify", version, about, after_help = EXIT_CODES)]
struct Arguments {
    /// The authority that signed a web host's certificate, in PEM; COUNTERSIGN_CA says the same. Without it, those
    /// of the system are trusted.
    #[arg(long, global = true, value_name = "FILE")]
    ca: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 everything holds; 1 something that bears this log's signature does not; 2 not checked (usage, unreadable
input, a file that is damaged or of another kind, log or key), or out of date; 3 a receipt's promise is not due yet. The
first line is the verdict. Colour only on a terminal, and not with NO_COLOR set.";

#[derive(Subcommand)]
enum Command {
    Consent(consent::Arguments),
    Directory(directory::Arguments),
    Evidence(evidence::Arguments),
    Ledger(ledger::Arguments),
    Log(log::Arguments),
    Monitor(monitor::Arguments),
    Receipt(receipt::Arguments),
    Index(index::Arguments),
    IndexAudit(index_audit::Arguments),
    Completions(completions::Arguments),
    Manual(manual::Arguments),
}

/// The exit code of a verdict.
fn exit_code(verdict: &Verdict) -> u8 {
    match verdict.outcome() {
        Outcome::Holds => 0,
        Outcome::Fails => DOES_NOT_HOLD,
        Outcome::Unsaid(_) => CANNOT_SAY,
    }
}

/// Why it cannot be said whether something holds: what was wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct CannotSay(String);

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    arguments.ca.into_iter().for_each(http_site::trust);
    let now = clock();
    let (outcome, json) = match arguments.command {
        Command::Consent(arguments) => (consent::run(&arguments, now), arguments.json),
        Command::Directory(arguments) => (directory::run(&arguments, now), arguments.json),
        Command::Evidence(arguments) => (evidence::run(&arguments, now), arguments.json),
        Command::Ledger(arguments) => (ledger::run(&arguments, now), arguments.json),
        Command::Log(arguments) => (log::run(&arguments, now), arguments.json),
        Command::Monitor(arguments) => (monitor::run(&arguments, clock), arguments.json),
        Command::Receipt(arguments) => (receipt::run(&arguments, now), arguments.json),
        Command::Index(arguments) => (index::run(&arguments, now), arguments.json),
        Command::IndexAudit(arguments) => (index_audit::run(&arguments), arguments.json),
        Command::Completions(arguments) => (completions::run(&arguments), false),
        Command::Manual(arguments) => (manual::run(&arguments), false),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            report::error(&error, json);
            ExitCode::from(CANNOT_SAY)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the outermost edge, where the clock is read")]
fn clock() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    Timestamp::from_seconds(since_1970.map_or(0, |time| time.as_secs()))
}
