//! One lie a test: exactly that is told which the rule forbids, and the rule says which entry it was.

use countersign_domain::act::{
    Act, Published, Reinstatement, ReviewOutcome, ReviewPause, Reviewer, Subject, Suspension,
    WindDown,
};
use countersign_domain::digest::Digest;
use countersign_domain::key::Signature;
use countersign_domain::partner::Partner;
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::{EndsDocument, WindDownDocument};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::{
    Consents, ConsentsKind, Disclosure, ENTRY_VERSION, Entry, SignedAct,
};
use countersign_protocol::merkle::root_of_leaves;
use countersign_verifier::log_check::{LogCheckError, Question, check_log};
use countersign_verifier::site::{FolderSite, SiteError};
use countersign_verifier::verdict::{Failure, Rule, Verdict};

use crate::verify_world::{
    AGREEMENT_ENDS_S, BEGINNING_S, Check, ORIGIN, WORK_ENDS_S, World, agreement, at, build, failed,
    keys, log_key, name, partner, public_key, review, rules, sign,
};

const REVIEWERS: [&str; 2] = ["reviewer:ann", "reviewer:bob"];

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn suspend(subject: &str) -> Act {
    let subject: Subject = subject.parse().unwrap();
    Act::Suspension(Suspension { subject, reason: "audit".to_owned() })
}

#[test]
fn a_log_that_tells_the_truth_holds() {
    let mut world = World::governed();
    world.disclose(|_| {});
    world.act(suspend("client:aurora-home"), &["reviewer:eve"]);
    let subject = "client:aurora-home".parse().unwrap();
    let reinstate = Act::Reinstatement(Reinstatement { subject, reason: "done".to_owned() });
    world.act(reinstate, &REVIEWERS);
    world.clock_s = WORK_ENDS_S;
    for _ in 0..2 {
        world.disclose(|d| {
            d.friend = Vec::new();
            d.viewer = names(&["id", "name"]);
            d.people = 1;
            d.as_of = 10;
        });
    }
    let verdict = world.verdict();
    assert_eq!(verdict.failures, []);
    assert!(verdict.holds());
    let counts = (verdict.size, verdict.acts, verdict.disclosures, verdict.partners);
    assert_eq!(counts, (12, 9, 3, 1));
    assert_eq!(verdict.newest, Some(at(WORK_ENDS_S)));
    for rule in [
        Rule::Root,
        Rule::HashTile,
        Rule::EntryBundle,
        Rule::Document,
        Rule::Act,
        Rule::FieldsAgreed,
    ] {
        assert!(verdict.rule_holds(rule), "{rule} was not checked");
    }
}

#[test]
fn an_act_that_is_played_again_does_not_count() {
    let mut world = World::governed();
    let reinstate = || {
        let subject = "client:aurora-home".parse().unwrap();
        Act::Reinstatement(Reinstatement { subject, reason: "done".to_owned() })
    };
    let signed_at_s = world.clock_s;
    world.act(suspend("client:aurora-home"), &["reviewer:eve"]);
    world.act(reinstate(), &REVIEWERS);
    world.clock_s = signed_at_s + 1;
    world.act(suspend("client:aurora-home"), &["reviewer:eve"]);
    world.clock_s = signed_at_s;
    let again = world.act(reinstate(), &REVIEWERS);
    assert_eq!(failed(&world.verdict()), [(Rule::ActOnce, Some(again))]);
}

/// A lie that a disclosure tells, and the rules that say so.
pub(crate) type Lie = (&'static str, fn(&mut Disclosure), &'static [Rule]);

