//! The commands, one file each. A command parses its arguments, calls the application, and says what
//! happened; with `--json` it says so to programs.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use countersign_http::settings::Telemetry;
use serde_json::json;

use crate::telemetry;

mod agreement;
mod audit;
mod check;
mod completions;
#[cfg(feature = "demo")]
pub mod demo;
mod describe;
#[cfg(test)]
mod documented;
mod files;
mod governance;
mod init;
mod instance_dir;
mod key;
mod log;
mod manual;
mod partner;
mod people;
mod reach;
mod running;
mod serve;
mod signing;
mod source;
mod status;
mod table;
mod unix_connector;

/// Where an instance is, and how the first day goes.
const HELP: &str = "\
Commands that work on an instance take its folder from --dir, or from the environment variable
COUNTERSIGN_DIR, or are run in it. What they are about comes first: countersign people ledger ada --out ada.ledger

Examples, on the first day:

  countersign init --dir platform --origin log.example.org/2026
  export COUNTERSIGN_DIR=platform
  countersign people import jsonl people.jsonl
  countersign serve";

/// A data-sharing gateway whose answers are decided, logged, and checked by third parties.
///
/// Countersign sits between a platform's user data and its partners, decides about
/// every field of every person in an answer, logs the answer before it leaves, and lets third parties check.
#[derive(Parser)]
#[command(name = "countersign", version, max_term_width = 100, after_long_help = HELP)]
struct Cli {
    /// Print one JSON document instead of text: the result, or {"error": …, "because": […]}.
    #[arg(long, global = true)]
    json: bool,
    #[command(flatten)]
    server: running::ServerOptions,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Init(init::Init),
    Serve(serve::Serve),
    Status(status::Status),
    Check(check::Check),
    #[cfg(feature = "demo")]
    Demo(demo::Demo),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Source(source::Source),
    #[command(subcommand)]
    Agreement(agreement::Agreement),
    #[command(subcommand)]
    Partner(partner::Partner),
    #[command(subcommand)]
    People(people::People),
    #[command(subcommand)]
    Governance(governance::Governance),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand)]
    Log(log::Log),
    Completions(completions::Completions),
    Manual(manual::Manual),
}

/// The exit code for arguments that are none.
const EXIT_USAGE: u8 = 2;

/// What a command ends with when it fails: the sentence for the person who ran it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How a command speaks.
#[derive(Clone, Copy)]
struct Output {
    json: bool,
}

impl Output {
    /// Says what happened: the document to programs, the text to people.
    fn say(self, document: &serde_json::Value, text: &str) {
        let mut out = std::io::stdout().lock();
        let said = if self.json { writeln!(out, "{document}") } else { writeln!(out, "{text}") };
        // What was done is done; a reader who has gone away, as `head` does, is no failure of it.
        let _ = said.and_then(|()| out.flush());
    }

    /// Says why it failed: to people on standard error, and to programs in a document.
    fn failed(self, failure: &dyn std::error::Error) -> ExitCode {
        explain(failure);
        if self.json {
            let because = causes(failure);
            self.say(&json!({ "error": failure.to_string(), "because": because }), "");
        }
        ExitCode::FAILURE
    }

    /// Says something beside what happened to people, who may be sending the rest into a file. Programs
    /// find it in the document.
    fn note(self, text: &str) {
        if !self.json {
            // As above: a reader who has gone away is no failure.
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }
}

/// Runs the command of this process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error),
    };
    // Servers tell what they do; other commands say what they did, and only trouble besides.
    let serves = match &cli.command {
        Command::Serve(_) => true,
        Command::Log(command) => command.serves(),
        _ => false,
    };
    let level = if serves { "countersign=info,warn" } else { "warn" };
    let output = Output { json: cli.json };
    let telemetry = match &cli.command {
        Command::Serve(command) => command.telemetry(),
        _ => Telemetry::default(),
    };
    let _installed = match telemetry::install(&telemetry, level) {
        Ok(installed) => installed,
        Err(failure) => return output.failed(&failure),
    };
    // One provider for all of TLS; it can only have been installed before by this same line.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli.server.install();
    dispatch(cli.command, output).unwrap_or_else(|failure| output.failed(&*failure))
}

/// Says what is wrong with the arguments, or shows the help that they ask for.
fn not_parsed(error: &clap::Error) -> ExitCode {
    // A reader who has gone away is no failure.
    let _ = error.print();
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        Output { json: true }.say(&json!({ "error": text, "because": [] }), "");
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(EXIT_USAGE))
}

fn dispatch(command: Command, output: Output) -> Result<ExitCode, Failure> {
    match command {
        Command::Init(command) => command.run(output),
        Command::Serve(command) => command.run(output),
        Command::Status(command) => command.run(output),
        Command::Check(command) => command.run(output),
        #[cfg(feature = "demo")]
        Command::Demo(command) => command.run(output),
        Command::Key(command) => command.run(output),
        Command::Source(command) => command.run(output),
        Command::Agreement(command) => command.run(output),
        Command::Partner(command) => command.run(output),
        Command::People(command) => command.run(output),
        Command::Governance(command) => command.run(output),
        Command::Audit(command) => command.run(output),
        Command::Log(command) => command.run(output),
        Command::Completions(command) => command.run(),
        Command::Manual(command) => command.run(output),
    }
}

/// Says why a command failed, with what lies behind it.
#[expect(clippy::print_stderr, reason = "this is where commands speak")]
fn explain(failure: &dyn std::error::Error) {
    eprintln!("error: {failure}");
    for cause in causes(failure) {
        eprintln!("  because: {cause}");
    }
}

/// The causes of an error, the nearest first, but for those that the one before it says itself.
fn causes(failure: &dyn std::error::Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut last = failure.to_string();
    let mut cause = failure.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !last.contains(&said) {
            causes.push(said.clone());
        }
        last = said;
        cause = error.source();
    }
    causes
}
