//! The person index of a period against its blinded lists, one lie a test: exactly the rule that forbids it is
//! broken, at the entry that shows it. An operator who lies makes the close of the lists as they are then.

use std::fs;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use countersign_domain::digest::Digest;
use countersign_protocol::blinded_lists::{self, BlindedLists, ListsError};
use countersign_protocol::closed_period::ClosedPeriod;
use countersign_protocol::entry::{Close, Entry};
use countersign_protocol::index_audit::IndexAudit;
use countersign_protocol::person_index::Item;
use countersign_verifier::index_check::{IndexCheck, IndexCheckError, IndexCounts};
use countersign_verifier::verdict::Rule;

use crate::index_world::{Indexed, Lists, asked, asked_of, file, label};
use crate::verify_world::{Check, failed};

/// The first entry of the period of which there is anything to say: an answer about people 1, 2 and 3.
const THREE: u64 = 7;
/// An answer about people 2, 1, 4 and 5: as many as it says.
const FOUR: u64 = 8;
/// Choices of people 3, 9 and 3.
const CHOICES: u64 = 9;

const OF_INDEX: [Rule; 7] = [
    Rule::IndexClose,
    Rule::IndexRoot,
    Rule::IndexPeople,
    Rule::IndexItem,
    Rule::IndexOnce,
    Rule::IndexEntryPeople,
    Rule::IndexComplete,
];

fn assert_holds(checked: &IndexCheck) {
    assert_eq!(checked.verdict.failures, []);
    for rule in [Rule::Checkpoint, Rule::Root, Rule::EntryForm].iter().chain(&OF_INDEX) {
        assert!(checked.verdict.rule_holds(*rule), "{rule} was not checked");
    }
}

#[test]
fn lists_that_are_true_hold() {
    let log = Indexed::closed(|_| {});
    let checked = log.checked();
    assert_holds(&checked);
    assert_eq!(checked.verdict.notices, []);
    assert_eq!(checked.audit.period, log.period());
    assert_eq!(checked.counts, IndexCounts { people: 7, items: 11, unaccounted: 0 });
    assert_eq!(checked.sampled, None);
}

