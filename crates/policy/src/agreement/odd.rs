//! What is odd about an agreement that is nevertheless valid: what will never have an effect, what will
//! stop everything, what a reviewer would ask about before signing.
//!
//! What it is not: a reason to refuse. Whoever means it so signs it so.

use std::fmt;

use countersign_domain::agreement::{AgreedDelivery, Agreement, AgreementDocument, Wait};
use countersign_domain::budget::Then;
use countersign_domain::field::FieldSet;
use countersign_domain::pledge::PledgeDocument;
use countersign_domain::relation::Relation;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};
use countersign_domain::wind_down::{Ends, EndsDocument};

/// Something odd: where, and what about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Oddity {
    /// The key of the agreement.
    pub clause: &'static str,
    /// What is odd, and what would be usual.
    pub says: String,
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.clause, self.says)
    }
}

/// What is odd about an agreement, in the order of its keys.
#[must_use]
pub fn oddities(agreement: &Agreement, schema: &FieldSchema) -> Vec<Oddity> {
    let document = &agreement.document;
    let mut found = Found(Vec::new());
    delivery(document, &mut found);
    certification(document, &mut found);
    purposes(agreement, schema, &mut found);
    wind_down(agreement, &mut found);
    budgets(document, &mut found);
    pledges(document, &mut found);
    found.0
}

/// How long before the end of an agreement that is odd, in days.
const SHORT_DAYS: u64 = 28;

/// What is odd about the dates of an agreement that is looked at, or signed, at this time.
#[must_use]
pub fn untimely(agreement: &Agreement, now: Timestamp) -> Vec<Oddity> {
    let mut found = Found(Vec::new());
    let ends = agreement.ends(agreement.wind_down().iter());
    let all = agreement.wind_down().iter().filter(|step| step.ends == Ends::All);
    let over = all.fold(ends, |over, step| over.min(step.at));
    if over <= now {
        found.say("not_after", format!("it is over since {over}: nothing would be released"));
        return found.0;
    }
    if over <= now.plus_seconds(SHORT_DAYS * SECONDS_PER_DAY) {
        found
            .say("not_after", format!("it ends at {over}, within {SHORT_DAYS} days of now, {now}"));
    }
    let past = agreement.wind_down().iter().filter(|step| step.at <= now);
    for step in past {
        let at = step.at;
        found.say("wind_down", format!("the step at {at} is past: what it ends never begins"));
    }
    found.0
}

struct Found(Vec<Oddity>);

impl Found {
    fn say(&mut self, clause: &'static str, says: impl Into<String>) {
        self.0.push(Oddity { clause, says: says.into() });
    }
}

/// What the server of this version cannot do yet, so that it would release nothing.
fn delivery(document: &AgreementDocument, found: &mut Found) {
    if let AgreedDelivery::Sealed(_) = document.delivery {
        found.say(
            "delivery",
            "this server does not seal answers yet, so that nothing would be released",
        );
    }
    if document.wait == Wait::Witnessed {
        found.say(
            "wait",
            "answers wait for witnesses; without [witnesses] in the server's configuration nothing is released",
        );
    }
    if document.query_token {
        found.say(
            "query_token",
            "tokens in queries end in logs and histories; meant for clients that cannot be changed",
        );
    }
}

fn certification(document: &AgreementDocument, found: &mut Found) {
    let days =
        u64::from(document.certification.every_days) + u64::from(document.certification.cure_days);
    let term_s = document.not_after.seconds().saturating_sub(document.not_before.seconds());
    if document.renewal.is_none() && days * SECONDS_PER_DAY >= term_s {
        let certified = "the signature under the agreement certifies for longer than its term";
        found.say("certification", format!("{certified}, so that nothing is ever certified anew"));
    }
}

fn purposes(agreement: &Agreement, schema: &FieldSchema, found: &mut Found) {
    for purpose in &agreement.document.purposes {
        let of = |relation| agreement.fields(&purpose.purpose, relation).unwrap_or(FieldSet::EMPTY);
        let (name, viewer, friend) = (&purpose.purpose, of(Relation::Viewer), of(Relation::Friend));
        if viewer.is_empty() && friend.is_empty() {
            found.say("purpose", format!("purpose {name} gives nothing of anybody"));
        } else if friend.is_empty() {
            found.say("purpose", format!("purpose {name} gives nothing of friends"));
        }
        let special: Vec<_> = schema.names(friend.and(schema.special())).collect();
        if !special.is_empty() {
            let fields = special.join(", ");
            let rule = "which the platform's rules close unless they say otherwise";
            found.say(
                "purpose",
                format!("purpose {name} gives special categories of friends, {rule}: {fields}"),
            );
        }
    }
}

fn wind_down(agreement: &Agreement, found: &mut Found) {
    let document = &agreement.document;
    let ends = agreement.ends(agreement.wind_down().iter());
    let given = Relation::BOTH.map(|relation| {
        let of = |purpose| agreement.fields(purpose, relation).unwrap_or(FieldSet::EMPTY);
        agreement.purposes().map(of).fold(FieldSet::EMPTY, FieldSet::or)
    });
    for (step, written) in agreement.wind_down().iter().zip(&document.wind_down) {
        let at = step.at;
        if at >= ends {
            found.say(
                "wind_down",
                format!("the step at {at} comes when the agreement is over already, at {ends}"),
            );
        } else if at <= document.not_before {
            let begins = document.not_before;
            found.say(
                "wind_down",
                format!("the step at {at} comes before the agreement begins, at {begins}"),
            );
        }
        if step.ends == Ends::Renewal && document.renewal.is_none() {
            found.say("wind_down", format!("the step at {at} ends a renewal that there is not"));
        }
        let ended = Relation::BOTH.map(|relation| step.ends.fields(relation));
        let touches = ended.iter().zip(given).any(|(ended, given)| !ended.and(given).is_empty());
        if !touches && !matches!(written.ends, EndsDocument::NewGrants | EndsDocument::Renewal) {
            found.say("wind_down", format!("the step at {at} ends what no purpose gives"));
        }
    }
}

