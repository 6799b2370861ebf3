//! Acts and entries in words, for those who sign and those who read them.

use countersign_domain::act::{Act, ObligationAct, ReviewOutcome, WindDown};
use countersign_domain::build::BuildState;
use countersign_domain::obligation::{Duty, ObligationStep};
use countersign_domain::route::ClientKind;
use countersign_domain::screening::{Outcome, ScreeningAct};
use countersign_domain::text;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_protocol::entry::{Close, Consents, Disclosure, Entry};
use countersign_service::operations::register::ShownObligation;

use super::table::listed;

/// What an act does, so that nobody signs what they did not mean.
pub(super) fn act(act: &Act) -> String {
    match act {
        Act::Keys(keys) => {
            let names: Vec<_> = keys.reviewers.iter().map(|r| r.id.to_string()).collect();
            format!("name the keys of the log, with reviewers {}", names.join(", "))
        }
        Act::FieldSchema(published) => format!("put field schema {} in force", published.digest),
        Act::Rules(published) => format!("put platform rules {} in force", published.digest),
        Act::Partner(partner) => format!(
            "register partner {} ({}, {}; parent in {}) with key {}",
            partner.id,
            text::shown(&partner.name),
            partner.country,
            partner.parent_country,
            partner.key
        ),
        Act::Agreement(agreement) => format!(
            "put agreement {} with partner {} about client {} in force, document {}",
            agreement.agreement, agreement.partner, agreement.client, agreement.digest
        ),
        Act::Certification(act) => format!(
            "certify {} under agreement {} about client {}",
            act.categories.join(", "),
            act.agreement,
            act.client
        ),
        Act::Obligation(act) => obligation(act),
        Act::WindDown(act) => {
            let steps = act.steps.iter().map(|step| format!("{} {}", step.at, end(step)));
            let steps = steps.collect::<Vec<_>>().join("; ");
            let WindDown { agreement, client, reason, .. } = act;
            format!("wind down agreement {agreement} about client {client}: {steps} ({reason})")
        }
        Act::Screening(act) => screening(act),
        Act::Budgets(published) => format!("put budgets {} in force", published.digest),
        Act::Build(build) => format!("submit build {} of client {}", build.build, build.client),
        Act::Review(review) => match review.outcome {
            ReviewOutcome::Approve => format!("approve build {}", review.build),
            ReviewOutcome::Revoke => format!("revoke build {}, for good", review.build),
        },
        Act::ReviewPause(pause) => {
            let verb = if pause.paused { "pause" } else { "resume" };
            format!("{verb} all approvals ({})", pause.reason)
        }
        Act::Suspension(act) => format!("suspend {} ({})", act.subject, act.reason),
        Act::Reinstatement(act) => format!("reinstate {} ({})", act.subject, act.reason),
    }
}

fn obligation(act: &ObligationAct) -> String {
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

fn screening(act: &ScreeningAct) -> String {
    let lists = act.lists.iter().map(|list| format!("{} {}", list.list, list.digest));
    let lists = lists.collect::<Vec<_>>().join(", ");
    let came = match act.outcome {
        Outcome::Clear => "clear",
        Outcome::Undecided => "matches that nobody has decided",
        Outcome::Refused => "a true match",
    };
    format!("say that partner {} was screened against {lists}: {came}", act.partner)
}

/// What a wind-down step ends.
pub(super) fn end(step: &WindDownDocument) -> String {
    match &step.ends {
        EndsDocument::NewGrants => "no new grants".to_owned(),
        EndsDocument::Renewal => "no renewal any more".to_owned(),
        EndsDocument::Friends => "nothing of friends any more".to_owned(),
        EndsDocument::Fields(fields) => format!("no more {}", fields.join(", ")),
        EndsDocument::All => "nothing at all any more".to_owned(),
    }
}

/// What an entry says.
pub(super) fn entry(entry: &Entry) -> String {
    match entry {
        Entry::Act(signed) => {
            let by = signed.signatures.iter().map(|signature| signature.by.to_string());
            format!("{}; signed by {}", act(&signed.act), listed(by))
        }
        Entry::Disclosure(disclosure) => answer(disclosure),
        Entry::Consents(Consents { .. }) => {
            "people chose: settings or grants, which the entry commits to".to_owned()
        }
        Entry::Close(Close { period, from, until, people, .. }) => format!(
            "close period {period}: entries from {from} to before {until}, about at most {people} people"
        ),
    }
}

fn answer(disclosure: &Disclosure) -> String {
    let Disclosure { build, partner, purpose, viewer, friend, people, as_of, .. } = disclosure;
    format!(
        "answer build {build} of partner {partner} for {purpose}: of the viewer {}; of friends {}; about at most {people} people; decided as of {as_of} entries",
        listed(viewer),
        listed(friend)
    )
}

/// What a partner owes.
pub(super) fn owed(owed: &ShownObligation) -> String {
    let ShownObligation { obligation, agreement, what, due, overdue, entry, .. } = owed;
    let is = if *overdue { "overdue since" } else { "due at" };
    format!(
        "{obligation} ({}) under agreement {agreement}, {is} {due} (entry {entry})",
        duty(*what)
    )
}

/// What an obligation is about.
pub(super) const fn duty(duty: Duty) -> &'static str {
    match duty {
        Duty::Deletion => "deletion",
        Duty::Retention => "retention",
        Duty::OnwardTransfer => "onward transfer",
    }
}

/// What kind of client it is.
pub(super) const fn kind(kind: ClientKind) -> &'static str {
    match kind {
        ClientKind::Device => "device",
        ClientKind::App => "app",
    }
}

/// What became of a build.
pub(super) const fn build_state(state: BuildState) -> &'static str {
    match state {
        BuildState::Checked => "waits for approval",
        BuildState::Approved => "approved",
        BuildState::Revoked => "revoked",
    }
}
