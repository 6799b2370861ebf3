//! `countersign partner screening show`: a case, for the person who decides.

use std::fmt::Write as _;
use std::process::ExitCode;

use clap::Args;
use countersign_domain::identifier::Identifier;
use countersign_policy::screening::list::{Listing, ListingKind};
use countersign_policy::screening::matches::{CountryAgreement, Match};
use countersign_policy::screening::outcome::Verdict;
use countersign_policy::screening::ownership::OwnershipRule;
use countersign_policy::screening::subject::Role;
use countersign_service::screening::case_files::CaseFiles;
use countersign_service::screening::report::{CaseFile, Decided, Report};
use serde_json::{Value, json};

use super::{NoReport, matches, outcome_in_words, shown};
use crate::commands::instance_dir::InstanceDir;
use crate::commands::{Failure, Output};

/// Show a partner's case: every match with its score, the words that matched, what the list says, and what was
/// decided; and who controls the partner.
///
/// It reads the private case file alone; dates of birth, addresses and numbers are on the publisher's page.
///
/// Example: countersign partner screening show aurora
#[derive(Args)]
pub(in crate::commands) struct Show {
    #[command(flatten)]
    instance: InstanceDir,
    /// The partner.
    partner: Identifier,
}

impl Show {
    pub(in crate::commands) fn run(self, output: Output) -> Result<ExitCode, Failure> {
        let files = CaseFiles::new(&self.instance.data_dir()?);
        let case = files.read(&self.partner)?.ok_or(NoReport { partner: self.partner })?;
        output.say(&as_json(&case)?, &in_words(&case.report));
        Ok(ExitCode::SUCCESS)
    }
}

fn as_json(case: &CaseFile) -> Result<Value, Failure> {
    let report = &case.report;
    let numbered = report.matches.iter().zip(1_u64..).map(|(found, number)| {
        json!({ "number": number, "match": found, "decided": report.decision(found.id) })
    });
    let rules = [report.ownership, OwnershipRule::HALF, OwnershipRule::PADFA];
    let ownership = rules.map(|rule| json!({ "rule": rule, "control": report.control(rule) }));
    Ok(json!({
        "partner": report.partner,
        "outcome": report.outcome(),
        "matches": numbered.collect::<Vec<_>>(),
        "ownership": ownership,
        "commitment": case.commitment()?,
        "salt": case.salt,
        "report": report,
    }))
}

fn in_words(report: &Report) -> String {
    let mut text = format!(
        "Partner {} ({}, {}), screened {}",
        report.partner,
        shown(&report.subject.name),
        report.subject.country,
        report.screened
    );
    // Writing to a String cannot fail.
    for list in &report.lists {
        let _ =
            write!(text, "\n  against {} {} ({} entries)", list.list, list.digest, list.entries);
    }
    let undecided = report.undecided().count();
    let outcome = outcome_in_words(report.outcome());
    let found = matches(report.matches.len());
    let _ = write!(text, "\nOutcome: {outcome}; {found}, {undecided} without a decision");
    for (found, number) in report.matches.iter().zip(1_u64..) {
        push_match(&mut text, number, found, report.decision(found.id));
    }
    push_ownership(&mut text, report);
    if let Some(open) = report.undecided().next() {
        let number =
            report.matches.iter().position(|found| found.id == open.id).map_or(1, |at| at + 1);
        let _ = write!(
            text,
            "\n\nNext: countersign partner screening decide {} {number} --false-positive|--true-match --reason \"…\" --by NAME",
            report.partner
        );
    }
    text
}

fn push_match(text: &mut String, number: u64, found: &Match, decided: Option<&Decided>) {
    text.push('\n');
    let Listing { id, source, name, alternative_names, countries, programs, .. } = &found.listing;
    let mut line = |what: &str, says: &str| {
        let _ = write!(text, "\n     {what:<14}{}", shown(says));
    };
    let words = found.words.iter().map(|word| match word.similarity {
        1_000 => word.listed.clone(),
        alike => format!("{} ~ {} ({alike})", word.asked, word.listed),
    });
    let words = words.collect::<Vec<_>>().join(", ");
    let words = if words.is_empty() { "the same letters, split otherwise" } else { &words };
    let countries = countries.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let countries = match found.country {
        CountryAgreement::Same => format!("{countries}, the party's own among them"),
        CountryAgreement::Different => format!("{countries}, not the party's own"),
        CountryAgreement::NotListed => "none on the list".to_owned(),
    };
    let known = found.id.digest().to_string();
    let known = known.get(..16).unwrap_or_default();
    line(
        &format!("match {number}"),
        &format!("{} {:?}, score {}", found.role.as_str(), found.name, found.score),
    );
    line("may be", &format!("{:?} ({}), {}", found.listed_name, kind(found.listing.kind), source));
    line("words", words);
    line("listed as", &format!("{name:?}, id {id}"));
    line("other names", &alternative_names.join("; "));
    line("countries", &countries);
    line("programmes", &programs.join("; "));
    line("decided", &decision(decided));
    line("match id", known);
}

fn decision(decided: Option<&Decided>) -> String {
    let Some(Decided { decision, by, at }) = decided else { return "not yet".to_owned() };
    let verdict = match decision.verdict() {
        Verdict::FalsePositive => "false positive",
        Verdict::TrueMatch => "true match",
    };
    format!("{verdict}, by {by} at {at}: {}", decision.reason())
}

const fn kind(kind: ListingKind) -> &'static str {
    match kind {
        ListingKind::Organisation => "an organisation",
        ListingKind::Person => "a person",
        ListingKind::Vessel => "a vessel",
        ListingKind::Aircraft => "an aircraft",
        ListingKind::Unknown => "of what kind, the list does not say",
    }
}

fn push_ownership(text: &mut String, report: &Report) {
    let parties = report.subject.parties();
    let owners = parties.iter().filter(|party| party.role == Role::Owner).count();
    let _ = write!(text, "\n\nOwnership, as far as owners are known (there are {owners})");
    for (name, rule) in [
        ("this instance's", report.ownership),
        ("US DSP", OwnershipRule::HALF),
        ("PADFA", OwnershipRule::PADFA),
    ] {
        let control = report.control(rule);
        let OwnershipRule { percent_min, aggregate } = rule;
        let how = if aggregate { "added up" } else { "each by itself" };
        let _ = write!(
            text,
            "\n  {name} rule ({percent_min} %, {how}): controlled by confirmed listed parties: {}; from a country of concern: {}",
            yes(control.by_listed),
            yes(control.from_country_of_concern)
        );
    }
    text.push_str(
        "\n  Control from a country of concern refuses nothing here; it is what budgets' presets look at.",
    );
}

const fn yes(is_so: bool) -> &'static str {
    if is_so { "yes" } else { "no" }
}
