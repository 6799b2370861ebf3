//! A person's ledger: what is true holds, and each lie is told by the rule that forbids it.

use std::collections::BTreeMap;
use std::path::Path;

use countersign_domain::digest::Digest;
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_protocol::consent::{Choice, Fields, GrantGiven, GrantName};
use countersign_protocol::ledger_bundle::{Bundle, Opening};
use countersign_protocol::packed::PackedError;
use countersign_protocol::person_index::{Leaf, list_commitment};
use countersign_verifier::ledger::Event;
use countersign_verifier::outcome::OutcomeName;
use countersign_verifier::verdict::Rule;
use proptest::prelude::*;

use crate::ledger_world::{Brought, LedgerWorld, checked, fields};
use crate::verify_world::{BEGINNING_S, at, failed, golden, log_key, name};

pub(crate) const DAY_S: u64 = 86_400;
pub(crate) const VIEWER: usize = 0;
pub(crate) const FRIEND: usize = 1;
pub(crate) const OTHER_FRIEND: usize = 2;
pub(crate) const STRANGER: usize = 3;

/// Numbers of fields in the schema: id, friends, name, work.
const OWN: &[u8] = &[0, 1, 2];
pub(crate) const OF_FRIENDS: &[u8] = &[0, 2, 3];

fn open_to_friends() -> Settings {
    Settings::DEFAULT.with(Route::FriendsDevice, fields(OF_FRIENDS))
}

pub(crate) fn grant(grant: u8) -> Choice {
    Choice::Grant(GrantGiven {
        client: name("aurora-home"),
        friend: Fields(fields(OF_FRIENDS)),
        grant: GrantName([grant; 16]),
        purpose: name("experience"),
        until: at(BEGINNING_S + 30 * DAY_S),
        viewer: Fields(fields(OWN)),
    })
}

pub(crate) fn answer(log: &mut LedgerWorld) -> u64 {
    let friends = [FRIEND, OTHER_FRIEND].map(|who| (who, Relation::Friend, fields(OF_FRIENDS)));
    let about = [&[(VIEWER, Relation::Viewer, fields(OWN))][..], &friends].concat();
    log.disclose(&about, |_| {})
}

/// Everybody has chosen, and nothing has left.
pub(crate) fn chosen() -> LedgerWorld {
    let mut log = LedgerWorld::of(4);
    let open = || Choice::Settings(open_to_friends().into());
    log.choose(&[(VIEWER, 1, grant(1)), (FRIEND, 1, open()), (OTHER_FRIEND, 1, open())]);
    log
}

/// Two closed periods, and one answer after them.
pub(crate) fn told() -> LedgerWorld {
    let mut log = chosen();
    answer(&mut log);
    log.close(|_, _| {});
    log.world.clock_s += DAY_S - 1;
    answer(&mut log);
    log.close(|_, _| {});
    answer(&mut log);
    log
}

pub(crate) fn failures(log: &LedgerWorld, person: usize) -> Vec<Rule> {
    failures_of(log, &log.bundle(person))
}

pub(crate) fn failures_of(log: &LedgerWorld, bundle: &Bundle) -> Vec<Rule> {
    let (verdict, _) = checked(bundle, log.world.clock_s);
    let mut rules: Vec<Rule> = failed(&verdict).into_iter().map(|(rule, _)| rule).collect();
    rules.dedup();
    rules
}

#[test]
fn what_is_true_holds_for_everybody() {
    let log = told();
    for (person, lines) in [(VIEWER, 4), (FRIEND, 4), (OTHER_FRIEND, 4), (STRANGER, 0)] {
        let (verdict, ledger) = checked(&log.bundle(person), log.world.clock_s);
        assert_eq!(verdict.failures, [], "person {person}");
        let ledger = ledger.unwrap();
        assert_eq!((ledger.periods, ledger.lines.len()), (2, lines), "person {person}");
        assert_eq!(ledger.complete_since, Some(0));
        assert_eq!(ledger.complete_until, log.closes[1].close.until);
        let provisional = ledger.lines.iter().filter(|line| line.is_provisional).count();
        assert_eq!(provisional, lines.min(1));
        if let Some(Event::Released(released)) = ledger.lines.last().map(|line| &line.event) {
            assert_eq!(released.partner, name("aurora"));
            let friend = ["id", "name", "work"];
            let own = ["id", "friends", "name"];
            assert_eq!(released.fields, if person == VIEWER { own } else { friend });
        }
    }
}