pub(crate) const LIES: &[Lie] = &[
    ("an unknown build", |d| d.build = name("aurora-home@42"), &[Rule::BuildKnown]),
    ("another client", |d| d.client = name("aurora-car"), &[Rule::Client]),
    ("another partner", |d| d.partner = name("borealis"), &[Rule::Partner]),
    ("another agreement", |d| d.agreements = vec![Digest([9; 32])], &[Rule::AgreementDigest]),
    (
        "a purpose of nobody's",
        |d| d.purpose = name("ads"),
        &[Rule::Purpose, Rule::PurposeDeclared, Rule::FieldsAgreed, Rule::FieldsDeclared],
    ),
    (
        "a purpose not declared",
        |d| d.purpose = name("backup"),
        &[Rule::PurposeDeclared, Rule::FieldsDeclared],
    ),
    ("an unknown field", |d| d.viewer.push("shoe_size".to_owned()), &[Rule::FieldsKnown]),
    ("fields out of order", |d| d.friend.swap(1, 2), &[Rule::FieldsOrdered]),
    ("a field twice", |d| d.viewer.push("name".to_owned()), &[Rule::FieldsOrdered]),
    ("no id of self", |d| d.viewer = names(&["friends", "name"]), &[Rule::FieldsComplete]),
    ("no id of friend", |d| d.friend = names(&["name"]), &[Rule::FieldsComplete]),
    ("friends of nobody", |d| d.viewer = names(&["id"]), &[Rule::FieldsComplete]),
    (
        "a list of nobody",
        |d| {
            d.friend.clear();
            d.people = 1;
        },
        &[Rule::FieldsComplete],
    ),
    (
        "a field not agreed, self",
        |d| d.viewer.push("email".to_owned()),
        &[Rule::FieldsAgreed, Rule::FieldsDeclared],
    ),
    (
        "a field not agreed, friend",
        |d| d.friend.push("email".to_owned()),
        &[Rule::FieldsAgreed, Rule::FieldsDeclared],
    ),
    (
        "a field not declared, self",
        |d| d.viewer.push("birthday".to_owned()),
        &[Rule::FieldsDeclared],
    ),
    (
        "a field not declared, friend",
        |d| d.friend.push("birthday".to_owned()),
        &[Rule::FieldsDeclared],
    ),
    (
        "a special category of friends",
        |d| d.friend.push("religion".to_owned()),
        &[Rule::SpecialCategory],
    ),
    ("not a power of two", |d| d.people = 3, &[Rule::People]),
    ("a count that is not rounded", |d| d.counted = Some(3), &[Rule::Counted]),
    ("a count below who is listed", |d| d.counted = Some(1), &[Rule::Counted]),
    ("nobody", |d| d.people = 0, &[Rule::People]),
    ("friends, but one person", |d| d.people = 1, &[Rule::People]),
    (
        "no friend, but two people",
        |d| {
            d.friend.clear();
            d.viewer = names(&["id"]);
            d.people = 2;
        },
        &[Rule::People],
    ),
    ("decided after it was logged", |d| d.as_of += 1, &[Rule::AsOfPast]),
    ("decided before the approval", |d| d.as_of -= 1, &[Rule::AsOf]),
];

#[test]
fn each_lie_of_a_disclosure_is_named() {
    for (what, lie, expected) in LIES {
        let mut world = World::governed();
        let index = world.disclose(lie);
        let expected: Vec<_> = expected.iter().map(|rule| (*rule, Some(index))).collect();
        let verdict = world.verdict();
        let mut expected = expected;
        expected.sort_unstable();
        assert_eq!(failed(&verdict), expected, "{what}: {:#?}", verdict.failures);
    }
}

#[test]
fn a_special_category_of_the_viewer_may_be_released() {
    let mut world = World::governed();
    world.disclose(|d| d.viewer.push("religion".to_owned()));
    assert_eq!(world.verdict().failures, []);
}

/// What happened before a disclosure that is right but for that.
fn after(happened: impl FnOnce(&mut World), expected: &[Rule]) {
    let mut world = World::governed();
    happened(&mut world);
    let index = world.disclose(|_| {});
    let mut expected: Vec<_> = expected.iter().map(|rule| (*rule, Some(index))).collect();
    expected.sort_unstable();
    assert_eq!(failed(&world.verdict()), expected);
}

#[test]
fn a_release_to_a_build_that_nobody_approved_is_named() {
    let mut world = World::governed();
    world.act(Act::Build(build("aurora-home@42")), &["partner:aurora"]);
    let index = world.disclose(|d| d.build = name("aurora-home@42"));
    assert_eq!(failed(&world.verdict()), [(Rule::BuildApproved, Some(index))]);
}

#[test]
fn a_release_after_a_revocation_is_named() {
    let revoke = review("aurora-home@41", ReviewOutcome::Revoke);
    let revoke = |world: &mut World| {
        world.act(revoke, &["reviewer:eve"]);
    };
    after(revoke, &[Rule::BuildNotRevoked]);
}

