//! Closes of periods, one lie a test: exactly that is told which the rule forbids, of the entry that shows it.

use countersign_domain::digest::Digest;
use countersign_protocol::entry::{
    Close, CloseKind, DirectoryRoot, ENTRY_VERSION, Entry, PreviousClose,
};
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::person_index::empty_index_root;
use countersign_verifier::verdict::Rule;

use crate::verify_world::{BEGINNING_S, Check, World, at, failed};

const DAY_S: u64 = 86_400;

const fn directory(epoch: u64, root: u8) -> DirectoryRoot {
    DirectoryRoot { epoch, root: Digest([root; 32]), vrf: Digest([1; 32]) }
}

/// A log with disclosures, closed every so many seconds; and the indexes of its closes.
struct Closed {
    world: World,
    closes: Vec<u64>,
    last: Option<Close>,
}

impl Closed {
    fn new() -> Self {
        let mut world = World::governed();
        world.disclose(|_| {});
        Self { world, closes: Vec::new(), last: None }
    }

    /// Appends a close that is right but for this change.
    fn close(&mut self, change: impl FnOnce(&mut Close)) -> u64 {
        let leaf_of = |index: u64| Digest(leaf_hash(&self.world.entries[index as usize]));
        let mut close = Close {
            directory: self.last.as_ref().map_or(directory(3, 3), |last| last.directory),
            from: self.last.as_ref().map_or(0, |last| last.until),
            kind: CloseKind::Close,
            people: 0,
            period: self.last.as_ref().map_or(0, |last| last.period + 1),
            person_index: Digest(empty_index_root()),
            previous: self
                .closes
                .last()
                .map(|index| PreviousClose { index: *index, leaf: leaf_of(*index) }),
            time: at(self.world.clock_s),
            until: self.world.size(),
            v: ENTRY_VERSION,
        };
        change(&mut close);
        let index = self.world.push(&Entry::Close(close.clone()));
        self.closes.push(index);
        self.last = Some(close);
        index
    }

    fn disclose(&mut self) -> u64 {
        self.world.disclose(|disclosure| disclosure.friend.retain(|field| field != "work"))
    }

    fn failed(&self) -> Vec<(Rule, Option<u64>)> {
        failed(&self.world.verdict())
    }
}

#[test]
fn closes_that_tile_the_log_hold() {
    let mut log = Closed::new();
    log.close(|_| {});
    log.world.clock_s += DAY_S;
    log.disclose();
    log.close(|close| close.until -= 1);
    log.close(|close| close.directory = directory(4, 4));
    let verdict = log.world.verdict();
    assert_eq!(verdict.failures, []);
    assert_eq!(verdict.notices, []);
    for rule in [Rule::CloseOrder, Rule::CloseRange, Rule::CloseLate] {
        assert!(verdict.rule_holds(rule), "{rule} was not checked");
    }
}

#[test]
fn a_log_without_closes_is_noticed_and_fails_nothing() {
    let mut world = World::governed();
    world.clock_s = BEGINNING_S + DAY_S + 1;
    let log = Closed { world, closes: Vec::new(), last: None };
    let verdict = log.world.verdict();
    assert_eq!(verdict.failures, []);
    let [notice] = verdict.notices.as_slice() else { panic!("{:?}", verdict.notices) };
    assert!(notice.says.contains("no period was closed"));
}

#[test]
fn the_first_close_may_be_late_and_binds_what_follows() {
    let mut log = Closed::new();
    log.world.clock_s += DAY_S + 1;
    log.close(|_| {});
    assert_eq!(log.failed(), []);
}

/// A lie that a close tells, and the rule that says so.
type Lie = (&'static str, fn(&mut Close), Rule);

const LIES: &[Lie] = &[
    ("a period is skipped", |close| close.period += 1, Rule::CloseOrder),
    ("a period comes twice", |close| close.period -= 1, Rule::CloseOrder),
    ("no close before", |close| close.previous = None, Rule::CloseOrder),
    ("another close before", |close| close.previous.as_mut().unwrap().index -= 1, Rule::CloseOrder),
    (
        "a close before that was rewritten",
        |close| close.previous.as_mut().unwrap().leaf = Digest([9; 32]),
        Rule::CloseOrder,
    ),
    ("an older directory", |close| close.directory.epoch -= 1, Rule::CloseOrder),
    (
        "two directories in one epoch",
        |close| close.directory.root = Digest([9; 32]),
        Rule::CloseOrder,
    ),
    (
        "a directory under another key",
        |close| {
            let vrf = Digest([9; 32]);
            close.directory = DirectoryRoot { vrf, ..directory(9, 9) };
        },
        Rule::CloseOrder,
    ),
    ("a gap", |close| close.from += 1, Rule::CloseRange),
    ("an overlap", |close| close.from -= 1, Rule::CloseRange),
    ("nothing", |close| close.until = close.from, Rule::CloseRange),
    ("a period that ends above its close", |close| close.until += 1, Rule::CloseRange),
];

#[test]
fn each_lie_of_a_close_is_named_once() {
    for (what, lie, rule) in LIES {
        let mut log = Closed::new();
        log.close(|_| {});
        log.disclose();
        let index = log.close(lie);
        log.disclose();
        log.disclose();
        log.close(|_| {});
        assert_eq!(log.failed(), [(*rule, Some(index))], "{what}");
    }
}

#[test]
fn lies_of_a_first_close_are_named() {
    let before = PreviousClose { index: 1, leaf: Digest([1; 32]) };
    let lies: [Lie; 2] = [
        ("a first period with another number", |close| close.period = 1, Rule::CloseOrder),
        ("a beginning that is left out", |close| close.from = 1, Rule::CloseRange),
    ];
    for (what, lie, rule) in lies {
        let mut log = Closed::new();
        let index = log.close(lie);
        assert_eq!(log.failed(), [(rule, Some(index))], "{what}");
    }
    let mut log = Closed::new();
    let index = log.close(|close| close.previous = Some(before));
    assert_eq!(log.failed(), [(Rule::CloseOrder, Some(index))]);
}

#[test]
fn a_late_close_is_named() {
    let mut log = Closed::new();
    log.close(|_| {});
    log.world.clock_s += DAY_S + 1;
    let late = log.close(|_| {});
    log.world.clock_s += DAY_S;
    log.close(|_| {});
    assert_eq!(log.failed(), [(Rule::CloseLate, Some(late))]);
}

#[test]
fn a_log_that_goes_on_without_a_close_is_named_once() {
    let mut log = Closed::new();
    log.close(|_| {});
    log.world.clock_s += DAY_S;
    log.disclose();
    log.world.clock_s += 1;
    let late = log.disclose();
    log.disclose();
    assert_eq!(log.failed(), [(Rule::CloseLate, Some(late))]);
    log.close(|_| {});
    assert_eq!(log.failed(), [(Rule::CloseLate, Some(late))]);
}