#[test]
fn each_rule_is_checked_of_a_ledger_that_has_everything() {
    let log = told();
    let (verdict, _) = checked(&log.bundle(VIEWER), log.world.clock_s);
    let unchecked: Vec<_> = Rule::of_ledger().filter(|rule| !verdict.rule_holds(*rule)).collect();
    let by_the_reader = [Rule::LedgerSince, Rule::LedgerAccount, Rule::LedgerReceipt];
    assert_eq!(unchecked, [&[Rule::Witnesses][..], &by_the_reader].concat());
}

/// A change of a bundle that was true, and the rules that say so.
type Lie = (&'static str, fn(&mut Bundle), &'static [Rule]);

const LIES: &[Lie] = &[
    ("a disclosure is left out", |bundle| drop(bundle.items.remove(1)), &[Rule::LedgerComplete]),
    ("the last close is left out", |bundle| drop(bundle.closes.pop()), &[Rule::LedgerEntries]),
    (
        "fewer fields than were released",
        |bundle| {
            let Opening::Record { fields: shown, .. } = &mut bundle.items[1].opening else {
                return;
            };
            *shown = fields(&[0]);
        },
        &[Rule::LedgerComplete, Rule::LedgerOpening],
    ),
    (
        "another entry",
        |bundle| {
            let entry = &mut bundle.entries[2].bytes;
            let text = String::from_utf8(entry.clone()).unwrap();
            *entry = text.replace("\"clear\"", "\"decided\"").into_bytes();
        },
        &[Rule::LedgerEntries],
    ),
    (
        "another person's secret",
        |bundle| bundle.secrets[0].secret.0[0] ^= 1,
        &[Rule::LedgerSecrets, Rule::LedgerComplete, Rule::LedgerOpening],
    ),
    (
        "no secret at all",
        |bundle| {
            bundle.secrets.clear();
            bundle.items.clear();
            bundle.closes.iter_mut().for_each(|close| close.shown.clear());
        },
        &[Rule::LedgerSecrets],
    ),
    (
        "another account",
        |bundle| bundle.account = "person-3".to_owned(),
        &[Rule::LedgerDirectory, Rule::LedgerSecrets],
    ),
    ("a close without its proof", |bundle| bundle.closes[0].shown.clear(), &[Rule::LedgerComplete]),
    (
        "a period's index of its own",
        |bundle| bundle.closes[0].person_index = Digest([9; 32]),
        &[Rule::LedgerEntries, Rule::LedgerComplete],
    ),
    (
        "an agreement that nobody signed",
        |bundle| {
            for document in &mut bundle.documents {
                let text = String::from_utf8(document.clone()).unwrap();
                *document = text.replace("\"device\"", "\"app\"").into_bytes();
            }
        },
        &[Rule::LedgerDocuments],
    ),
    ("a search that ends before what it found", |bundle| bundle.searched -= 1, &[Rule::LedgerForm]),
    ("a search beyond the log", |bundle| bundle.searched += 1, &[Rule::LedgerForm]),
    (
        "a checkpoint of another log",
        |bundle| {
            let text = String::from_utf8(bundle.checkpoint.clone()).unwrap();
            bundle.checkpoint = text.replacen("aurora", "borealis", 1).into_bytes();
        },
        &[Rule::Checkpoint],
    ),
];

#[test]
fn each_lie_of_a_bundle_is_named() {
    let log = told();
    for (lie, change, rules) in LIES {
        let mut bundle = log.bundle(VIEWER);
        change(&mut bundle);
        assert_eq!(failures_of(&log, &bundle), *rules, "{lie}");
    }
}

