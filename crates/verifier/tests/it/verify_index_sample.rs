//! The sample of a period's items, one lie a test. An operator who fills lists with invented people has to open items
//! that they did not choose.

use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::person::Secret;
use countersign_domain::relation::Relation;
use countersign_protocol::directory::{GONE, secret_commitment};
use countersign_protocol::entry::{Close, CloseKind, ENTRY_VERSION, Entry};
use countersign_protocol::index_sample::{Draw, OpenedItem, Sample};
use countersign_protocol::ledger_bundle::Opening;
use countersign_verifier::index_check::{IndexCheck, SampleQuestion};
use countersign_verifier::verdict::Rule;

use crate::index_world::{Indexed, PERIOD, account, label, secret};
use crate::verify_world::{at, failed};

const OF_SAMPLE: [Rule; 5] = [
    Rule::SampleForm,
    Rule::SampleDrawn,
    Rule::SampleDirectory,
    Rule::SampleOpening,
    Rule::SampleErased,
];

const ANY: Digest = Digest([0; 32]);

/// What an auditor says who asked for so many items, and bears so many of erased people.
fn asked(log: &Indexed, sample: &[u8], drawn: u32, erased_max: u64) -> IndexCheck {
    let question = SampleQuestion { bytes: sample, drawn, challenge: ANY, erased_max };
    log.asked_of_sample(question)
}

fn checked(log: &Indexed, sample: &Sample) -> IndexCheck {
    asked(log, &sample.to_bytes(), 5, 0)
}

/// The rules that are broken.
fn rules(checked: &IndexCheck) -> Vec<Rule> {
    let mut rules: Vec<_> = failed(&checked.verdict).into_iter().map(|(rule, _)| rule).collect();
    rules.dedup();
    rules
}

#[test]
fn a_sample_that_is_true_holds_and_names_its_accounts() {
    let log = Indexed::closed(|_| {});
    let found = checked(&log, &log.sample(5, log.close));
    assert_eq!(found.verdict.failures, []);
    for rule in OF_SAMPLE {
        assert!(found.verdict.rule_holds(rule), "{rule} was not checked");
    }
    let sampled = found.sampled.unwrap();
    assert_eq!((sampled.drawn, sampled.opened, sampled.erased), (5, 5, 0));
    assert!((1..=5).contains(&sampled.accounts.len()), "{sampled:?}");
    assert_eq!((found.audit.sample, found.audit.erased), (5, 0));

    let all = asked(&log, &log.sample(300, log.close).to_bytes(), 300, 0);
    assert_eq!(all.verdict.failures, []);
    let sampled = all.sampled.unwrap();
    let everybody = [1, 2, 3, 4, 5, 6, 9].map(account);
    assert_eq!((sampled.opened, sampled.accounts), (11, everybody.into()));
    // How many there are is said to nobody: so many were asked for.
    assert_eq!(all.audit.sample, 300);
}

