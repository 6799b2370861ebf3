//! Builds, and the acts of the time: what was opened, stopped and ended, and who signed it.

use std::collections::BTreeSet;

use countersign_domain::act::{Act, ReviewOutcome, Subject as Stopped, WindDown};
use countersign_domain::build::BuildState;
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::ObligationStep;
use countersign_domain::register::{Register, RegisteredBuild};
use countersign_domain::screening::Outcome;
use countersign_domain::wind_down::EndsDocument;
use countersign_protocol::entry::SignedAct;
use countersign_protocol::evidence_pack::{Pack, Subject};

use super::super::facts::Facts;
use super::entry;
use super::html::{Html, code, instant, section, sha256, table};

/// Builds, then acts.
pub(super) fn sections(pack: &Pack, subject: &Subject, facts: &Facts<'_>) -> [Html; 2] {
    [builds(facts), acts(pack, subject, facts)]
}

/// Who signed an act.
pub(super) fn signed_by(act: &SignedAct) -> String {
    act.signatures.iter().map(|signature| signature.by.to_string()).collect::<Vec<_>>().join(", ")
}

fn builds(facts: &Facts<'_>) -> Html {
    let named: BTreeSet<_> = facts.sent.iter().map(|(_, one)| &one.build).collect();
    let known = named.into_iter().filter_map(|name| facts.register().builds().get(name));
    let rows = known.map(|build| {
        vec![
            Html::stacked([code(&build.build.build), Html::text(&build.build.client)]),
            Html::stacked([
                Html::text(format!("{} {}", build.build.package, build.build.version_code)),
                sha256(build.build.artifact),
            ]),
            Html::stacked(reviews(facts, build)),
            Html::text(state(build)),
        ]
    });
    let heads = ["Build", "Artifact", "Submitted and reviewed", "At the checkpoint"];
    section("Builds", [table(&heads, rows.collect(), "Nothing went, and so to no build.")])
}

fn state(build: &RegisteredBuild) -> &'static str {
    match build.state {
        BuildState::Checked => "not approved",
        BuildState::Approved => "approved",
        BuildState::Revoked => "revoked",
    }
}

/// Who submitted, approved and revoked a build.
fn reviews(facts: &Facts<'_>, of: &RegisteredBuild) -> Vec<Html> {
    let said = |(index, act): &(u64, SignedAct)| {
        let what = match &act.act {
            Act::Build(build) if build.build == of.build.build => "submitted",
            Act::Review(review) if review.build == of.build.build => outcome(review.outcome),
            _ => return None,
        };
        let signed = signed_by(act);
        let said = format!("{what} by {signed}, entry {index}, ");
        Some(Html::all([Html::text(said), instant(act.time)]))
    };
    facts.acts.iter().filter_map(said).collect()
}

const fn outcome(outcome: ReviewOutcome) -> &'static str {
    match outcome {
        ReviewOutcome::Approve => "approved",
        ReviewOutcome::Revoke => "revoked",
    }
}

fn acts(pack: &Pack, subject: &Subject, facts: &Facts<'_>) -> Html {
    let register = facts.register();
    let is_shown = |(_, act): &&(u64, SignedAct)| {
        (pack.from..pack.until).contains(&act.time) && concerns(&act.act, subject, register)
    };
    let rows = facts.acts.iter().filter(is_shown).map(|(index, act)| {
        vec![
            Html::stacked([instant(act.time), entry(*index)]),
            Html::text(says(&act.act)),
            Html::text(signed_by(act)),
        ]
    });
    section(
        "Acts in this time",
        [table(
            &["When", "What", "Signed by"],
            rows.collect(),
            "Nobody acted on this in this time.",
        )],
    )
}