#[test]
fn a_release_after_a_suspension_is_named() {
    for (subject, rule) in [
        ("partner:aurora", Rule::PartnerNotSuspended),
        ("client:aurora-home", Rule::ClientNotSuspended),
    ] {
        let stop = |world: &mut World| {
            world.act(suspend(subject), &["reviewer:eve"]);
        };
        after(stop, &[rule]);
    }
}

#[test]
fn a_decision_that_had_not_seen_a_suspension_is_named() {
    let mut world = World::governed();
    world.act(suspend("client:aurora-home"), &["reviewer:eve"]);
    let index = world.disclose(|d| d.as_of -= 1);
    let expected = [(Rule::AsOf, Some(index)), (Rule::ClientNotSuspended, Some(index))];
    assert_eq!(failed(&world.verdict()), expected);
}

#[test]
fn a_decision_that_had_not_seen_what_was_over_two_seconds_old_is_named() {
    for (wait_s, missed, expected) in
        [(2, 1, &[][..]), (3, 0, &[]), (3, 1, &[Rule::AsOfRecent]), (3_600, 2, &[Rule::AsOfRecent])]
    {
        let mut world = World::governed();
        world.disclose(|_| {});
        world.disclose(|_| {});
        world.clock_s += wait_s;
        let index = world.disclose(|d| d.as_of -= missed);
        let expected: Vec<_> = expected.iter().map(|rule| (*rule, Some(index))).collect();
        assert_eq!(failed(&world.verdict()), expected, "{wait_s} s, {missed} missed");
    }
}

#[test]
fn a_release_after_the_wind_down_is_named_to_the_second() {
    after(|world| world.clock_s = WORK_ENDS_S - 1, &[]);
    after(|world| world.clock_s = WORK_ENDS_S, &[Rule::WindDown]);
}

#[test]
fn a_release_outside_of_the_agreements_term_is_named_to_the_second() {
    let term = [Rule::AgreementDigest, Rule::AgreementTerm, Rule::FieldsAgreed];
    after(|world| world.clock_s = AGREEMENT_ENDS_S, &term);
    let mut world = World::governed();
    let index = world.disclose(|d| {
        d.friend.clear();
        d.viewer = names(&["id", "name"]);
        d.people = 1;
        d.time = at(AGREEMENT_ENDS_S - 1);
    });
    assert_eq!(failed(&world.verdict()), []);
    world.entries.pop();
    world.disclose(|d| d.time = at(BEGINNING_S - 1));
    assert_eq!(failed(&world.verdict()), term.map(|rule| (rule, Some(index))));
}

#[test]
fn a_release_under_an_agreement_that_was_replaced_is_named() {
    let replace = |world: &mut World| {
        let mut document = agreement();
        document.agreement = name("aurora-2019");
        let act = world.agreement_act(&document);
        world.act(act, &["partner:aurora", "reviewer:ann", "reviewer:bob"]);
    };
    after(replace, &[Rule::AgreementDigest]);
}

#[test]
fn a_release_into_a_closed_territory_is_named() {
    for country in ["IE", "FI"] {
        let close = |world: &mut World| {
            let digest = world.document(&rules(&[country]));
            world.act(Act::Rules(Published { digest }), &REVIEWERS);
        };
        after(close, &[Rule::Territory]);
    }
}

#[test]
fn a_disclosure_whose_time_goes_back_is_named() {
    let mut world = World::governed();
    world.clock_s += 10;
    world.disclose(|_| {});
    world.clock_s -= 1;
    let index = world.disclose(|_| {});
    assert_eq!(failed(&world.verdict()), [(Rule::DisclosureTime, Some(index))]);
}

#[test]
fn consents_and_closes_whose_time_goes_back_are_named() {
    let consents = |time| {
        let records = Digest([7; 32]);
        Entry::Consents(Consents { kind: ConsentsKind::Consents, records, time, v: ENTRY_VERSION })
    };
    let mut world = World::governed();
    world.clock_s += 10;
    let time = at(world.clock_s);
    world.disclose(|_| {});
    world.push(&consents(time));
    assert_eq!(failed(&world.verdict()), []);
    let early = Timestamp::from_seconds(time.seconds() - 1);
    let index = world.push(&consents(early));
    assert_eq!(failed(&world.verdict()), [(Rule::OwnTime, Some(index))]);
}

