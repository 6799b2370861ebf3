//! What the register says beside builds and suspensions, broken one clause a test: screening, obligations,
//! certification, an agreement's own territory, two agreements at once, wind-down by act, renewal. The
//! clauses that depend on time are held to the second.

use countersign_domain::act::{Act, Certification, ObligationAct, Published, WindDown};
use countersign_domain::agreement::{AgreementDocument, CertificationDocument, RenewalDocument};
use countersign_domain::digest::Digest;
use countersign_domain::obligation::{Duty, ObligationStep};
use countersign_domain::partner::{Country, Partner};
use countersign_domain::rules::RulesDocument;
use countersign_domain::screening::{Outcome, ScreeningAct, ScreeningList};
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_verifier::verdict::Rule;

use crate::verify_world::{
    AGREEMENT_ENDS_S, BEGINNING_S, Check, World, agreement, at, failed, name, partner, rules,
};

const REVIEWERS: [&str; 2] = ["reviewer:ann", "reviewer:bob"];
const BOTH: [&str; 3] = ["partner:aurora", "reviewer:ann", "reviewer:bob"];
const DAY: u64 = 86_400;

/// A log in which the agreement is so changed, and ends no field before its end; the agreement's digest.
fn agreed(change: impl FnOnce(&mut AgreementDocument)) -> (World, Digest) {
    let mut world = World::governed();
    let digest = conclude(&mut world, change);
    (world, digest)
}

fn conclude(world: &mut World, change: impl FnOnce(&mut AgreementDocument)) -> Digest {
    let mut document = agreement();
    document.wind_down.clear();
    change(&mut document);
    let act = world.agreement_act(&document);
    let Act::Agreement(agreement) = &act else { panic!("it is an agreement") };
    let digest = agreement.digest;
    world.act(act, &BOTH);
    digest
}

/// A disclosure under these agreements at this second breaks these rules, and no others.
fn breaks(world: &World, agreements: &[Digest], second: u64, expected: &[Rule]) {
    let mut world = world.clone();
    world.clock_s = second;
    let index = world.disclose(|d| d.agreements = agreements.to_vec());
    let mut expected: Vec<_> = expected.iter().map(|rule| (*rule, Some(index))).collect();
    expected.sort_unstable();
    let verdict = world.verdict();
    assert_eq!(failed(&verdict), expected, "second {second}: {:#?}", verdict.failures);
}

fn screened(world: &mut World, outcome: Outcome, signers: &[&str]) -> u64 {
    let list = ScreeningList { list: name("us-csl"), digest: Digest([5; 32]), entries: 4_227 };
    let (partner, lists, report) = (name("aurora"), vec![list], Digest([6; 32]));
    world.act(Act::Screening(ScreeningAct { partner, lists, outcome, report }), signers)
}

#[test]
fn a_release_after_a_screening_that_did_not_end_well_is_named() {
    let (world, digest) = agreed(|_| {});
    let now = world.clock_s;
    for (outcome, signers, expected) in [
        (Outcome::Clear, &REVIEWERS[..], &[][..]),
        (Outcome::Undecided, &["reviewer:eve"], &[Rule::Screening]),
        (Outcome::Refused, &["reviewer:eve"], &[Rule::Screening]),
    ] {
        let mut world = world.clone();
        screened(&mut world, outcome, signers);
        breaks(&world, &[digest], now, expected);
        // What people decided since opens it again.
        world.clock_s += 1;
        screened(&mut world, Outcome::Clear, &REVIEWERS);
        breaks(&world, &[digest], now + 1, &[]);
        let moved = Partner { name: "Aurora plc".to_owned(), ..partner() };
        world.act(Act::Partner(moved), &REVIEWERS);
        breaks(&world, &[digest], now + 1, &[Rule::Screening]);
    }
}

#[test]
fn a_partner_that_one_reviewer_cleared_is_not_cleared() {
    let (mut world, _) = agreed(|_| {});
    let index = screened(&mut world, Outcome::Clear, &["reviewer:eve"]);
    assert_eq!(failed(&world.verdict()), [(Rule::FourEyes, Some(index))]);
}

#[test]
fn a_release_to_whom_nobody_screened_is_named_where_that_is_required() {
    let (mut world, digest) = agreed(|_| {});
    let now = world.clock_s;
    let rules = RulesDocument { screening_required: true, ..rules(&["KP"]) };
    let rules = world.document(&rules);
    world.act(Act::Rules(Published { digest: rules }), &REVIEWERS);
    breaks(&world, &[digest], now, &[Rule::Screening]);
    screened(&mut world, Outcome::Clear, &REVIEWERS);
    breaks(&world, &[digest], now, &[]);
}