#[test]
fn what_an_auditor_signs_has_no_exact_number() {
    let of = |people: &[u8]| {
        let mut log = Indexed::new();
        log.disclose(people);
        log.close(|_| {});
        let checked = log.checked();
        assert_eq!(checked.verdict.failures, []);
        assert_eq!(checked.counts.people, people.len() as u64);
        let close = Entry::parse(&log.world.entries[log.close as usize]).unwrap();
        let Entry::Close(Close { people, .. }) = close else { panic!("{close:?}") };
        assert_eq!(people, 8);
        checked.audit
    };
    let (five, seven) = (of(&[1, 2, 3, 4, 5]), of(&[1, 2, 3, 4, 5, 6, 7]));
    let numbers = |audit: &IndexAudit| {
        let text = audit.text();
        let lines =
            text.lines().filter(|line| !line.starts_with("close ") && !line.contains("index"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    // One answer is all that the period has: an exact number of the period would be that of its people.
    assert_eq!(numbers(&five), numbers(&seven));
    assert_eq!((five.people, five.items, five.unaccounted), (8, 8, 0));
    for exact in ["people 7", "items 7", "unaccounted 3", "erased 3"] {
        let name = exact.split(' ').next().unwrap();
        let text = seven.text();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        assert_eq!(IndexAudit::parse(&text.replace(line, exact)), None, "{exact}");
    }
}

#[test]
fn an_entry_over_nobody_is_none() {
    let mut log = Indexed::lived();
    let entry = log.disclose_as(&[], 64);
    log.close(|_| {});
    assert_eq!(failed(&log.checked().verdict), [(Rule::EntryForm, Some(entry))]);
    let verdict = log.world.verdict();
    assert!(failed(&verdict).contains(&(Rule::EntryForm, Some(entry))), "{:?}", verdict.failures);
}

#[test]
fn an_entry_about_more_or_fewer_people_than_its_lists_is_named() {
    for (people, said) in [(1, 2), (2, 4), (3, 8), (3, 64), (5, 1), (5, 4), (5, 16)] {
        let mut log = Indexed::lived();
        let entry = log.disclose_as(&[1, 2, 3, 4, 5][..people], said);
        log.close(|_| {});
        let failures = failed(&log.checked().verdict);
        let expected = [(Rule::IndexEntryPeople, Some(entry))];
        assert_eq!(failures, expected, "{people} said to be {said}");
    }
}

/// One person sixty-four times is no crowd. Choices may be one person's: a person can choose twice.
#[test]
fn an_entry_about_one_person_many_times_is_named() {
    let mut log = Indexed::lived();
    let entry = log.disclose_as(&[1, 2, 2, 3], 4);
    log.consent(&[4, 4]);
    log.close(|_| {});
    assert_eq!(failed(&log.checked().verdict), [(Rule::IndexEntryPeople, Some(entry))]);
}

#[test]
fn lists_that_leave_everybody_out_account_for_nothing() {
    let log = Indexed::closed(Lists::clear);
    let failures = failed(&log.checked().verdict);
    let expected = [THREE, FOUR, CHOICES, CHOICES + 1];
    assert_eq!(failures, expected.map(|entry| (Rule::IndexComplete, Some(entry))));
}

#[test]
fn a_period_in_which_nobody_is_holds() {
    let mut log = Indexed::new();
    log.close(|_| {});
    assert_eq!(log.checked().verdict.failures, []);
}

/// What an operator does to the lists before the close, and what an auditor says then.
type Lie = (&'static str, fn(&mut Lists), &'static [(Rule, u64)]);

fn item_of(lists: &mut Lists, person: u8, index: u64) -> &mut Item {
    let items = lists.get_mut(&label(person)).unwrap();
    items.iter_mut().find(|item| item.index == index).unwrap()
}

fn give(lists: &mut Lists, person: u8, item: Item) {
    let items = lists.entry(label(person)).or_default();
    items.push(item);
    items.sort_unstable();
}

const LIES: &[Lie] = &[
    (
        "a person is left out",
        |lists| drop(lists.remove(&label(3))),
        &[(Rule::IndexComplete, THREE), (Rule::IndexComplete, CHOICES)],
    ),
    (
        "a person who only chose is left out",
        |lists| drop(lists.remove(&label(9))),
        &[(Rule::IndexComplete, CHOICES)],
    ),
    (
        "a record is left out",
        |lists| lists.get_mut(&label(1)).unwrap().truncate(1),
        &[(Rule::IndexComplete, FOUR)],
    ),
    (
        "a whole answer is left out",
        |lists| {
            lists.retain(|_, items| {
                items.retain(|item| item.index != THREE);
                !items.is_empty()
            })
        },
        &[(Rule::IndexComplete, THREE)],
    ),
    (
        "a record is in two lists",
        |lists| {
            let item = *item_of(lists, 1, THREE);
            give(lists, 6, item);
        },
        &[(Rule::IndexOnce, THREE)],
    ),
    (
        "two people have the same place",
        |lists| {
            let item = *item_of(lists, 1, THREE);
            give(lists, 6, Item { commitment: [9; 32], ..item });
        },
        &[(Rule::IndexItem, THREE), (Rule::IndexOnce, THREE)],
    ),
    (
        "a record is another, where nothing can be missing",
        |lists| item_of(lists, 4, FOUR).commitment = [9; 32],
        &[(Rule::IndexItem, FOUR)],
    ),
    (
        "a record is another, where something might be missing",
        |lists| item_of(lists, 1, THREE).commitment = [9; 32],
        &[(Rule::IndexComplete, THREE)],
    ),
    (
        "two records are exchanged",
        |lists| {
            let (one, other) = (*item_of(lists, 1, FOUR), *item_of(lists, 4, FOUR));
            item_of(lists, 1, FOUR).commitment = other.commitment;
            item_of(lists, 4, FOUR).commitment = one.commitment;
        },
        &[(Rule::IndexItem, FOUR)],
    ),
    (
        "an item beyond the people of the answer",
        |lists| give(lists, 6, Item { index: FOUR, position: 4, commitment: [9; 32] }),
        &[(Rule::IndexItem, FOUR)],
    ),
    (
        "a choice that is not in the log",
        |lists| give(lists, 6, Item { index: CHOICES, position: 3, commitment: [9; 32] }),
        &[(Rule::IndexComplete, CHOICES)],
    ),
    (
        "an item at an act",
        |lists| give(lists, 6, Item { index: 6, position: 0, commitment: [9; 32] }),
        &[(Rule::IndexItem, 6)],
    ),
    (
        "an item before the period",
        |lists| give(lists, 6, Item { index: 4, position: 0, commitment: [9; 32] }),
        &[(Rule::IndexItem, 4)],
    ),
    (
        "an item behind the period",
        |lists| give(lists, 6, Item { index: 1 << 60, position: 0, commitment: [9; 32] }),
        &[(Rule::IndexItem, 1 << 60)],
    ),
];

#[test]
fn each_lie_of_an_index_is_named_once() {
    for (what, lie, rules) in LIES {
        let failures = failed(&Indexed::closed(lie).checked().verdict);
        let rules: Vec<_> = rules.iter().map(|(rule, entry)| (*rule, Some(*entry))).collect();
        assert_eq!(failures, rules, "{what}");
    }
}

#[test]
fn a_close_that_is_not_that_of_the_lists_is_named() {
    type Lie = (&'static str, fn(&mut Close), Rule);
    let lies: [Lie; 6] = [
        ("another root", |close| close.person_index = Digest([9; 32]), Rule::IndexRoot),
        ("fewer people", |close| close.people /= 2, Rule::IndexPeople),
        ("nobody", |close| close.people = 0, Rule::IndexPeople),
        ("another period", |close| close.period += 1, Rule::IndexClose),
        ("an earlier beginning", |close| close.from -= 1, Rule::IndexClose),
        ("a later end", |close| close.until += 1, Rule::IndexClose),
    ];
    for (what, lie, rule) in lies {
        let mut log = Indexed::lived();
        log.close(lie);
        assert_eq!(failed(&log.checked().verdict), [(rule, Some(log.close))], "{what}");
    }
}

#[test]
fn a_close_with_an_exact_number_of_people_is_none() {
    let mut log = Indexed::lived();
    log.close(|close| close.people = 7);
    let failures = failed(&log.checked().verdict);
    let close = Some(log.close);
    assert_eq!(failures, [(Rule::EntryForm, close), (Rule::IndexClose, close)]);
}

/// What lists say of themselves, changed.
type Renamed = (&'static str, fn(&mut ClosedPeriod), Option<u64>);

#[test]
fn lists_of_another_close_or_log_are_named() {
    let lies: [Renamed; 7] = [
        ("another log", |period| period.origin.push('x'), None),
        ("another close", |period| period.close.index -= 1, Some(11 + 1)),
        ("another leaf", |period| period.close.leaf = Digest([9; 32]), Some(11 + 2)),
        ("a close beyond the log", |period| period.close.index = 1 << 60, None),
        ("a close within", |period| period.until = period.close.index + 1, None),
        ("no entries", |period| period.from = period.until, None),
        ("another number", |period| period.number = 0, Some(11 + 2)),
    ];
    let log = Indexed::closed(|_| {});
    for (what, lie, entry) in lies {
        let mut period = log.period();
        lie(&mut period);
        let checked = log.asked(file(&period, &log.lists), |_| {}).unwrap();
        let of_close = checked.verdict.failures.iter().filter(|f| f.rule == Rule::IndexClose);
        let places: Vec<_> = of_close.map(|failure| failure.entry).collect();
        assert_eq!(places, [entry], "{what}: {:?}", checked.verdict.failures);
    }
}

/// An honest close of a time at which the second person's secret was destroyed already.
#[test]
fn entries_about_somebody_who_was_forgotten_are_counted() {
    let log = Indexed::closed(|lists| drop(lists.remove(&label(2))));
    let with = |max| log.asked(log.file(), |question| question.unaccounted_max = max).unwrap();
    let places = |checked: &IndexCheck| failed(&checked.verdict);
    assert_eq!(
        places(&with(0)),
        [(Rule::IndexComplete, Some(THREE)), (Rule::IndexComplete, Some(FOUR))]
    );
    assert_eq!(places(&with(1)), [(Rule::IndexComplete, Some(FOUR))]);
    let borne = with(2);
    assert_eq!(borne.verdict.failures, []);
    assert_eq!((borne.audit.unaccounted, borne.counts.unaccounted), (2, 2));
    let notices: Vec<_> = borne.verdict.notices.iter().map(|notice| notice.entry).collect();
    assert_eq!(notices, [Some(THREE), Some(FOUR)]);
}

#[test]
fn what_is_surely_a_lie_is_borne_by_nobody() {
    for (what, lie, rules) in LIES {
        if rules.iter().any(|(rule, _)| *rule != Rule::IndexComplete) {
            let log = Indexed::closed(lie);
            let checked = log.asked(log.file(), |question| question.unaccounted_max = 9).unwrap();
            assert!(!checked.verdict.holds(), "{what}");
        }
    }
}

#[test]
fn a_changed_byte_of_the_log_is_found_wherever_it_is() {
    let mut log = Indexed::lived();
    for _ in 0..600 {
        log.disclose(&[1]);
    }
    log.close(|_| {});
    let folder = tempfile::tempdir().unwrap();
    log.world.publish(folder.path());
    let check = || failed(&asked(folder.path(), log.file(), |_| {}).unwrap().verdict);
    assert_eq!(check(), []);
    for (path, rules) in [
        // An entry of the period, its last entry, and the hashes of what is before and behind it.
        ("tile/entries/001", &[Rule::Root, Rule::EntryForm][..]),
        ("tile/0/000", &[Rule::Root]),
        ("tile/0/002.p/103", &[Rule::Root]),
    ] {
        let path = folder.path().join(path);
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        let end = changed.len() - 1;
        changed[if path.ends_with("000") { 0 } else { end }] ^= 1;
        fs::write(&path, &changed).unwrap();
        let found: Vec<_> = check().into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(found, rules, "{}", path.display());
        fs::write(&path, &bytes[..end]).unwrap();
        assert_ne!(check(), [], "{} was cut off", path.display());
        fs::remove_file(&path).unwrap();
        assert_ne!(check(), [], "{} was removed", path.display());
        fs::write(&path, &bytes).unwrap();
    }
}

/// A file that counts how often it is read from its beginning, and can change between two of these.
struct Counted {
    file: Cursor<Vec<u8>>,
    readings: usize,
    changes_at: Option<usize>,
}

impl Counted {
    fn new(file: Vec<u8>) -> Self {
        Self { file: Cursor::new(file), readings: 0, changes_at: None }
    }
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for Counted {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        assert_eq!(to, SeekFrom::Start(0));
        self.readings += 1;
        if self.changes_at == Some(self.readings) {
            *self.file.get_mut().last_mut().unwrap() ^= 1;
        }
        self.file.seek(to)
    }
}

/// A bundle has 256 entries: these lists have 746, 768 and 597 items of three bundles.
fn three_bundles() -> Indexed {
    let mut log = Indexed::lived();
    for _ in 0..700 {
        log.disclose(&[1, 2, 3]);
    }
    log
}

#[test]
fn lists_that_do_not_fit_into_memory_are_read_several_times() {
    let lies: [fn(&mut Lists); 2] =
        [|_| {}, |lists| lists.get_mut(&label(2)).unwrap().truncate(701)];
    for lie in lies {
        let mut log = three_bundles();
        let last = log.world.size() - 1;
        lie(&mut log.lists);
        let is_true = log.lists[&label(2)].len() == 702;
        let failures = if is_true { vec![] } else { vec![(Rule::IndexComplete, Some(last))] };
        log.close(|_| {});
        let folder = tempfile::tempdir().unwrap();
        log.world.publish(folder.path());
        for (items_at_once, readings) in [(768, 4), (1_514, 3), (1 << 20, 2)] {
            let mut file = Counted::new(log.file());
            let asked = asked_of(folder.path(), &mut file, |q| q.items_at_once = items_at_once);
            assert_eq!(failed(&asked.unwrap().verdict), failures, "{items_at_once} at once");
            assert_eq!(file.readings, readings, "{items_at_once} at once");
        }
        let asked = asked(folder.path(), log.file(), |question| question.items_at_once = 767);
        let too_many = matches!(asked, Err(IndexCheckError::TooMany { from: 256, items: 768, .. }));
        assert!(too_many, "{asked:?}");
    }
}

#[test]
fn lists_that_change_while_they_are_read_are_refused() {
    let mut log = three_bundles();
    log.close(|_| {});
    let folder = tempfile::tempdir().unwrap();
    log.world.publish(folder.path());
    for reading in 2..=4 {
        let mut file = Counted { changes_at: Some(reading), ..Counted::new(log.file()) };
        let asked = asked_of(folder.path(), &mut file, |question| question.items_at_once = 768);
        assert!(matches!(asked, Err(IndexCheckError::Changed)), "reading {reading}");
    }
}

#[test]
fn files_that_are_no_lists_are_refused() {
    let log = Indexed::closed(|_| {});
    let good = log.file();
    let refused = |bytes: Vec<u8>| match log.asked(bytes, |_| {}) {
        Err(IndexCheckError::Lists(error)) => error,
        other => panic!("{other:?}"),
    };
    let head = good.len() - log.lists.values().map(|items| 36 + 44 * items.len()).sum::<usize>();
    for length in 0..good.len() {
        let error = refused(good[..length].to_vec());
        let is_cut_off = matches!(error, ListsError::CutOff { .. });
        assert_eq!(is_cut_off, length >= head, "{length} bytes: {error}");
    }
    assert!(matches!(refused([&good[..], &[0]].concat()), ListsError::Extra { people: 7 }));
    let text = String::from_utf8_lossy(&good[..head]).into_owned();
    for (from, to) in [("lists/v1", "lists/v2"), ("period 3", "period 03"), ("people", "persons")] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let error = refused([changed.as_bytes(), &good[head..]].concat());
        let is_version = matches!(error, ListsError::UnknownVersion { .. });
        assert_eq!(is_version, from == "lists/v1", "{error}");
        assert!(is_version || matches!(error, ListsError::Head), "{error}");
    }
    let body = |lists: &[(u8, Vec<Item>)]| {
        let period = log.period();
        let each = lists.iter().map(|(person, items)| {
            file(&period, &Lists::from([(label(*person), items.clone())]))[head..].to_vec()
        });
        let mut bytes = blinded_lists::head(&period, lists.len() as u64);
        each.for_each(|list| bytes.extend(list));
        bytes
    };
    let item = Item { index: THREE, position: 1, commitment: [1; 32] };
    let mut people = [1, 2];
    people.sort_by_key(|person| std::cmp::Reverse(label(*person)));
    let [above, below] = people;
    let two = |one, other| body(&[(one, vec![item]), (other, vec![item])]);
    assert!(matches!(refused(two(above, below)), ListsError::Order { list: 1 }));
    assert!(matches!(refused(two(above, above)), ListsError::Order { list: 1 }));
    assert!(matches!(refused(body(&[(1, vec![])])), ListsError::Empty { list: 0 }));
    for items in [vec![item, item], vec![item, Item { position: 0, ..item }]] {
        let error = refused(body(&[(1, items)]));
        assert!(matches!(error, ListsError::ItemOrder { list: 0, index: THREE }), "{error}");
    }
    let read = BlindedLists::open(good.as_slice()).unwrap().read(|_| {}).unwrap();
    assert_eq!(read.items, 11);
}