/// Whether an act is about the subject, or about everybody.
fn concerns(act: &Act, subject: &Subject, register: &Register) -> bool {
    let of_client = |client: &Identifier| match subject {
        Subject::All => true,
        Subject::Client(name) => client == name,
        Subject::Partner(name) => register.clients_of(name).any(|of| of == client),
    };
    let of_partner = |partner: &Identifier| match subject {
        Subject::All => true,
        Subject::Partner(name) => partner == name,
        Subject::Client(name) => {
            register.clients().get(name).is_some_and(|client| client.partner == *partner)
        }
    };
    match act {
        Act::Keys(_) | Act::FieldSchema(_) | Act::Rules(_) | Act::Budgets(_) => true,
        Act::ReviewPause(_) => true,
        Act::Partner(partner) => of_partner(&partner.id),
        Act::Obligation(obligation) => of_partner(&obligation.partner),
        Act::Screening(screening) => of_partner(&screening.partner),
        Act::Agreement(agreement) => of_client(&agreement.client),
        Act::Certification(certification) => of_client(&certification.client),
        Act::WindDown(wind_down) => of_client(&wind_down.client),
        Act::Build(build) => of_client(&build.client),
        Act::Review(review) => {
            let build = register.builds().get(&review.build);
            build.is_some_and(|build| of_client(&build.build.client))
        }
        Act::Suspension(suspension) => match &suspension.subject {
            Stopped::Partner(partner) => of_partner(partner),
            Stopped::Client(client) => of_client(client),
        },
        Act::Reinstatement(reinstatement) => match &reinstatement.subject {
            Stopped::Partner(partner) => of_partner(partner),
            Stopped::Client(client) => of_client(client),
        },
    }
}

fn says(act: &Act) -> String {
    match act {
        Act::Keys(_) => "the keys of the platform were named".to_owned(),
        Act::FieldSchema(_) => "a field schema was put in force".to_owned(),
        Act::Rules(_) => "platform rules were put in force".to_owned(),
        Act::Budgets(_) => "budgets were put in force".to_owned(),
        Act::Partner(partner) => {
            format!("partner {} was registered as {}", partner.id, partner.name)
        }
        Act::Agreement(agreement) => format!("agreement {} was concluded", agreement.agreement),
        Act::Certification(certification) => {
            let categories = certification.categories.join(", ");
            format!("{} was certified for {categories}", certification.agreement)
        }
        Act::Obligation(owed) => format!("obligation {} {}", owed.obligation, step(&owed.step)),
        Act::WindDown(wind_down) => wound_down(wind_down),
        Act::Screening(screening) => {
            let lists = screening.lists.iter().map(|list| list.list.to_string());
            let lists = lists.collect::<Vec<_>>().join(", ");
            let outcome = match screening.outcome {
                Outcome::Clear => "clear",
                Outcome::Undecided => "undecided",
                Outcome::Refused => "refused",
            };
            format!("{} was screened against {lists}: {outcome}", screening.partner)
        }
        Act::Build(build) => format!("build {} was submitted", build.build),
        Act::Review(review) => format!("build {} was {}", review.build, outcome(review.outcome)),
        Act::ReviewPause(pause) => {
            let what = if pause.paused { "paused" } else { "resumed" };
            format!("reviews were {what}: {}", pause.reason)
        }
        Act::Suspension(one) => format!("{} was suspended: {}", one.subject, one.reason),
        Act::Reinstatement(one) => format!("{} was reinstated: {}", one.subject, one.reason),
    }
}

fn step(step: &ObligationStep) -> String {
    match step {
        ObligationStep::Demanded { due, reason, .. } => {
            format!("was demanded, due {due}: {reason}")
        }
        ObligationStep::Attested => "was attested".to_owned(),
        ObligationStep::Lifted { reason } => format!("was lifted: {reason}"),
    }
}

fn wound_down(wind_down: &WindDown) -> String {
    let steps = wind_down.steps.iter().map(|step| {
        let what = match &step.ends {
            EndsDocument::NewGrants => "new grants".to_owned(),
            EndsDocument::Renewal => "its renewal".to_owned(),
            EndsDocument::Friends => "everything of friends".to_owned(),
            EndsDocument::Fields(fields) => fields.join(", "),
            EndsDocument::All => "everything".to_owned(),
        };
        format!("{what} from {}", step.at)
    });
    let steps = steps.collect::<Vec<_>>().join("; ");
    format!("the end of {} was scheduled ({steps}): {}", wind_down.agreement, wind_down.reason)
}