type Lie = (&'static str, fn(&mut Sample), Rule);

fn first(sample: &mut Sample) -> &mut OpenedItem {
    sample.items[0].opened.as_mut().unwrap()
}

const LIES: &[Lie] = &[
    ("an item is left out", |sample| drop(sample.items.pop()), Rule::SampleDrawn),
    ("an item that was not drawn", |sample| sample.items[0].number += 20, Rule::SampleDrawn),
    ("items in another order", |sample| sample.items.reverse(), Rule::SampleDrawn),
    (
        "fewer than were asked for",
        |sample| {
            sample.draw.drawn = 4;
            let numbers = sample.draw.numbers(11);
            sample.items.retain(|item| numbers.contains(&item.number));
        },
        Rule::SampleDrawn,
    ),
    ("another close", |sample| sample.draw.close = Digest([1; 32]), Rule::SampleDrawn),
    ("another challenge", |sample| sample.draw.challenge = Digest([1; 32]), Rule::SampleDrawn),
    (
        "the history of another account",
        |sample| sample.accounts[0].account = account(200),
        Rule::SampleDirectory,
    ),
    ("a history cut off", |sample| sample.accounts[0].history.truncate(9), Rule::SampleDirectory),
    ("another version", |sample| sample.accounts[0].version = 2, Rule::SampleDirectory),
    ("no close of a directory", |sample| sample.directory_close += 1, Rule::SampleDirectory),
    ("an earlier close", |sample| sample.directory_close -= 3, Rule::SampleDirectory),
    ("a close that is not there", |sample| sample.directory_close = 1 << 60, Rule::SampleDirectory),
    ("another salt", |sample| first(sample).salt[0] ^= 1, Rule::SampleOpening),
    (
        "other fields",
        |sample| {
            let (relation, fields) = (Relation::Friend, FieldSet::from_bits(1));
            first(sample).opening = Opening::Record { relation, fields };
        },
        Rule::SampleOpening,
    ),
    (
        "a choice at a disclosure, or the other way round",
        |sample| first(sample).opening = Opening::Consent(b"{}".to_vec()),
        Rule::SampleOpening,
    ),
    ("somebody else's account", |sample| first(sample).account ^= 1, Rule::SampleOpening),
    ("nobody's account", |sample| first(sample).account = 99, Rule::SampleOpening),
    ("an item that nobody can open", |sample| sample.items[0].opened = None, Rule::SampleErased),
];

#[test]
fn each_lie_of_a_sample_is_named() {
    let log = Indexed::closed(|_| {});
    let good = log.sample(5, log.close);
    assert!(good.accounts.len() > 1, "the draw of this log has one account only");
    for (what, lie, rule) in LIES {
        let mut sample = good.clone();
        lie(&mut sample);
        let found = checked(&log, &sample);
        assert!(rules(&found).contains(rule), "{what}: {:?}", found.verdict.failures);
        assert!(rules(&found).iter().all(|rule| OF_SAMPLE.contains(rule)), "{what}");
        let opened = found.sampled.unwrap().opened;
        assert!(opened < 5 || *rule == Rule::SampleDrawn, "{what}: {opened} were opened");
    }
    let bytes = good.to_bytes();
    let cut_off = asked(&log, &bytes[..bytes.len() - 1], 5, 0);
    assert_eq!(rules(&cut_off), [Rule::SampleForm]);
    assert_eq!((cut_off.sampled, cut_off.audit.sample), (None, 0));
}

#[test]
fn another_secret_of_an_account_is_named() {
    let log = Indexed::closed(|_| {});
    let mut sample = log.sample(5, log.close);
    sample.accounts[0].secret = Secret([99; 32]);
    assert_eq!(rules(&checked(&log, &sample)), [Rule::SampleDirectory, Rule::SampleOpening]);
}

#[test]
fn items_of_erased_people_are_borne_as_many_as_the_auditor_says() {
    let log = Indexed::closed(|_| {});
    let mut sample = log.sample(5, log.close);
    for item in &mut sample.items[..3] {
        item.opened = None;
    }
    let with = |erased_max| asked(&log, &sample.to_bytes(), 5, erased_max);
    assert_eq!(rules(&with(2)), [Rule::SampleErased]);
    let borne = with(3);
    assert_eq!(borne.verdict.failures, []);
    assert_eq!(borne.verdict.notices.len(), 3);
    let sampled = borne.sampled.unwrap();
    assert_eq!((sampled.opened, sampled.erased, borne.audit.erased), (2, 3, 4));
}

/// Invented people, of whom the directory knew nothing when the period was closed.
#[test]
fn accounts_that_came_after_the_close_open_nothing() {
    let log = Indexed::closed(|_| {});
    let mut later = log.clone();
    // Between close and sample others came. What is opened of the period was in the directory at its close.
    let directory = later.accounts.publish([("new".to_owned(), Digest([3; 32]))].into_iter());
    let close = later.close_with(directory);
    let found = checked(&later, &later.sample(5, close));
    assert_eq!(found.verdict.failures, []);
    let under_the_wrong_root = checked(&later, &later.sample(5, later.close));
    assert_eq!(rules(&under_the_wrong_root), [Rule::SampleDirectory]);

    let mut log = Indexed::lived();
    log.close(|close| {
        // Nobody of the period was in the directory of its close.
        close.directory = countersign_protocol::entry::DirectoryRoot::EMPTY;
    });
    let directory = log.accounts.publish([("new".to_owned(), Digest([3; 32]))].into_iter());
    let close = log.close_with(directory);
    let found = checked(&log, &log.sample(5, close));
    assert_eq!(rules(&found), [Rule::SampleDirectory]);
    assert_eq!(found.sampled.unwrap().opened, 0);
}

/// Who was erased asks for no ledger, so that records could be put under their secrets for ever.
#[test]
fn a_secret_that_was_erased_before_the_period_opens_nothing() {
    let mut log = Indexed::new();
    let person = |value| [(account(6), value)].into_iter();
    log.accounts.publish(person(secret_commitment(&secret(6))));
    let directory = log.accounts.publish(person(GONE));
    let time = at(log.world.clock_s);
    log.world.push(&Entry::Close(Close {
        directory,
        from: 0,
        kind: CloseKind::Close,
        people: 0,
        period: PERIOD - 1,
        person_index: Digest([1; 32]),
        previous: None,
        time,
        until: 1,
        v: ENTRY_VERSION,
    }));
    log.disclose(&[6]);
    log.close(|close| close.directory = directory);
    let found = asked(&log, &log.sample(1, log.close).to_bytes(), 1, 0);
    assert_eq!(rules(&found), [Rule::SampleDirectory]);
    assert!(
        found.verdict.failures[0].found.contains("was not in the directory between epochs 2 and 2"),
        "{:?}",
        found.verdict.failures
    );
}

/// A record under the label of nobody is in a list, and in no ledger.
#[test]
fn an_item_that_stands_under_a_label_that_is_not_its_persons_is_named() {
    let log = Indexed::closed(|lists| {
        let items = lists.remove(&label(9)).unwrap();
        lists.insert(label(77), items);
    });
    let found = asked(&log, &log.sample(300, log.close).to_bytes(), 300, 0);
    assert_eq!(rules(&found), [Rule::SampleOpening]);
}

/// What the operator draws to their liking, by a close or a challenge that they chose.
#[test]
fn a_sample_that_was_drawn_otherwise_and_fits_its_own_draw_is_named() {
    let mut log = Indexed::lived();
    for _ in 0..20 {
        log.disclose(&[1, 2, 3, 4, 5]);
    }
    log.close(|_| {});
    let own = log.sample(5, log.close).draw;
    for draw in [
        Draw { close: Digest([8; 32]), ..own },
        Draw { challenge: Digest([8; 32]), ..own },
        Draw { drawn: 4, ..own },
    ] {
        let found = checked(&log, &log.sample_of(draw, log.close));
        assert!(rules(&found).contains(&Rule::SampleDrawn), "{draw:?}");
    }
}

#[test]
fn a_challenge_draws_other_items() {
    let mut log = Indexed::lived();
    for _ in 0..50 {
        log.disclose(&[1, 2, 3, 4, 5]);
    }
    log.close(|_| {});
    let sample = log.sample(5, log.close);
    let challenge = Digest([7; 32]);
    let with = |bytes: &[u8]| {
        let question = SampleQuestion { bytes, drawn: 5, challenge, erased_max: 0 };
        log.asked_of_sample(question)
    };
    assert_eq!(rules(&with(&sample.to_bytes())), [Rule::SampleDrawn]);
    let mut renamed = sample;
    renamed.draw.challenge = challenge;
    assert!(rules(&with(&renamed.to_bytes())).contains(&Rule::SampleDrawn));
}