/// A bundle that every verifier comes to the same verdict on.
#[derive(serde::Serialize)]
struct Vector {
    bundle: String,
    says: &'static str,
    at: u64,
    /// What the reader brings: their account, since when in seconds, and consent receipts.
    account: Option<String>,
    account_since: Option<u64>,
    receipts: Vec<String>,
    outcome: OutcomeName,
    failed: Vec<&'static str>,
    lines: Option<usize>,
    /// Of a ledger that holds: the period since which it is complete.
    complete_since: Option<u64>,
    erased_versions: Vec<u64>,
}

/// Bundles with their verdicts, for other implementations: `testdata/vectors/ledger`. COUNTERSIGN_BLESS=1
/// writes them anew.
#[test]
fn vectors_are_what_this_verifier_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vectors/ledger");
    let mut vectors: Vec<Vector> = Vec::new();
    let mut files: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let mut take_with = |says: &'static str, bytes: Vec<u8>, at_s: u64, brought: Brought| {
        let (verdict, ledger) = brought.checked(&bytes, at_s);
        let mut rules: Vec<Rule> = failed(&verdict).into_iter().map(|(rule, _)| rule).collect();
        rules.dedup();
        let mut bundle = format!("{:02}.ledger", vectors.len());
        match files.get(&bytes) {
            // The same bundle with something else that its reader brings.
            Some(file) if !brought.is_nothing() => bundle.clone_from(file),
            _ => golden(&folder.join(&bundle), &bytes),
        }
        files.entry(bytes).or_insert_with(|| bundle.clone());
        vectors.push(Vector {
            bundle,
            says,
            at: at_s,
            account: brought.account,
            account_since: brought.since_s,
            receipts: brought.receipts,
            outcome: verdict.outcome().name(),
            failed: rules.into_iter().map(Rule::name).collect(),
            lines: ledger.as_ref().map(|ledger| ledger.lines.len()),
            complete_since: ledger
                .as_ref()
                .filter(|_| verdict.holds())
                .and_then(|l| l.complete_since),
            erased_versions: ledger.map(|ledger| ledger.erased_versions).unwrap_or_default(),
        });
    };
    let mut take = |says, bytes, at_s| take_with(says, bytes, at_s, Brought::default());
    let log = told();
    let now = log.world.clock_s;
    take("a viewer's", log.bundle(VIEWER).to_bytes(), now);
    take("a friend's", log.bundle(FRIEND).to_bytes(), now);
    take("that of somebody whom the log holds nothing about", log.bundle(STRANGER).to_bytes(), now);
    take("a day too old", log.bundle(VIEWER).to_bytes(), now + DAY_S + 1);
    for (says, change, _) in LIES {
        let mut bundle = log.bundle(VIEWER);
        change(&mut bundle);
        take(says, bundle.to_bytes(), now);
    }
    let bytes = log.bundle(VIEWER).to_bytes();
    take("one that is cut off", bytes[..bytes.len() - 1].to_vec(), now);
    take("one with a byte behind its end", [&bytes[..], &[0]].concat(), now);
    take("one of another version", [&bytes[..11], &[2], &bytes[12..]].concat(), now);
    for (says, lie, person) in LOG_LIES {
        let log = lie();
        take(says, log.bundle(*person).to_bytes(), log.world.clock_s);
    }
    take("one dated ahead", bytes, now - DAY_S);
    for (says, bundle, at_s) in crate::verify_erasure::vectors() {
        take(says, bundle.to_bytes(), at_s);
    }
    for (says, bundle, at_s, brought) in crate::verify_late::vectors() {
        take_with(says, bundle.to_bytes(), at_s, brought);
    }
    golden(&folder.join("log.vkey"), format!("{}\n", log_key()).as_bytes());
    let json = serde_json::to_string_pretty(&vectors).unwrap();
    golden(&folder.join("verdicts.json"), format!("{json}\n").as_bytes());
}

