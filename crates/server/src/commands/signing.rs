//! What every command that acts has in common: the act is signed with the keys at hand, and then
//! handed in, or written to a file for the next one to sign.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use countersign_domain::act::{Act, Signer};
use countersign_people::data_dir::DataDir;
use countersign_people::keys::SecretKey;
use countersign_protocol::entry::SignedAct;
use countersign_service::governance::{Submission, Taken};
use countersign_service::operations::acts::Posted;
use countersign_verifier::confusable_names::confusable_names;
use serde_json::json;

use super::instance_dir::{InstanceDir, option_for};
use super::reach::Reach;
use super::{Failure, Output, describe, files};
use crate::config::{Config, ConfigError};

/// Who signs, and where the act goes.
#[derive(Args)]
pub(super) struct Signing {
    /// Sign with this key file, as root, partner:NAME or reviewer:NAME. Can be given again.
    #[arg(long = "sign", value_name = "SIGNER=KEYFILE")]
    sign: Vec<SignWith>,
    /// Write the act to this file instead of handing it in, for `countersign governance act sign` elsewhere.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// How a partner signs: where the instance is, or elsewhere, where it names the log and writes the act to a file.
#[derive(Args)]
pub(super) struct PartnerSigning {
    #[command(flatten)]
    instance: InstanceDir,
    /// The name of the log, where its instance is elsewhere: the act is written to --out, for the platform to hand in.
    #[arg(long, requires = "out")]
    origin: Option<String>,
    #[command(flatten)]
    signing: Signing,
}

/// The log that signatures are for: that of an instance which is here, or of one which is elsewhere.
#[derive(Args)]
pub(super) struct LogName {
    #[command(flatten)]
    instance: InstanceDir,
    /// The name of the log, where its instance is elsewhere: no instance is looked at, and the field schema is the
    /// one that a new instance begins with.
    #[arg(long)]
    origin: Option<String>,
}

/// A signer with the file of their key.
#[derive(Clone)]
pub(super) struct SignWith {
    by: Signer,
    key: PathBuf,
}

/// An act that the log did not take, and what its signatures lack.
#[derive(Debug, thiserror::Error)]
#[error("the act was not taken: {reason}{advice}")]
struct NotTaken {
    reason: String,
    advice: String,
}

/// A signer who is named twice.
#[derive(Debug, thiserror::Error)]
#[error("{by} is to sign twice; four eyes are two people")]
struct SignsTwice {
    by: Signer,
}

impl FromStr for SignWith {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (by, key) = text
            .split_once('=')
            .ok_or_else(|| "SIGNER=KEYFILE is expected, as reviewer:ann=ann.key".to_owned())?;
        let by = by.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { by, key: PathBuf::from(key) })
    }
}

impl Signing {
    /// Signs the act and hands it in, or writes it out. `done` says what has happened once it is taken.
    pub(super) fn finish(
        &self,
        reach: &Reach,
        mut submission: Submission,
        done: &str,
        output: Output,
    ) -> Result<ExitCode, Failure> {
        sign(&mut submission, reach.config.origin(), &self.sign)?;
        if let Some(file) = &self.out {
            return write_out(submission, file, reach, output);
        }
        let next = "write the act to a file with --out FILE";
        let taken = hand_in(reach, submission, next, output)?;
        say_taken(&taken, done, output);
        Ok(ExitCode::SUCCESS)
    }
}

impl PartnerSigning {
    /// Signs the act, and hands it in or writes it out. `done` says what has happened once it is taken.
    pub(super) fn finish(
        &self,
        submission: Submission,
        done: &str,
        output: Output,
    ) -> Result<ExitCode, Failure> {
        match (&self.origin, &self.signing.out) {
            (Some(origin), Some(out)) => {
                sign_into(submission, origin, &self.signing.sign, out, output)
            }
            _ => self.signing.finish(&self.reach()?, submission, done, output),
        }
    }

    /// Whether the instance is elsewhere.
    pub(super) const fn is_elsewhere(&self) -> bool {
        self.origin.is_some()
    }

    /// The instance, where it is here.
    pub(super) fn reach(&self) -> Result<Reach, Failure> {
        match Config::read(&DataDir::new(self.instance.path()).config()) {
            Err(error @ ConfigError::Missing { .. }) => {
                Err(format!("{error}; where it is elsewhere, name its log with --origin, and a file for the act with --out").into())
            }
            _ => self.instance.reach(),
        }
    }
}

