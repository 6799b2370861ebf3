//! `countersign governance act`: acts in files, on their way from one signer to the next.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::text::controls;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_service::governance::Submission;
use countersign_service::operations::acts::Posted;
use serde_json::json;

use crate::commands::instance_dir::InstanceDir;
use crate::commands::signing::{self, LogName, SignWith};
use crate::commands::{Failure, Output, describe, files};

/// An act on its way.
const EXAMPLES: &str = "\
Examples, for an act that another command wrote with --out act.json:

  countersign governance act show act.json
  countersign governance act sign act.json --sign reviewer:ben=ben.key --origin log.example.org/2026
  countersign governance act submit act.json";

/// Show, sign or hand in an act that a command wrote with --out.
#[derive(Subcommand)]
#[command(after_long_help = EXAMPLES)]
pub(in crate::commands) enum Act {
    Show(Show),
    Sign(Sign),
    Submit(Submit),
}

/// Show what an act does, who signed it, and whose signature is missing.
///
/// Example: countersign governance act show approve.json
#[derive(Args)]
pub(in crate::commands) struct Show {
    /// The file of the act.
    file: PathBuf,
}

/// Add signatures to an act. Read it first: `countersign governance act show FILE`.
///
/// A signer who signs again replaces their own signature.
///
/// Example: countersign governance act sign approve.json --origin log.example.org/2026 --sign reviewer:ann=ann.key
#[derive(Args)]
pub(in crate::commands) struct Sign {
    /// The file of the act.
    file: PathBuf,
    #[command(flatten)]
    log: LogName,
    /// Sign with this key file, as root, partner:NAME or reviewer:NAME. Can be given again.
    #[arg(long = "sign", value_name = "SIGNER=KEYFILE", required = true)]
    sign: Vec<SignWith>,
}

/// Hand in an act that has all of its signatures.
///
/// Example: countersign governance act submit approve.json
#[derive(Args)]
pub(in crate::commands) struct Submit {
    #[command(flatten)]
    instance: InstanceDir,
    /// The file of the act.
    file: PathBuf,
}

impl Act {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        match self {
            Self::Show(command) => command.run(output),
            Self::Sign(command) => command.run(output),
            Self::Submit(command) => command.run(output),
        }
    }
}

impl Show {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let Posted { origin, act, document } = files::read_json(&self.file)?;
        let posted = Posted { origin, ..Posted::of(Submission::new(act, document)?)? };
        let signed = &posted.act;
        let what = describe::act(&signed.act);
        let missing = signing::missing(signed);
        let by: Vec<String> = signed.signatures.iter().map(|s| s.by.to_string()).collect();
        let until = signed.time.plus_seconds(ACT_SKEW_S);
        let or_nobody = |names: &[String]| {
            if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
        };
        let mut text = format!(
            "{what}\nsigned for {}, to be handed in until {until}\nsigned by   {}\nmissing     {}",
            signed.time,
            or_nobody(&by),
            or_nobody(&missing)
        );
        if let Some(origin) = &posted.origin {
            text = format!("{text}\nfor the log {origin:?}");
        }
        if let Some(document) = &posted.document {
            text = format!("{text}\ndocument\n{}", shown(document)?);
        }
        let document = json!({
            "origin": posted.origin, "act": posted.act, "document": posted.document, "what": what,
            "signed_by": by, "missing": missing, "until": until.to_string(),
        });
        output.say(&document, &text);
        Ok(ExitCode::SUCCESS)
    }
}

impl Sign {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let posted: Posted = files::read_json(&self.file)?;
        let origin = self.log.origin()?;
        signing::sign_into(posted.submission_for(&origin)?, &origin, &self.sign, &self.file, output)
    }
}

impl Submit {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let posted: Posted = files::read_json(&self.file)?;
        let reach = self.instance.reach()?;
        let submission = posted.submission_for(reach.config.origin())?;
        let what = describe::act(&submission.act.act);
        let index = signing::hand_in(&reach, submission, "take the file there", output)?;
        let document = json!({ "index": index, "done": what });
        output.say(&document, &format!("Done: {what} (entry {index} of the log)"));
        Ok(ExitCode::SUCCESS)
    }
}

/// A document as it can be read on a terminal, its characters of control as JSON escapes them.
fn shown(document: &serde_json::Value) -> serde_json::Result<String> {
    let mut shown = String::new();
    for character in serde_json::to_string_pretty(document)?.chars() {
        if controls(character) && character != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Ok(shown)
}