/// What a platform may do, and whose ledger shows it.
type LogLie = (&'static str, fn() -> LedgerWorld, usize);

const LOG_LIES: &[LogLie] = &[
    (
        "no close at all",
        || {
            closed_after(
                |log| {
                    answer(log);
                },
                false,
            )
        },
        VIEWER,
    ),
    (
        "a release against a setting",
        || {
            closed_after(
                |log| {
                    log.set(FRIEND, 2, Settings::DEFAULT);
                    answer(log);
                },
                true,
            )
        },
        FRIEND,
    ),
    (
        "a release without a grant",
        || {
            closed_after(
                |log| {
                    let grant = GrantName([1; 16]);
                    log.choose(&[(VIEWER, 2, Choice::GrantEnded { grant })]);
                    answer(log);
                },
                true,
            )
        },
        VIEWER,
    ),
    (
        "a choice that is missing",
        || {
            closed_after(
                |log| {
                    log.set(FRIEND, 3, Settings::CLOSED);
                },
                true,
            )
        },
        FRIEND,
    ),
    (
        "a choice that stands twice",
        || {
            closed_after(
                |log| {
                    log.set(FRIEND, 2, Settings::CLOSED);
                    log.set(FRIEND, 2, Settings::CLOSED);
                },
                true,
            )
        },
        FRIEND,
    ),
    (
        "what somebody began with, behind what left",
        || {
            closed_after(
                |log| {
                    let stranger = [(STRANGER, Relation::Friend, fields(OF_FRIENDS))];
                    log.disclose(&stranger, |_| {});
                    log.set(STRANGER, 0, open_to_friends());
                },
                true,
            )
        },
        STRANGER,
    ),
    (
        "an entry that does not name what left",
        || {
            closed_after(
                |log| {
                    let friend = [(FRIEND, Relation::Friend, fields(OF_FRIENDS))];
                    log.disclose(&friend, |entry| entry.friend.retain(|field| field != "work"));
                },
                true,
            )
        },
        FRIEND,
    ),
    (
        "closes more than a day apart",
        || {
            let mut log = told();
            log.world.clock_s += 2 * DAY_S;
            log.close(|_, _| {});
            log
        },
        STRANGER,
    ),
    (
        "periods with a gap",
        || {
            let mut log = told();
            log.close(|close, _| close.from += 1);
            log
        },
        STRANGER,
    ),
    (
        "a directory of another key",
        || {
            let mut log = told();
            log.close(|close, _| close.directory.vrf = Digest([9; 32]));
            log
        },
        STRANGER,
    ),
    (
        "a decision that had seen what is behind itself",
        || {
            closed_after(
                |log| {
                    let friend = [(FRIEND, Relation::Friend, fields(OF_FRIENDS))];
                    log.disclose(&friend, |entry| entry.as_of += 2);
                },
                true,
            )
        },
        FRIEND,
    ),
];

/// A log in which everybody has chosen, and then this.
fn closed_after(then: impl FnOnce(&mut LedgerWorld), is_closed: bool) -> LedgerWorld {
    let mut log = chosen();
    then(&mut log);
    if is_closed {
        log.close(|_, _| {});
    }
    log
}

#[test]
fn a_log_without_a_close_proves_nothing_complete() {
    let mut log = chosen();
    answer(&mut log);
    assert_eq!(failures(&log, VIEWER), [Rule::LedgerCurrent]);
}

#[test]
fn a_close_that_is_dated_ahead_is_not_current() {
    let log = told();
    let closed_s = log.bundle(VIEWER).closes.last().unwrap().time.seconds();
    for (at_s, expected) in [
        (closed_s - 901, &[(Rule::LedgerCurrent, None)][..]),
        (closed_s - 900, &[]),
        (closed_s + DAY_S, &[]),
    ] {
        let (verdict, _) = checked(&log.bundle(VIEWER), at_s);
        assert_eq!(failed(&verdict), expected, "{at_s}");
    }
}

#[test]
fn a_log_that_stalls_fails() {
    let log = told();
    let (verdict, _) = checked(&log.bundle(VIEWER), log.world.clock_s + DAY_S + 1);
    assert_eq!(failed(&verdict), [(Rule::LedgerCurrent, None)]);
}

#[test]
fn a_person_left_out_of_the_index_finds_out() {
    let mut log = chosen();
    answer(&mut log);
    let label_of =
        |log: &LedgerWorld| countersign_protocol::person_index::Label::of(&log.secrets[FRIEND], 0);
    let label = label_of(&log);
    log.close(|_, leaves| leaves.retain(|leaf| leaf.label != label));
    assert_eq!(failures(&log, FRIEND), [Rule::LedgerComplete]);
    assert_eq!(failures(&log, OTHER_FRIEND), []);
}

#[test]
fn a_record_left_out_of_a_list_is_missed_by_whoever_knows_of_it() {
    let mut log = chosen();
    let kept = answer(&mut log);
    answer(&mut log);
    let label = countersign_protocol::person_index::Label::of(&log.secrets[FRIEND], 0);
    let items: Vec<_> = log
        .held
        .iter()
        .filter(|held| held.person == FRIEND && held.item.index <= kept)
        .map(|held| countersign_protocol::person_index::Item {
            index: held.item.index,
            position: held.item.position,
            commitment: held.commitment,
        })
        .collect();
    log.close(|_, leaves| {
        let list = list_commitment(&items);
        leaves.iter_mut().filter(|leaf| leaf.label == label).for_each(|leaf| {
            *leaf = Leaf { label, list };
        });
    });
    assert_eq!(failures(&log, FRIEND), [Rule::LedgerComplete]);
}

#[test]
fn a_release_against_a_setting_is_named() {
    let mut log = chosen();
    log.set(FRIEND, 2, Settings::DEFAULT);
    answer(&mut log);
    log.close(|_, _| {});
    assert_eq!(failures(&log, FRIEND), [Rule::LedgerSettings]);
    assert_eq!(failures(&log, OTHER_FRIEND), []);
}

#[test]
fn a_decision_that_had_not_seen_the_change_may_stand_behind_it() {
    let mut log = chosen();
    let seen = log.set(FRIEND, 2, Settings::DEFAULT);
    let friend = [(FRIEND, Relation::Friend, fields(OF_FRIENDS))];
    log.disclose(&friend, |disclosure| disclosure.as_of = seen);
    log.close(|_, _| {});
    assert_eq!(failures(&log, FRIEND), []);
}

#[test]
fn a_setting_that_opens_counts_only_from_its_entry_on() {
    let mut log = LedgerWorld::of(2);
    log.disclose(&[(FRIEND, Relation::Friend, fields(OF_FRIENDS))], |_| {});
    log.set(FRIEND, 1, open_to_friends());
    log.close(|_, _| {});
    assert_eq!(failures(&log, FRIEND), [Rule::LedgerSettings]);
}

#[test]
fn what_somebody_began_with_counts_wherever_it_stands() {
    let mut log = LedgerWorld::of(2);
    log.disclose(&[(FRIEND, Relation::Friend, fields(OF_FRIENDS))], |_| {});
    log.set(FRIEND, 0, open_to_friends());
    log.close(|_, _| {});
    assert_eq!(failures(&log, FRIEND), []);
}

#[test]
fn a_release_without_a_grant_is_named() {
    for (choices, rules) in [
        (vec![], &[Rule::LedgerGrant][..]),
        (vec![(VIEWER, 1, grant(1))], &[]),
        (
            vec![
                (VIEWER, 1, grant(1)),
                (VIEWER, 2, Choice::GrantEnded { grant: GrantName([1; 16]) }),
            ],
            &[Rule::LedgerGrant],
        ),
        (
            vec![
                (VIEWER, 1, grant(1)),
                (VIEWER, 2, Choice::GrantEnded { grant: GrantName([2; 16]) }),
            ],
            &[],
        ),
    ] {
        let mut log = LedgerWorld::of(1);
        if !choices.is_empty() {
            log.choose(&choices);
        }
        log.disclose(&[(VIEWER, Relation::Viewer, fields(OWN))], |_| {});
        log.close(|_, _| {});
        assert_eq!(failures(&log, VIEWER), rules, "{} choices", choices.len());
    }
}

#[test]
fn a_grant_is_for_one_purpose_and_time_and_for_its_fields() {
    type Change = fn(&mut GrantGiven);
    let changes: [Change; 4] = [
        |given| given.client = name("aurora-watch"),
        |given| given.purpose = name("backup"),
        |given| given.until = at(BEGINNING_S),
        |given| given.viewer = Fields(fields(&[0, 1])),
    ];
    for change in changes {
        let Choice::Grant(mut given) = grant(1) else { panic!("no grant") };
        change(&mut given);
        let mut log = LedgerWorld::of(1);
        log.choose(&[(VIEWER, 1, Choice::Grant(given))]);
        log.disclose(&[(VIEWER, Relation::Viewer, fields(OWN))], |_| {});
        log.close(|_, _| {});
        assert_eq!(failures(&log, VIEWER), [Rule::LedgerGrant]);
    }
}

#[test]
fn choices_that_are_missing_or_changed_are_named_and_repeated_ones_are_not() {
    let closed = Settings::CLOSED;
    for (numbers, rules) in [
        (vec![(1, open_to_friends()), (2, closed), (1, open_to_friends()), (2, closed)], &[][..]),
        (vec![(0, closed), (1, closed)], &[]),
        (vec![(2, closed)], &[Rule::LedgerChoices]),
        (vec![(1, closed), (3, closed)], &[Rule::LedgerChoices]),
        (vec![(1, closed), (1, open_to_friends())], &[Rule::LedgerChoices]),
    ] {
        let mut log = LedgerWorld::of(1);
        for (number, settings) in &numbers {
            log.set(0, *number, *settings);
        }
        log.close(|_, _| {});
        assert_eq!(failures(&log, 0), rules, "{numbers:?}");
    }
}

#[test]
fn an_entry_that_does_not_name_a_field_of_its_record_is_named() {
    let mut log = chosen();
    let friend = [(FRIEND, Relation::Friend, fields(OF_FRIENDS))];
    log.disclose(&friend, |disclosure| disclosure.friend.retain(|field| field != "work"));
    log.close(|_, _| {});
    assert_eq!(failures(&log, FRIEND), [Rule::LedgerFields]);
}

#[test]
fn a_secret_that_took_anothers_place_leaves_both_to_be_proved() {
    let mut log = told();
    log.secrets[STRANGER] = countersign_domain::person::Secret([77; 32]);
    log.close(|_, _| {});
    // The new secret alone: the old one is missing.
    let mut bundle = log.bundle(STRANGER);
    assert!(failures_of(&log, &bundle).contains(&Rule::LedgerSecrets));
    bundle.secrets[0].version = 2;
    assert!(failures_of(&log, &bundle).contains(&Rule::LedgerSecrets));
}

#[test]
fn bytes_that_are_no_bundle_are_refused_with_what_is_wrong() {
    let bytes = told().bundle(VIEWER).to_bytes();
    assert_eq!(Bundle::parse(&bytes).unwrap().to_bytes(), bytes);
    const BUNDLE: &str = "ledger bundle";
    assert_eq!(
        Bundle::parse(b"cs1list\n").unwrap_err(),
        PackedError::Other { of: BUNDLE, magic: "cs1ledg".to_owned() }
    );
    let later = [&bytes[..8], &[0, 0, 0, 2], &bytes[12..]].concat();
    assert_eq!(
        Bundle::parse(&later).unwrap_err(),
        PackedError::UnknownVersion { of: BUNDLE, found: 2, known: 1 }
    );
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(Bundle::parse(&longer).unwrap_err(), PackedError::Trailing { of: BUNDLE, found: 1 });
    for length in 0..bytes.len().min(2_000) {
        assert!(Bundle::parse(&bytes[..length]).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever bit is changed on its way, the ledger is refused, and nothing panics.
    #[test]
    fn property_no_bit_of_a_bundle_can_be_changed(at_byte: prop::sample::Index, bit in 0u8..8) {
        thread_local! {
            static TOLD: (Vec<u8>, u64) = {
                let log = told();
                // What nobody has to search is the one number that a platform may choose.
                (log.bundle(VIEWER).to_bytes(), log.world.clock_s)
            };
        }
        TOLD.with(|(bytes, clock_s)| {
            let mut changed = bytes.clone();
            let place = at_byte.index(bytes.len());
            changed[place] ^= 1 << bit;
            let (verdict, _) = Brought::default().checked(&changed, *clock_s);
            // A signature line's key id may be anything that is not the log's; everything else is bound.
            prop_assert!(!verdict.holds(), "byte {} bit {}", place, bit);
            Ok(())
        })?;
    }
}