#[test]
fn a_release_while_an_obligation_is_overdue_is_named_to_the_second() {
    let (mut world, digest) = agreed(|_| {});
    let due = BEGINNING_S + 1_000;
    let act = |step| {
        let (partner, obligation) = (name("aurora"), name("delete-2018"));
        Act::Obligation(ObligationAct { partner, obligation, step })
    };
    let demanded = ObligationStep::Demanded {
        agreement: name("aurora-2018"),
        what: Duty::Deletion,
        due: at(due),
        reason: "audit".to_owned(),
    };
    world.act(act(demanded), &["reviewer:eve"]);
    breaks(&world, &[digest], due - 1, &[]);
    breaks(&world, &[digest], due, &[Rule::Obligation]);
    world.clock_s = due + 500;
    world.act(act(ObligationStep::Attested), &["partner:aurora"]);
    breaks(&world, &[digest], due + 500, &[]);
}

#[test]
fn a_release_of_what_is_no_longer_certified_is_named_to_the_second() {
    let certification = CertificationDocument { every_days: 1, cure_days: 0 };
    let (mut world, digest) = agreed(|document| document.certification = certification);
    let lapses = BEGINNING_S + DAY;
    breaks(&world, &[digest], lapses - 1, &[]);
    breaks(&world, &[digest], lapses, &[Rule::Certification]);
    world.clock_s = lapses + 100;
    let (agreement, client, partner) = (name("aurora-2018"), name("aurora-home"), name("aurora"));
    let categories = vec!["pd:Name".to_owned()];
    let act = Certification { agreement, client, partner, categories };
    world.act(Act::Certification(act), &["partner:aurora"]);
    breaks(&world, &[digest], lapses + 100, &[]);
}

#[test]
fn a_release_outside_of_an_agreements_own_territory_is_named() {
    let country = |code| Country::parse(code).unwrap();
    for (territory, expected) in [
        (&["FI", "IE"][..], &[][..]),
        (&["FI"], &[Rule::AgreementTerritory]),
        (&["IE"], &[Rule::AgreementTerritory]),
        (&["DE"], &[Rule::AgreementTerritory]),
    ] {
        let territory: Vec<_> = territory.iter().map(|code| country(code)).collect();
        let (world, digest) = agreed(|document| document.territory = territory);
        breaks(&world, &[digest], world.clock_s, expected);
    }
}

#[test]
fn a_release_under_the_wider_one_of_two_agreements_is_named() {
    let (mut world, wide) = agreed(|_| {});
    let narrow = conclude(&mut world, |document| {
        document.agreement = name("aurora-narrow");
        for purpose in &mut document.purposes {
            purpose.friend.retain(|field| field != "work");
        }
    });
    let now = world.clock_s;
    breaks(&world, &[wide], now, &[Rule::AgreementDigest, Rule::FieldsAgreed]);
    breaks(&world, &[wide, narrow], now, &[Rule::FieldsAgreed]);
    breaks(&world, &[narrow, wide], now, &[Rule::AgreementDigest, Rule::FieldsAgreed]);
    let mut within = world.clone();
    within.disclose(|d| {
        d.agreements = vec![wide, narrow];
        d.friend.retain(|field| field != "work");
    });
    assert_eq!(within.verdict().failures, []);
}

fn wind_down(world: &mut World, second: u64, ends: EndsDocument) {
    let (agreement, client) = (name("aurora-2018"), name("aurora-home"));
    let steps = vec![WindDownDocument { at: at(second), ends }];
    let reason = "the end of the programme".to_owned();
    world.act(Act::WindDown(WindDown { agreement, client, steps, reason }), &["reviewer:eve"]);
}

#[test]
fn a_release_after_a_step_that_an_act_scheduled_is_named_to_the_second() {
    for ends in
        [EndsDocument::Fields(vec!["work".to_owned()]), EndsDocument::Friends, EndsDocument::All]
    {
        let (mut world, digest) = agreed(|_| {});
        let step = BEGINNING_S + 1_000;
        wind_down(&mut world, step, ends);
        breaks(&world, &[digest], step - 1, &[]);
        breaks(&world, &[digest], step, &[Rule::WindDown]);
    }
}

#[test]
fn a_release_after_the_last_renewal_is_named_to_the_second() {
    const ENDED: [Rule; 3] = [Rule::AgreementDigest, Rule::AgreementTerm, Rule::FieldsAgreed];
    let renewal = RenewalDocument { days: 1, times: 1 };
    let (mut world, digest) = agreed(|document| document.renewal = Some(renewal));
    breaks(&world, &[digest], AGREEMENT_ENDS_S + DAY - 1, &[]);
    breaks(&world, &[digest], AGREEMENT_ENDS_S + DAY, &ENDED);
    // A notice in the first term: it is not renewed at all.
    wind_down(&mut world, AGREEMENT_ENDS_S - 1, EndsDocument::Renewal);
    breaks(&world, &[digest], AGREEMENT_ENDS_S - 1, &[]);
    breaks(&world, &[digest], AGREEMENT_ENDS_S, &ENDED);
}
