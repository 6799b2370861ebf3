//! Lies about who agreed to what.

use countersign_domain::act::{Act, Reinstatement, Review, ReviewOutcome, Subject};
use countersign_domain::identifier::Identifier;
use countersign_protocol::entry::Entry;

use super::outsider::Asked;
use super::pen::{Pen, ago_s};
use super::releases::{agreement, amend};
use crate::support::village;

fn reinstated() -> Act {
    let subject = Subject::Partner(Identifier::parse("aurora").unwrap());
    Act::Reinstatement(Reinstatement { subject, reason: "all is well again".to_owned() })
}

#[test]
fn cheating_operator_swaps_an_agreement_for_a_wider_one() {
    let world = village::founded();
    let serving = world.serve();
    let pen = Pen::after_an_answer(&serving);
    let outsider = Asked::log(&world, &[]).holds();
    let mut wider = agreement(&world, &pen);
    wider.purposes[0].friend.push("religion".to_owned());
    let digest = pen.last_disclosure().agreements[0];
    let bytes = countersign_protocol::canonical::to_bytes(&wider).unwrap();
    pen.write(&format!("documents/{digest}.json"), &bytes);
    let act = pen.entries.iter().position(
        |entry| matches!(entry, Entry::Act(signed) if matches!(&signed.act, Act::Agreement(_))),
    );
    outsider.catches("agreement_swapped", "document", act.map(|index| index as u64));
}

#[test]
fn cheating_operator_makes_an_agreement_that_the_partner_never_signed() {
    let world = village::founded();
    let serving = world.serve();
    let mut pen = Pen::after_an_answer(&serving);
    let mut wider = agreement(&world, &pen);
    wider.purposes[0].friend.push("religion".to_owned());
    let entry = amend(&mut pen, &wider, &["reviewer:ines", "reviewer:omar"]);
    pen.publish();
    Asked::log(&world, &[]).catches("agreement_unsigned", "partner_signed", Some(entry));
}

#[test]
fn cheating_operator_counts_one_reviewer_twice() {
    let world = village::founded();
    let serving = world.serve();
    Pen::after_an_answer(&serving);
    serving.suspend();
    let mut pen = Pen::take(&serving);
    let entry = pen.act(reinstated(), &["reviewer:ines", "reviewer:ines"]);
    pen.publish();
    Asked::log(&world, &[]).catches("one_reviewer_twice", "four_eyes", Some(entry));
}

#[test]
fn cheating_operator_signs_in_the_name_of_a_reviewer() {
    let world = village::founded();
    let serving = world.serve();
    Pen::after_an_answer(&serving);
    serving.suspend();
    let mut pen = Pen::take(&serving);
    let entry = pen.act(reinstated(), &["reviewer:ines", "reviewer:omar"]);
    let forged = pen.key_of("log").sign(b"another message");
    if let Some(Entry::Act(signed)) = pen.entries.last_mut() {
        signed.signatures[1].sig = forged;
    }
    pen.publish();
    Asked::log(&world, &[]).catches("signature_forged", "act_signatures", Some(entry));
}

#[test]
fn cheating_operator_backdates_a_revocation() {
    let world = village::founded();
    let serving = world.serve();
    let mut pen = Pen::after_an_answer(&serving);
    let build = Identifier::parse("aurora-home@41").unwrap();
    let revoked = Act::Review(Review { build, outcome: ReviewOutcome::Revoke });
    let entry = pen.act_at(revoked, ago_s(2 * 86_400), &["reviewer:ines"]);
    pen.publish();
    Asked::log(&world, &[]).catches("backdated", "act_time", Some(entry));
}