#[test]
fn an_act_that_is_dated_back_is_named() {
    let mut world = World::governed();
    world.clock_s += 10_000;
    world.disclose(|_| {});
    world.clock_s -= 900;
    world.act(suspend("client:aurora-home"), &["reviewer:eve"]);
    assert_eq!(failed(&world.verdict()), []);
    world.clock_s -= 1;
    let index = world.act(suspend("partner:aurora"), &["reviewer:eve"]);
    assert_eq!(failed(&world.verdict()), [(Rule::ActTime, Some(index))]);
}

/// An act that should not have been taken, and the rules that say so.
fn bad_act(rules: &[Rule], act: impl FnOnce(&mut World) -> u64) {
    let mut world = World::governed();
    let index = act(&mut world);
    let expected: Vec<_> = rules.iter().map(|rule| (*rule, Some(index))).collect();
    assert_eq!(failed(&world.verdict()), expected);
}

#[test]
fn an_act_without_the_signatures_that_it_needs_is_named() {
    let approve = || review("aurora-home@42", ReviewOutcome::Approve);
    let submit = |world: &mut World| {
        world.act(Act::Build(build("aurora-home@42")), &["partner:aurora"]);
    };
    let (alone, stranger) = ([Rule::FourEyes], [Rule::ActSignatures]);
    let both = [Rule::ActSignatures, Rule::FourEyes];
    for (signers, rules) in [
        (&["reviewer:ann"][..], &alone[..]),
        (&["reviewer:ann", "reviewer:ann"], &alone),
        (&["reviewer:ann", "reviewer:ann", "reviewer:bob"], &alone),
        (&["reviewer:ann", "reviewer:mallory"], &both),
        (&["reviewer:ann", "reviewer:bob", "root"], &stranger),
        (&["partner:aurora", "reviewer:ann"], &both),
    ] {
        bad_act(rules, |world| {
            submit(world);
            world.act(approve(), signers)
        });
    }
    bad_act(&[Rule::ActSignatures, Rule::PartnerSigned], |world| {
        world.act(Act::Build(build("aurora-home@42")), &["reviewer:ann"])
    });
    bad_act(&[Rule::ReviewerSigned], |world| world.act(suspend("partner:aurora"), &[]));
    bad_act(&[Rule::RootSigned], |world| world.act(Act::Keys(keys()), &[]));
    bad_act(&[Rule::BuildReview], |world| {
        let pause = ReviewPause { paused: true, reason: "audit".to_owned() };
        world.act(Act::ReviewPause(pause), &["reviewer:ann"]);
        submit(world);
        world.act(approve(), &REVIEWERS)
    });
}

#[test]
fn an_agreement_that_the_partner_never_signed_is_named() {
    let changed = |world: &mut World| {
        let mut document = agreement();
        document.agreement = name("aurora-2019");
        world.agreement_act(&document)
    };
    bad_act(&[Rule::PartnerSigned], |world| {
        let act = changed(world);
        world.act(act, &REVIEWERS)
    });
    bad_act(&[Rule::ActSignatures, Rule::PartnerSigned], |world| {
        let act = changed(world);
        let index = world.act(act, &["partner:aurora", "reviewer:ann", "reviewer:bob"]);
        let Some(Ok(Entry::Act(mut signed))) =
            world.entries.pop().map(|bytes| Entry::parse(&bytes))
        else {
            panic!("an act was pushed");
        };
        signed.signatures[0].sig = Signature([3; 64]);
        world.push(&Entry::Act(signed));
        index
    });
}

#[test]
fn an_agreement_whose_document_is_about_another_one_is_named() {
    bad_act(&[Rule::ActDocument], |world| {
        let mut document = agreement();
        document.agreement = name("aurora-2019");
        let mut act = world.agreement_act(&document);
        if let Act::Agreement(act) = &mut act {
            act.agreement = name("aurora-2020");
        }
        world.act(act, &["partner:aurora", "reviewer:ann", "reviewer:bob"])
    });
}

#[test]
fn a_build_that_declares_more_than_was_agreed_is_named() {
    bad_act(&[Rule::BuildDeclares], |world| {
        let mut build = build("aurora-home@42");
        build.viewer.push("email".to_owned());
        world.act(Act::Build(build), &["partner:aurora"])
    });
}

