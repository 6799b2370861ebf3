//! The commands, one file each. A command parses its arguments, calls the application, and says what
//! happened; with `--json` it says so to programs.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::json;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

mod agreement;
mod audit;
mod check;
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
mod partner;
mod people;
mod reach;
mod running;
mod serve;
mod signing;
mod source;
mod status;
mod table;

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
    let filter = match log_filter(std::env::var("COUNTERSIGN_LOG").ok().as_deref(), level) {
        Ok(filter) => filter,
        Err(failure) => return output.failed(&*failure),
    };
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        // A line that cannot be written, to a disk that is full, is lost; saying so would panic.
        .log_internal_errors(false)
        .init();
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

/// What is logged: as `COUNTERSIGN_LOG` says, or from `level` on. A word that is no level would be taken for the name
/// of a module, and silence everything else.
fn log_filter(wanted: Option<&str>, level: &str) -> Result<EnvFilter, Failure> {
    let wanted = wanted.map(str::trim).filter(|wanted| !wanted.is_empty()).unwrap_or(level);
    let is_known = |directive: &str| {
        directive.contains(['=', '['])
            || directive.contains("::")
            || directive.starts_with("countersign")
            || directive.parse::<LevelFilter>().is_ok()
    };
    let allowed = "a level (off, error, warn, info, debug, trace) or MODULE=LEVEL, as in countersign_log=debug";
    if let Some(unknown) = wanted.split(',').map(str::trim).find(|word| !is_known(word)) {
        return Err(format!("COUNTERSIGN_LOG: {unknown:?} is not {allowed}").into());
    }
    let filter = EnvFilter::try_new(wanted);
    filter.map_err(|error| format!("COUNTERSIGN_LOG: {error}; expected {allowed}").into())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_filter_refuses_what_is_no_level() {
        for fine in
            ["", "debug", "OFF", "3", "warn,countersign_log=debug", "hyper::client", "countersign"]
        {
            assert!(log_filter(Some(fine), "warn").is_ok(), "{fine}");
        }
        assert!(log_filter(None, "countersign=info,warn").is_ok());
        for (wrong, named) in [
            ("debg", "\"debg\""),
            ("warn, verbose", "\"verbose\""),
            ("hyper=loud", "COUNTERSIGN_LOG: "),
        ] {
            let error = log_filter(Some(wrong), "warn").unwrap_err().to_string();
            assert!(error.contains(named) && error.contains("debug, trace"), "{error}");
        }
    }
}