fn budgets(document: &AgreementDocument, found: &mut Found) {
    if document.budgets.is_empty() {
        found
            .say("budget", "there is none, so that only the platform's own budgets stop a harvest");
    } else if document.budgets.iter().all(|budget| budget.then == Then::Alert) {
        found.say("budget", "every one only alerts, so that none of them stops a harvest");
    }
}

/// The pledges that every agreement can make, since the server keeps them for each.
fn pledges(document: &AgreementDocument, found: &mut Found) {
    for (pledge, name) in [
        (PledgeDocument::ApprovedBuilds, "approved_builds"),
        (PledgeDocument::Validity, "validity"),
        (PledgeDocument::Consent, "consent"),
    ] {
        if !document.pledges.contains(&pledge) {
            found.say("pledges", format!("{name:?} is missing: {pledge}"));
        }
    }
    if !document.territory.is_empty()
        && !document.pledges.iter().any(|pledge| matches!(pledge, PledgeDocument::Territory(_)))
    {
        found.say("pledges", "\"territory\" is missing, although the agreement has a territory");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::read;
    use crate::agreement::testing::{WHOLE, schema};

    fn said(from: &str, to: &str) -> Vec<String> {
        let text = WHOLE.replacen(from, to, 1);
        let document = read(&text, &schema()).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let agreement = Agreement::from_document(document, &schema()).unwrap();
        oddities(&agreement, &schema()).iter().map(ToString::to_string).collect()
    }

    /// What the agreement with everything in it is odd about by itself.
    const SELF_ONLY: &str = "purpose: purpose sign-in gives nothing of friends";

    #[test]
    fn what_is_odd_is_said_once_and_what_is_usual_is_not() {
        assert_eq!(said("", ""), [SELF_ONLY]);
        for (from, to, expected) in [
            ("\"clear\"", "{ sealed = \"hardware\" }", "delivery: this server does not seal"),
            ("\"published\"", "\"witnessed\"", "wait: answers wait for witnesses"),
            ("query_token = false", "query_token = true", "query_token: tokens in queries"),
            ("\"name\", \"work\"]", "\"work\", \"religion\"]", "they say otherwise: religion"),
            ("  \"consent\",\n", "", "pledges: \"consent\" is missing: no field of a friend"),
            ("  { territory = [\"DE\", \"NL\"] },\n", "", "pledges: \"territory\" is missing"),
            (
                "at = 2027-11-01",
                "at = 2031-11-01",
                "when the agreement is over already, at 2030-12-31",
            ),
            ("at = 2027-11-01", "at = 2025-11-01", "comes before the agreement begins"),
            ("fields = [\"work\"]", "fields = [\"sports\"]", "ends what no purpose gives"),
        ] {
            let found = said(from, to);
            let found: Vec<_> = found.iter().filter(|one| *one != SELF_ONLY).collect();
            assert_eq!(found.len(), 1, "{from}: {found:?}");
            assert!(found[0].contains(expected), "{from}: {found:?}");
        }
    }

    #[test]
    fn dates_are_odd_only_at_the_time_at_which_they_are() {
        let agreement =
            Agreement::from_document(read(WHOLE, &schema()).unwrap(), &schema()).unwrap();
        let begins = agreement.document.not_before;
        let over = agreement.ends(agreement.wind_down().iter());
        let said = |now| {
            let odd = untimely(&agreement, now);
            odd.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(said(begins), [""; 0]);
        let first = agreement.wind_down().iter().map(|step| step.at).min().unwrap();
        let expected = format!("wind_down: the step at {first} is past: what it ends never begins");
        assert_eq!(said(first), [expected]);
        let week = 7 * SECONDS_PER_DAY;
        let soon = said(Timestamp::from_seconds(over.seconds() - week));
        assert!(
            soon[0].starts_with(&format!("not_after: it ends at {over}, within 28 days")),
            "{soon:?}"
        );
        let ended = format!("not_after: it is over since {over}: nothing would be released");
        assert_eq!(said(over), [ended]);
    }

    #[test]
    fn a_certification_that_outlasts_the_agreement_and_a_renewal_that_is_not_there_are_odd() {
        let document = read(WHOLE, &schema()).unwrap();
        let mut odd = document;
        odd.renewal = None;
        odd.certification.every_days = 1_000;
        odd.wind_down[1].ends = EndsDocument::Renewal;
        odd.budgets.clear();
        let agreement = Agreement::from_document(odd, &schema()).unwrap();
        let said = oddities(&agreement, &schema());
        let clauses: Vec<_> = said.iter().map(|oddity| oddity.clause).collect();
        assert_eq!(clauses, ["certification", "purpose", "wind_down", "budget"], "{said:?}");
    }
}