#[test]
fn a_wind_down_step_in_the_past_is_named() {
    bad_act(&[Rule::WindDownAhead], |world| {
        let steps = vec![WindDownDocument { at: at(world.clock_s - 1), ends: EndsDocument::All }];
        let (agreement, client) = (name("aurora-2018"), name("aurora-home"));
        let act = WindDown { agreement, client, steps, reason: "the end".to_owned() };
        world.act(Act::WindDown(act), &["reviewer:eve"])
    });
}

#[test]
fn every_failure_says_rule_entry_what_was_found_and_what_was_expected() {
    let mut world = World::governed();
    let suspended = world.act(suspend("partner:aurora"), &["reviewer:eve"]);
    let index = world.disclose(|d| d.viewer.push("email".to_owned()));
    let verdict = world.verdict();
    let told = |rule| {
        let of = |failure: &&Failure| (failure.rule, failure.entry) == (rule, Some(index));
        let failure = verdict.failures.iter().find(of).unwrap();
        (failure.found.as_str(), failure.expected.as_str())
    };
    let stopped = format!("partner aurora is suspended (entry {suspended})");
    assert_eq!(told(Rule::PartnerNotSuspended), (&*stopped, "The partner is not suspended."));
    let withheld = "none of them, since agreement aurora-2018 does not give it of self for experience (entry 4)";
    assert_eq!(told(Rule::FieldsAgreed), ("self: email", withheld));
}

#[test]
fn the_verdict_shows_every_rule_about_a_log_with_how_often_it_was_checked() {
    let mut world = World::governed();
    world.disclose(|_| {});
    let rules = world.verdict().rules;
    assert!(Rule::of_log().all(|rule| rules.contains_key(&rule)));
    assert_eq!(rules.len(), Rule::of_log().count(), "and none about answers");
    let checked = |rule: Rule| rules[&rule].checked;
    // keys; schema, rules, partner, agreement and review; agreement and build.
    let of_acts = [Rule::RootSigned, Rule::FourEyes, Rule::PartnerSigned, Rule::ReviewerSigned];
    assert_eq!(of_acts.map(checked), [1, 5, 2, 0]);
    assert_eq!([Rule::ActSignatures, Rule::ActOnce, Rule::ActDocument].map(checked), [7, 7, 3]);
    assert_eq!([Rule::NotShrunk, Rule::Consistency, Rule::FieldsAgreed].map(checked), [0, 0, 2]);
}

#[test]
fn an_act_signed_for_another_log_is_named() {
    bad_act(&[Rule::ActSignatures, Rule::ReviewerSigned], |world| {
        let mut signed = SignedAct::unsigned(suspend("partner:aurora"), at(world.clock_s));
        let message = signed.message("log.example/other").unwrap();
        signed.signatures = vec![countersign_protocol::entry::ActSignature {
            by: "reviewer:eve".parse().unwrap(),
            sig: sign("reviewer:eve", &message),
        }];
        world.push(&Entry::Act(signed))
    });
}

#[test]
fn a_root_key_that_changes_is_named() {
    bad_act(&[Rule::KeysApart], |world| {
        let mut other = keys();
        other.root = partner().key;
        world.act(Act::Keys(other), &["root"])
    });
}

/// The partner with a key of another name.
fn partner_with(key: &str) -> Act {
    let mut partner = partner();
    partner.key = public_key(key);
    Act::Partner(partner)
}

#[test]
fn a_partners_key_that_changes_without_its_old_key_is_named() {
    bad_act(&[Rule::PartnerSigned], |world| {
        world.act(partner_with("partner:aurora/2"), &REVIEWERS)
    });
    bad_act(&[Rule::FourEyes], |world| {
        world.act(partner_with("partner:aurora/2"), &["partner:aurora", "reviewer:ann"])
    });
    let mut world = World::governed();
    world.act(Act::Partner(Partner { name: "Aurora plc".to_owned(), ..partner() }), &REVIEWERS);
    assert_eq!(world.verdict().failures, [], "the name is the platform's to correct");
}

#[test]
fn a_receipts_key_that_is_a_reviewers_is_named() {
    bad_act(&[Rule::KeysApart], |world| {
        let mut other = keys();
        other.receipts = public_key("reviewer:eve");
        world.act(Act::Keys(other), &["root"])
    });
}

