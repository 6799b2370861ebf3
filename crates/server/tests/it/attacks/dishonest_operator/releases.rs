//! Lies about releases: an answer that should never have left, logged as if all was well.

use countersign_demo::world::{BUILD, CLIENT};
use countersign_domain::act::{Act, Review, ReviewOutcome, WindDown};
use countersign_domain::agreement::AgreementDocument;
use countersign_domain::identifier::Identifier;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_protocol::canonical;
use countersign_protocol::entry::{Disclosure, Entry};

use super::outsider::Asked;
use super::pen::Pen;
use crate::support::World;
use crate::support::village;

fn name(text: &str) -> Identifier {
    Identifier::parse(text).unwrap()
}

/// A disclosure that is right but for this change is caught by this rule.
fn caught(lie: &str, rule: &str, change: impl FnOnce(&mut Disclosure)) {
    let world = village::founded();
    let serving = world.serve();
    let mut pen = Pen::after_an_answer(&serving);
    let outsider = Asked::log(&world, &[]).holds();
    let entry = pen.disclose(change);
    pen.publish();
    outsider.catches(lie, rule, Some(entry));
}

/// A disclosure that is right but for what happened before it is caught by this rule.
fn caught_after(lie: &str, rule: &str, happens: impl FnOnce(&mut Pen<'_>)) {
    let world = village::founded();
    let serving = world.serve();
    let mut pen = Pen::after_an_answer(&serving);
    happens(&mut pen);
    let entry = pen.disclose(|_| {});
    pen.publish();
    Asked::log(&world, &[]).catches(lie, rule, Some(entry));
}

#[test]
fn cheating_operator_releases_to_a_build_that_nobody_registered() {
    caught("unregistered_build", "build_known", |entry| entry.build = name("aurora-home@99"));
}

#[test]
fn cheating_operator_releases_to_a_build_that_nobody_approved() {
    caught_after("unapproved_build", "build_approved", |pen| {
        let approvals = |entry: &Entry| matches!(entry, Entry::Act(signed) if matches!(&signed.act, Act::Review(_)));
        // What had been approved is approved no more: the log is rewritten from its beginning.
        pen.entries.retain(|entry| !approvals(entry));
    });
}

#[test]
fn cheating_operator_releases_to_a_build_that_was_revoked() {
    caught_after("revoked_build", "build_not_revoked", |pen| {
        let revoked = Review { build: name(BUILD), outcome: ReviewOutcome::Revoke };
        pen.act(Act::Review(revoked), &["reviewer:ines"]);
    });
}

#[test]
fn cheating_operator_releases_to_a_suspended_partner() {
    let world = village::founded();
    let serving = world.serve();
    Pen::after_an_answer(&serving);
    serving.suspend();
    let mut pen = Pen::take(&serving);
    let entry = pen.disclose(|_| {});
    pen.publish();
    let rule = "partner_not_suspended";
    Asked::log(&world, &[]).catches("suspended_partner", rule, Some(entry));
}

#[test]
fn cheating_operator_releases_as_if_the_suspension_had_not_been_seen() {
    let world = village::founded();
    let serving = world.serve();
    Pen::after_an_answer(&serving);
    let suspended = serving.suspend();
    let mut pen = Pen::take(&serving);
    let entry = pen.disclose(|entry| entry.as_of = suspended);
    pen.publish();
    Asked::log(&world, &[]).catches("suspension_overlooked", "as_of", Some(entry));
}

#[test]
fn cheating_operator_releases_as_if_a_choice_had_not_been_seen() {
    let world = village::founded();
    let serving = world.serve();
    Pen::after_an_answer(&serving);
    serving.open_to_friends_devices(&village::open(1), &[]);
    let mut pen = Pen::take(&serving);
    let closed = pen.size() - 1;
    let later = pen.time().plus_seconds(3);
    let entry = pen.disclose(|entry| (entry.as_of, entry.time) = (closed, later));
    pen.publish();
    Asked::log(&world, &[]).catches("choice_overlooked", "as_of_recent", Some(entry));
}

#[test]
fn cheating_operator_releases_after_the_end_of_the_agreement() {
    let world = village::founded();
    let serving = world.serve();
    let mut pen = Pen::after_an_answer(&serving);
    let mut agreement = agreement(&world, &pen);
    agreement.not_after = pen.time().plus_seconds(1);
    amend(&mut pen, &agreement, &["partner:aurora", "reviewer:ines", "reviewer:omar"]);
    std::thread::sleep(std::time::Duration::from_secs(1));
    let ended = agreement.not_after;
    let entry = pen.disclose(|entry| entry.time = ended);
    pen.publish();
    Asked::log(&world, &[]).catches("after_the_end", "agreement_term", Some(entry));
}

#[test]
fn cheating_operator_releases_what_was_wound_down() {
    caught_after("wound_down", "wind_down", |pen| {
        let steps = vec![WindDownDocument { at: pen.time(), ends: EndsDocument::Friends }];
        let (agreement, client) = (name("aurora-home-1"), name(CLIENT));
        let reason = "the partnership ends".to_owned();
        let act = WindDown { agreement, client, steps, reason };
        pen.act(Act::WindDown(act), &["reviewer:ines", "reviewer:omar"]);
    });
}

#[test]
fn cheating_operator_releases_a_field_outside_of_the_agreement() {
    caught("field_outside", "fields_agreed", |entry| entry.viewer.push("religion".to_owned()));
}

#[test]
fn cheating_operator_releases_for_a_purpose_outside_of_the_agreement() {
    caught("purpose_outside", "purpose", |entry| entry.purpose = name("advertising"));
}

#[test]
fn cheating_operator_says_that_nobody_but_the_viewer_was_in_an_answer() {
    caught("people_hidden", "people", |entry| entry.people = 1);
}

/// The agreement that the log's last disclosure was made under.
pub(super) fn agreement(world: &World, pen: &Pen<'_>) -> AgreementDocument {
    let digest = pen.last_disclosure().agreements[0];
    let path = world.directory.site().join(format!("documents/{digest}.json"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Puts this agreement in place of the one before it, signed by these; the index of the act.
pub(super) fn amend(pen: &mut Pen<'_>, agreement: &AgreementDocument, signers: &[&str]) -> u64 {
    let digest = pen.document(&canonical::to_bytes(agreement).unwrap());
    let act = Act::Agreement(countersign_domain::act::AgreementAct {
        agreement: agreement.agreement.clone(),
        partner: agreement.partner.clone(),
        client: agreement.client.clone(),
        digest,
    });
    pen.act(act, signers)
}