impl LogName {
    /// The name of the log that signatures are for.
    pub(super) fn origin(&self) -> Result<String, Failure> {
        if let Some(origin) = &self.origin {
            return Ok(origin.clone());
        }
        match Config::read(&DataDir::new(self.instance.path()).config()) {
            Ok(config) => Ok(config.origin().to_owned()),
            Err(error @ ConfigError::Missing { .. }) => {
                Err(format!("{error}; where it is elsewhere, name its log with --origin").into())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The folder of the instance, unless it is elsewhere.
    pub(super) fn dir(&self) -> Option<&Path> {
        self.origin.is_none().then(|| self.instance.path())
    }
}

/// Says where an act stands now.
pub(super) fn say_taken(taken: &Taken, done: &str, output: Output) {
    let Taken { index, is_new } = taken;
    let text = if *is_new {
        format!("{done} (entry {index} of the log)")
    } else {
        format!("Nothing was added: the log says this already, in entry {index}")
    };
    output.say(&json!({ "index": index, "is_new": is_new, "done": done }), &text);
}

/// Adds signatures to an act, and writes it to a file for the next signer.
pub(super) fn sign_into(
    mut submission: Submission,
    origin: &str,
    signers: &[SignWith],
    file: &Path,
    output: Output,
) -> Result<ExitCode, Failure> {
    sign(&mut submission, origin, signers)?;
    let what = describe::act(&submission.act.act);
    let by: Vec<_> = submission.act.signatures.iter().map(|s| s.by.to_string()).collect();
    let missing = missing(&submission.act);
    write(submission, origin, file)?;
    let shown = file.display();
    let next = if missing.is_empty() {
        format!("It has all signatures. Next: countersign governance act submit {shown}")
    } else {
        format!("Still missing: {}", missing.join(", "))
    };
    let document = json!({ "file": shown.to_string(), "signed_by": by, "missing": missing });
    let verb = if by.is_empty() { "Wrote to" } else { "Signed in" };
    output.say(&document, &format!("{verb} {shown}: {what}.\n{next}"));
    Ok(ExitCode::SUCCESS)
}

/// Adds the signatures of these signers; whoever has signed before replaces their own signature.
fn sign(submission: &mut Submission, origin: &str, signers: &[SignWith]) -> Result<(), Failure> {
    for (at, SignWith { by, key }) in signers.iter().enumerate() {
        if signers.iter().take(at).any(|earlier| earlier.by == *by) {
            return Err(SignsTwice { by: by.clone() }.into());
        }
        let key = SecretKey::read(key)?;
        let signed = submission.act.signatures.iter().position(|signature| signature.by == *by);
        submission.sign(origin, by.clone(), &key)?;
        if let Some(at) = signed {
            // The new one, which is the last, takes the place of the old one.
            submission.act.signatures.swap_remove(at);
        }
    }
    Ok(())
}

/// Hands an act in: where it stands then. If the log does not take it, the error says whose
/// signatures are missing and how to get them, beginning with `first`.
pub(super) fn hand_in(
    reach: &Reach,
    submission: Submission,
    first: &str,
    output: Output,
) -> Result<Taken, Failure> {
    note_confusable(reach, &submission, output)?;
    let missing = missing(&submission.act);
    reach.submit(submission).map_err(|error| {
        let advice = if missing.is_empty() {
            String::new()
        } else {
            advice(&missing, first, reach.config.origin())
        };
        NotTaken { reason: error.to_string(), advice }.into()
    })
}

/// Says that the name of the partner that is registered looks like another one's.
fn note_confusable(reach: &Reach, submission: &Submission, output: Output) -> Result<(), Failure> {
    let Act::Partner(new) = &submission.act.act else { return Ok(()) };
    let known = reach.register()?.partners;
    let others = known.iter().filter(|partner| partner.id != new.id);
    for alike in confusable_names(others.chain([new])) {
        if alike.partners.iter().any(|(id, _)| *id == new.id) {
            output.note(&format!("notice: {alike}"));
        }
    }
    Ok(())
}

/// Writes an act for the log of this name to a file.
fn write(submission: Submission, origin: &str, file: &Path) -> Result<(), Failure> {
    let posted = Posted { origin: Some(origin.to_owned()), ..Posted::of(submission)? };
    Ok(files::replace(file, &format!("{}\n", serde_json::to_string_pretty(&posted)?))?)
}

fn write_out(
    submission: Submission,
    file: &Path,
    reach: &Reach,
    output: Output,
) -> Result<ExitCode, Failure> {
    let dir = option_for(reach.directory.path());
    let missing = missing(&submission.act);
    let what = describe::act(&submission.act.act);
    write(submission, reach.config.origin(), file)?;
    let shown = file.display();
    let next = if missing.is_empty() {
        format!("It has all signatures. Next: countersign governance act submit {shown}{dir}")
    } else {
        format!(
            "Still missing: {}. Next: countersign governance act sign {shown} --sign SIGNER=KEYFILE{dir}",
            missing.join(", ")
        )
    };
    let document = json!({ "file": shown.to_string(), "missing": missing });
    output.say(&document, &format!("Wrote to {shown}: {what}.\n{next}"));
    Ok(ExitCode::SUCCESS)
}

/// Whose signatures an act still lacks, as far as the act itself tells; whether those that are there
/// hold is for the log to say.
pub(super) fn missing(signed: &SignedAct) -> Vec<String> {
    let required = signed.act.required(None);
    let by = || signed.signatures.iter().map(|signature| &signature.by);
    let mut missing = Vec::new();
    if required.root && !by().any(|by| *by == Signer::Root) {
        missing.push("root".to_owned());
    }
    if let Some(partner) = required.partner.map(Signer::Partner)
        && !by().any(|by| *by == partner)
    {
        missing.push(partner.to_string());
    }
    // Whose client a build is of, only the register knows.
    if matches!(signed.act, Act::Build(_)) && !by().any(|by| matches!(by, Signer::Partner(_))) {
        missing.push("the partner whose client it is".to_owned());
    }
    let reviewers = by().filter(|by| matches!(by, Signer::Reviewer(_))).count();
    match required.reviewers.saturating_sub(reviewers) {
        0 => {}
        1 => missing.push("one reviewer".to_owned()),
        more => missing.push(format!("{more} different reviewers")),
    }
    missing
}

fn advice(missing: &[String], first: &str, origin: &str) -> String {
    format!(
        "\n  missing: {}\n  next: sign with --sign SIGNER=KEYFILE; where the key is elsewhere, {first},\n        \
         run `countersign governance act sign FILE --sign SIGNER=KEYFILE --origin {origin}` there,\n        \
         and hand it in with `countersign governance act submit FILE`",
        missing.join(", ")
    )
}