#[test]
fn keys_that_change_are_noticed() {
    let mut world = World::governed();
    let of_entries = |verdict: &Verdict| -> Vec<u64> {
        verdict.notices.iter().filter_map(|notice| notice.entry).collect()
    };
    assert!(of_entries(&world.verdict()).is_empty());
    let signers = ["partner:aurora", "reviewer:ann", "reviewer:bob"];
    let of_partner = world.act(partner_with("partner:aurora/2"), &signers);
    let refused = world.act(partner_with("partner:aurora/3"), &REVIEWERS);
    let mut other = keys();
    other.receipts = public_key("receipts/2");
    other.reviewers.remove(0);
    other.reviewers[0].key = public_key("reviewer:bob/2");
    other.reviewers.push(Reviewer { id: name("dan"), key: public_key("reviewer:dan") });
    let of_platform = world.act(Act::Keys(other), &["root"]);
    let verdict = world.verdict();
    assert_eq!(failed(&verdict), [(Rule::PartnerSigned, Some(refused))]);
    assert_eq!(of_entries(&verdict), vec![of_partner, of_platform]);
    let key = public_key;
    let says = format!(
        "keys: receipts: key {} becomes {}; reviewer ann goes; reviewer bob: key {} becomes {}; reviewer dan comes, with key {}",
        key("receipts"),
        key("receipts/2"),
        key("reviewer:bob"),
        key("reviewer:bob/2"),
        key("reviewer:dan")
    );
    assert_eq!(verdict.notices[1].says, says);
    let says = format!("partner aurora: key {} becomes {}", partner().key, key("partner:aurora/2"));
    assert_eq!(verdict.notices[0].says, says);
}

/// A checkpoint of this size over no entries, in a folder that holds nothing else.
fn claimed(size: u64) -> tempfile::TempDir {
    let claim = Checkpoint { origin: ORIGIN.to_owned(), size, root: root_of_leaves([]) };
    let folder = tempfile::tempdir().unwrap();
    let claim = claim.sign(&log_key(), |message| sign("log", message)).unwrap();
    std::fs::write(folder.path().join("checkpoint"), claim).unwrap();
    folder
}

#[test]
fn a_checkpoint_that_claims_more_than_there_is_ends_at_once() {
    for size in [1 << 53, 1 << 63, u64::MAX] {
        let verdict = crate::verify_world::verdict(claimed(size).path());
        assert_eq!(failed(&verdict), [(Rule::Checkpoint, None)], "{size}");
    }
    for size in [1, 256, 257, (1 << 53) - 1] {
        let verdict = crate::verify_world::verdict(claimed(size).path());
        assert_eq!(failed(&verdict), [(Rule::Root, None), (Rule::EntryBundle, None)], "{size}");
        let [notice] = verdict.notices.as_slice() else { panic!("{:?}", verdict.notices) };
        let says = format!("the check stopped after 0 entries: {size} were not looked at");
        assert_eq!(notice.says, says);
    }
}

#[test]
fn a_check_stops_at_the_first_bundle_that_is_missing_or_broken() {
    let mut world = World::governed();
    for _ in 0..600 {
        world.disclose(|_| {});
    }
    world.disclose(|d| d.build = name("aurora-home@42"));
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    let bundle = folder.path().join("tile/entries/001");
    let whole = std::fs::read(&bundle).unwrap();
    std::fs::write(&bundle, &whole[..whole.len() - 1]).unwrap();
    for missing in [false, true] {
        if missing {
            std::fs::remove_file(&bundle).unwrap();
        }
        let verdict = crate::verify_world::verdict(folder.path());
        assert_eq!(failed(&verdict), [(Rule::Root, None), (Rule::EntryBundle, None)]);
        assert_eq!(verdict.notices.len(), 1);
        assert_eq!(verdict.acts + verdict.disclosures, 256);
    }
}

#[test]
fn an_empty_log_is_noticed() {
    let verdict = crate::verify_world::verdict(claimed(0).path());
    assert_eq!(verdict.failures, []);
    assert_eq!(verdict.notices.len(), 1);
    assert!(verdict.notices[0].says.contains("empty"));
}

#[test]
fn an_entry_in_another_spelling_is_named() {
    let mut world = World::governed();
    let index = world.disclose(|_| {});
    let text = String::from_utf8(world.entries.pop().unwrap()).unwrap();
    world.entries.push(text.replace("\"v\":1", "\"v\": 1").into_bytes());
    assert_eq!(failed(&world.verdict()), [(Rule::EntryForm, Some(index))]);
}

