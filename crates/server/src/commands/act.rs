//! `countersign act`: acts in files, on their way from one signer to the next.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use countersign_domain::act::{Act as Deed, ObligationAct, ReviewOutcome, WindDown};
use countersign_domain::obligation::{Duty, ObligationStep};
use countersign_domain::screening::{Outcome, ScreeningAct};
use countersign_domain::text::{self, controls};
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_service::governance::Submission;
use countersign_service::operations::acts::Posted;
use serde_json::json;

use super::agreement::ends_in_words;
use super::reach::Reach;
use super::submit::{self, SignWith};
use super::{Failure, Output, files};

/// Show, sign or hand in an act that a command wrote with --out.
#[derive(Subcommand)]
pub(super) enum Act {
    Show(Show),
    Sign(Sign),
    Submit(Submit),
}

/// Show what an act does, who signed it, and whose signature is missing.
///
/// Example: countersign act show approve.json
#[derive(Args)]
pub(super) struct Show {
    /// The file of the act.
    file: PathBuf,
}

/// Add signatures to an act. Read it first: `countersign act show FILE`.
///
/// Give DIR or --origin, for the name of the log that the signatures are for. A signer who signs again
/// replaces their own signature.
///
/// Example: countersign act sign approve.json --origin log.example.org/2026 --sign reviewer:ann=ann.key
#[derive(Args)]
pub(super) struct Sign {
    /// The file of the act.
    file: PathBuf,
    /// The folder of the instance, to know the name of its log; else give --origin.
    #[arg(required_unless_present = "origin")]
    dir: Option<PathBuf>,
    /// The name of the log, in the place of DIR where the instance is elsewhere.
    #[arg(long, conflicts_with = "dir")]
    origin: Option<String>,
    /// Sign with this key file, as root, partner:NAME or reviewer:NAME. Can be given again.
    #[arg(long = "sign", value_name = "SIGNER=KEYFILE", required = true)]
    sign: Vec<SignWith>,
}

/// Hand in an act that has all of its signatures.
///
/// Example: countersign act submit platform approve.json
#[derive(Args)]
pub(super) struct Submit {
    /// The folder of the instance.
    dir: PathBuf,
    /// The file of the act.
    file: PathBuf,
}

impl Act {
    pub(super) fn run(self, output: Output) -> Result<ExitCode, Failure> {
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
        let what = in_words(&signed.act);
        let missing = submit::missing(signed);
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
        let origin = submit::origin_of(self.origin, self.dir.as_deref())?;
        submit::sign_into(posted.submission_for(&origin)?, &origin, &self.sign, &self.file, output)
    }
}

impl Submit {
    fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let posted: Posted = files::read_json(&self.file)?;
        let reach = Reach::open(&self.dir)?;
        let submission = posted.submission_for(reach.config.origin())?;
        let what = in_words(&submission.act.act);
        let index = submit::hand_in(&reach, submission, "take the file there", output)?;
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

/// What an act does, so that nobody signs what they did not mean.
pub(super) fn in_words(deed: &Deed) -> String {
    match deed {
        Deed::Keys(keys) => {
            let names: Vec<_> = keys.reviewers.iter().map(|r| r.id.to_string()).collect();
            format!("name the keys of the log, with reviewers {}", names.join(", "))
        }
        Deed::FieldSchema(published) => format!("put field schema {} in force", published.digest),
        Deed::Rules(published) => format!("put platform rules {} in force", published.digest),
        Deed::Partner(partner) => format!(
            "register partner {} ({}, {}; parent in {}) with key {}",
            partner.id,
            text::shown(&partner.name),
            partner.country,
            partner.parent_country,
            partner.key
        ),
        Deed::Agreement(agreement) => format!(
            "put agreement {} with partner {} about client {} in force, document {}",
            agreement.agreement, agreement.partner, agreement.client, agreement.digest
        ),
        Deed::Certification(act) => format!(
            "certify {} under agreement {} about client {}",
            act.categories.join(", "),
            act.agreement,
            act.client
        ),
        Deed::Obligation(act) => obligation_in_words(act),
        Deed::WindDown(act) => {
            let steps = act.steps.iter().map(|step| format!("{} {}", step.at, ends_in_words(step)));
            let steps = steps.collect::<Vec<_>>().join("; ");
            let WindDown { agreement, client, reason, .. } = act;
            format!("wind down agreement {agreement} about client {client}: {steps} ({reason})")
        }
        Deed::Screening(act) => screening_in_words(act),
        Deed::Budgets(published) => format!("put budgets {} in force", published.digest),
        Deed::Build(build) => format!("submit build {} of client {}", build.build, build.client),
        Deed::Review(review) => match review.outcome {
            ReviewOutcome::Approve => format!("approve build {}", review.build),
            ReviewOutcome::Revoke => format!("revoke build {}, for good", review.build),
        },
        Deed::ReviewPause(pause) => {
            let verb = if pause.paused { "pause" } else { "resume" };
            format!("{verb} all approvals ({})", pause.reason)
        }
        Deed::Suspension(act) => format!("suspend {} ({})", act.subject, act.reason),
        Deed::Reinstatement(act) => format!("reinstate {} ({})", act.subject, act.reason),
    }
}

fn obligation_in_words(act: &ObligationAct) -> String {
    let ObligationAct { partner, obligation, step } = act;
    match step {
        ObligationStep::Demanded { agreement, what, due, reason } => {
            let what = match what {
                Duty::Deletion => "that data is deleted",
                Duty::Retention => "to be shown that nothing is kept for longer than agreed",
                Duty::OnwardTransfer => "to be shown to whom data was passed on",
            };
            format!(
                "demand {obligation} of partner {partner} by {due}, {what}, as agreement {agreement} obliges it to ({reason})"
            )
        }
        ObligationStep::Attested => {
            format!("attest, for partner {partner}, that {obligation} was done")
        }
        ObligationStep::Lifted { reason } => {
            format!("lift {obligation} from partner {partner} ({reason})")
        }
    }
}

fn screening_in_words(act: &ScreeningAct) -> String {
    let lists = act.lists.iter().map(|list| format!("{} {}", list.list, list.digest));
    let lists = lists.collect::<Vec<_>>().join(", ");
    let came = match act.outcome {
        Outcome::Clear => "clear",
        Outcome::Undecided => "matches that nobody has decided",
        Outcome::Refused => "a true match",
    };
    format!("say that partner {} was screened against {lists}: {came}", act.partner)
}