#[test]
fn at_a_missing_document_the_check_ends() {
    let mut world = World::governed();
    let digest = world.disclosure().agreements[0];
    world.documents.remove(&digest);
    let verdict = world.verdict();
    let file = verdict.failures.iter().find(|f| f.rule == Rule::Document).unwrap().file.clone();
    assert_eq!(file, Some(format!("documents/{digest}.json")));
    // What nobody allowed without it cannot be judged.
    assert_eq!(failed(&verdict), [(Rule::Root, None), (Rule::Document, Some(4))]);
    assert_eq!(verdict.outcome().holds(), None);
}

#[test]
fn a_missing_file_of_the_tree_is_named() {
    let mut world = World::governed();
    for _ in 0..260 {
        world.disclose(|_| {});
    }
    for file in [
        "tile/0/000",
        "tile/0/001.p/11",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/11",
    ] {
        let folder = tempfile::tempdir().unwrap();
        world.publish(folder.path());
        std::fs::remove_file(folder.path().join(file)).unwrap();
        let verdict = crate::verify_world::verdict(folder.path());
        let named = |f: &&countersign_verifier::verdict::Failure| f.file.as_deref() == Some(file);
        assert_eq!(
            verdict.failures.iter().filter(named).count(),
            1,
            "{file}: {:#?}",
            verdict.failures
        );
    }
}

#[test]
fn a_missing_checkpoint_says_nothing_about_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let key = log_key();
    let checked = check_log(&FolderSite::new(folder.path()), &Question::new(&key, at(0)), |_| {});
    let missing = SiteError::Missing { path: "checkpoint".to_owned() };
    assert_eq!(checked.unwrap_err(), LogCheckError::Site(missing));
}

/// The rules that fail when the log is compared with a checkpoint kept earlier.
fn failed_since(world: &World, since: &str) -> Vec<(Rule, Option<u64>)> {
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    let key = log_key();
    let question =
        Question { since: Some(since.as_bytes()), ..Question::new(&key, at(BEGINNING_S + 86_400)) };
    let checked = check_log(&FolderSite::new(folder.path()), &question, |_| {}).unwrap();
    assert_eq!(checked.verdict.rules[&Rule::NotShrunk].checked, 1);
    failed(&checked.verdict)
}

#[test]
fn a_log_that_does_not_continue_what_was_seen_of_it_is_named() {
    let mut world = World::governed();
    let index = world.disclose(|_| {});
    let seen = world.checkpoint();
    let empty = Checkpoint { origin: ORIGIN.to_owned(), size: 0, root: root_of_leaves([]) };
    let empty = empty.sign(&log_key(), |message| sign("log", message)).unwrap();
    assert_eq!(failed_since(&world, &empty), []);
    assert_eq!(failed_since(&world, &seen), []);
    world.disclose(|_| {});
    assert_eq!(failed_since(&world, &seen), []);
    let kept = world.entries.split_off(index as usize);
    world.disclose(|d| d.records = Digest([8; 32]));
    assert_eq!(failed_since(&world, &seen), [(Rule::Consistency, None)]);
    world.entries.truncate(index as usize);
    assert_eq!(failed_since(&world, &seen), [(Rule::NotShrunk, None)]);
    world.entries.extend(kept);
    assert_eq!(failed_since(&world, &seen), []);
}

#[test]
fn a_stale_log_and_one_from_the_future_are_named() {
    let mut world = World::governed();
    world.disclose(|_| {});
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    let key = log_key();
    for (now, max_age_s, expected) in [
        (BEGINNING_S + 60, Some(60), &[][..]),
        (BEGINNING_S + 61, Some(60), &[(Rule::Fresh, None)]),
        (BEGINNING_S + 61, None, &[]),
        (BEGINNING_S - 900, None, &[]),
        (BEGINNING_S - 901, None, &[(Rule::NotFuture, None)]),
    ] {
        let question = Question { max_age_s, ..Question::new(&key, at(now)) };
        let checked = check_log(&FolderSite::new(folder.path()), &question, |_| {}).unwrap();
        assert_eq!(failed(&checked.verdict), expected, "{now} {max_age_s:?}");
    }
}
