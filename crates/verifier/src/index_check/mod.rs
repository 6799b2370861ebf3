//! The check of a person index by whoever was given its blinded lists: that they come to the root which the
//! close signs, and hold every commitment of the period's entries, once, and nothing else.
//!
//! An entry has the root over its commitments, not the commitments. So the lists are read several times, each
//! time for as many items as fit into memory at once; what they have of an entry is put into its order and
//! has to come to its root. A record that is in nobody's list leaves a gap that nothing else can fill.
//!
//! Of somebody whose secret was destroyed before the close nobody can compute a commitment any more. Such an
//! entry cannot be told from one of which a record was left out: it is *unaccounted for*, and the caller says
//! how many of those are too many.
//!
//! Lists show whose they are to nobody. So the operator opens some items that the close and the auditor choose, which
//! is the [sample](countersign_protocol::index_sample).
//!
//! What it is not: without a sample it does not say that there is anybody behind a label. Whoever puts a record under
//! one of nobody's hides it from its person, and from this check; see docs/threats.md.

use std::io::{Read, Seek};

use countersign_domain::digest::Digest;
use countersign_domain::rounding::rounded_up;
use countersign_domain::time::Timestamp;
use countersign_protocol::blinded_lists::{ListsError, ListsTotal};
use countersign_protocol::checkpoint::{Checkpoint, CheckpointError};
use countersign_protocol::closed_period::ClosedPeriod;
use countersign_protocol::entry::{Close, Entry};
use countersign_protocol::index_audit::IndexAudit;
use countersign_protocol::merkle::Hash;
use countersign_protocol::note::NoteKey;
use countersign_protocol::witness_policy::Policy;

use crate::log_range::LogRange;
use crate::site::{Site, SiteError};
use crate::verdict::{FAILURES_KEPT_MAX, Place, Rule, Verdict};
use crate::witness_check::choose;

use self::accounts::Accounts;
use self::sample::SampleCheck;
use self::windows::Windows;

pub use self::sample::{SampleQuestion, Sampled};

mod accounts;
mod sample;
mod windows;

/// How many items are in memory at once, of 56 bytes each.
pub const ITEMS_AT_ONCE: u64 = 4 << 20;

/// What an auditor brings to a check, beside the lists.
#[derive(Clone, Debug)]
pub struct IndexQuestion<'a> {
    /// The log's key; its name is the log's origin.
    pub key: &'a NoteKey,
    /// What time it is.
    pub now: Timestamp,
    /// The witnesses that have to have cosigned.
    pub policy: Option<&'a Policy>,
    /// How many entries may be unaccounted for.
    pub unaccounted_max: u64,
    /// The sample that the operator made, if one was asked for.
    pub sample: Option<SampleQuestion<'a>>,
    /// How many failures of each rule are kept; more are only counted.
    pub failures_kept_max: u64,
    /// See [`ITEMS_AT_ONCE`].
    pub items_at_once: u64,
}

impl<'a> IndexQuestion<'a> {
    /// Asks about a period of the log of this key, with nothing left out.
    #[must_use]
    pub const fn new(key: &'a NoteKey, now: Timestamp) -> Self {
        let (policy, sample, unaccounted_max) = (None, None, 0);
        let (failures_kept_max, items_at_once) = (FAILURES_KEPT_MAX, ITEMS_AT_ONCE);
        Self { key, now, policy, unaccounted_max, sample, failures_kept_max, items_at_once }
    }
}

/// Why nothing can be said about an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexCheckError {
    /// A file of the log cannot be read.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The lists are not of the form.
    #[error(transparent)]
    Lists(#[from] ListsError),
    /// The lists changed between two readings.
    #[error("the file of the lists changed while it was read; run the check again")]
    Changed,
    /// More is said of a few entries than fits into memory.
    #[error(
        "the lists have {items} items of the entries from {from} on, in one bundle; at most {max} can be held"
    )]
    TooMany {
        /// The bundle's first entry.
        from: u64,
        /// How many items.
        items: u64,
        /// How many would do.
        max: u64,
    },
}

/// What a check came to.
#[derive(Debug)]
pub struct IndexCheck {
    /// What was found.
    pub verdict: Verdict,
    /// What can be stated of the lists. Only if the verdict holds may anybody sign it.
    pub audit: IndexAudit,
    /// What the lists have, exactly: for the auditor, and not for the public.
    pub counts: IndexCounts,
    /// What was opened, if a sample was given and could be read.
    pub sampled: Option<Sampled>,
}

/// What lists have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IndexCounts {
    /// How many people, each with a list.
    pub people: u64,
    /// How many items.
    pub items: u64,
    /// How many entries have commitments that are in nobody's list.
    pub unaccounted: u64,
}

/// How far a check is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// So many lists were read of so many.
    Lists(u64, u64),
    /// So many entries of the period were read of so many.
    Entries(u64, u64),
}

/// Checks the person index of a period from its blinded lists. `progress` is told now and then.
///
/// # Errors
/// [`IndexCheckError`] when a file cannot be read, or the lists are not lists; whatever does not hold is in
/// the verdict.
pub fn check_index<S: Site + ?Sized, R: Read + Seek>(
    site: &S,
    lists: &mut R,
    question: &IndexQuestion<'_>,
    progress: &mut dyn FnMut(Step),
) -> Result<IndexCheck, IndexCheckError> {
    let origin = question.key.name();
    let mut verdict = Verdict::of(origin, Rule::of_index(), question.failures_kept_max);
    let (windows, total) = Windows::plan(lists, question.items_at_once, progress)?;
    let period = windows.period.clone();
    let mut case = Case {
        question,
        windows,
        total,
        verdict: &mut verdict,
        unaccounted: 0,
        epoch_before: 0,
        sample: None,
    };
    case.check_items_outside();
    if let Some(asked) = &question.sample {
        case.sample = SampleCheck::begin(asked, lists, (&period, &total), case.verdict)?;
    }
    let chosen = choose(site, question.key, question.policy, case.verdict)?;
    let opened = Checkpoint::open(&chosen.bytes, origin, question.key);
    let place = Place::file(chosen.path);
    let is_other = CheckpointError::is_of_another;
    if let Some(checkpoint) = case.verdict.check_read(Rule::Checkpoint, place, opened, is_other) {
        case.verdict.size = checkpoint.size;
        case.verdict.root = Some(Digest(checkpoint.root));
        case.verdict.witnessed = chosen.witnessed;
        case.check_log(site, &checkpoint, lists, progress)?;
    }
    let ListsTotal { people, items, person_index } = total;
    let counts = IndexCounts { people, items, unaccounted: case.unaccounted };
    let sampled = case.sample.map(SampleCheck::finish);
    let audit = IndexAudit {
        period,
        people: rounded_up(people),
        person_index: Digest(person_index),
        items: rounded_up(items),
        unaccounted: rounded_up(counts.unaccounted),
        sample: sampled.as_ref().map_or(0, |sampled| sampled.drawn.into()),
        erased: rounded_up(sampled.as_ref().map_or(0, |sampled| sampled.erased)),
        time: question.now,
    };
    Ok(IndexCheck { verdict, audit, counts, sampled })
}

/// One period under examination.
struct Case<'a> {
    question: &'a IndexQuestion<'a>,
    windows: Windows,
    total: ListsTotal,
    verdict: &'a mut Verdict,
    unaccounted: u64,
    /// The directory's epoch at the close before, which stands in the period.
    epoch_before: u64,
    sample: Option<SampleCheck<'a>>,
}

impl Case<'_> {
    fn check_log<S: Site + ?Sized, R: Read + Seek>(
        &mut self,
        site: &S,
        checkpoint: &Checkpoint,
        lists: &mut R,
        progress: &mut dyn FnMut(Step),
    ) -> Result<(), IndexCheckError> {
        let period = self.windows.period.clone();
        if !self.check_range(&period, checkpoint.size) {
            return Ok(());
        }
        let mut log = LogRange::new(site, checkpoint);
        let (windows, total) = (&mut self.windows, &self.total);
        let (sample, epoch_before) = (&mut self.sample, &mut self.epoch_before);
        let mut accounts = Accounts::new(self.question);
        let entries = period.until - period.from;
        let is_read = log.read(period.from..period.until, self.verdict, |verdict, at, bytes| {
            let (index, _) = at;
            let items = windows.of_entry(index, lists, total)?;
            let entry = accounts.check(index, bytes, items, verdict);
            if let Some(Entry::Close(close)) = &entry {
                *epoch_before = close.directory.epoch;
            }
            if let (Some(sample), Some(entry)) = (sample.as_mut(), &entry) {
                sample.entry(index, entry);
            }
            progress(Step::Entries(index + 1 - period.from, entries));
            Ok::<_, IndexCheckError>(())
        })?;
        self.unaccounted = accounts.unaccounted();
        if !is_read {
            return Ok(());
        }
        let mut close = None;
        let place = period.close.index;
        let mut is_read =
            log.read(place..place + 1, self.verdict, |verdict, (_, leaf), bytes| {
                let entry =
                    verdict.check_ok(Rule::EntryForm, Place::entry(place), Entry::parse(bytes));
                close = entry.map(|entry| (leaf, entry));
                Ok::<_, IndexCheckError>(())
            })?;
        if let Some((leaf, Entry::Close(close))) = &close {
            self.check_close(&period, *leaf, close);
            if let Some(sample) = &mut self.sample {
                let epochs = (self.epoch_before, close.directory.epoch);
                let directory = sample.directory((place, close), &mut log, self.verdict)?;
                is_read = directory.is_read;
                sample.check(epochs, directory.root, self.verdict);
            }
        } else if is_read {
            let otherwise = || ("no close".to_owned(), "the close of the lists".to_owned());
            self.verdict.check(Rule::IndexClose, Place::entry(place), false, otherwise);
        }
        if is_read {
            log.finish(self.verdict)?;
        }
        Ok(())
    }

    /// Items at entries outside of the period, which are in the way of nothing else.
    fn check_items_outside(&mut self) {
        let ClosedPeriod { from, until, .. } = self.windows.period;
        for (index, count) in self.windows.outside() {
            self.verdict.check(Rule::IndexItem, Place::entry(index), false, || {
                (
                    format!("{count} items"),
                    format!("items of entries from {from} to before {until}"),
                )
            });
        }
    }

    /// Whether the lists are of this log, and of entries that are in it.
    fn check_range(&mut self, period: &ClosedPeriod, size: u64) -> bool {
        let origin = self.question.key.name();
        let ClosedPeriod { from, until, close, .. } = period;
        if period.origin != origin {
            let other =
                format!("lists of the log {:?}, and the key is that of {origin:?}", period.origin);
            let (rule, place) = (Rule::IndexClose, Place::WHOLE);
            return self.verdict.check_read::<(), _>(rule, place, Err(other), |_| true).is_some();
        }
        let otherwise = || {
            let found = format!("lists from {from} to before {until}, closed at {}", close.index);
            (found, format!("lists of some of the {size} entries of the log"))
        };
        let (rule, place) = (Rule::IndexClose, Place::WHOLE);
        // If it holds, the close itself says so, and is asked.
        if from < until && *until <= close.index {
            let until = format!("its {size} entries");
            close.index < size || self.verdict.check_reaches(rule, place, false, until, otherwise)
        } else {
            self.verdict.check(rule, place, false, otherwise)
        }
    }

    fn check_close(&mut self, period: &ClosedPeriod, leaf: Hash, close: &Close) {
        let place = Place::entry(period.close.index);
        let said = |number, from, until, leaf| {
            format!("period {number}, from {from} to before {until}, in a close of leaf {leaf}")
        };
        let found = said(period.number, period.from, period.until, period.close.leaf);
        let expected = said(close.period, close.from, close.until, Digest(leaf));
        self.same(Rule::IndexClose, place, found, expected);
        let index = Digest(self.total.person_index);
        self.same(Rule::IndexRoot, place, index.to_string(), close.person_index.to_string());
        let people = rounded_up(self.total.people);
        self.same(Rule::IndexPeople, place, people.to_string(), close.people.to_string());
    }

    fn same(&mut self, rule: Rule, place: Place<'_>, found: String, expected: String) {
        self.verdict.check(rule, place, found == expected, || (found, expected));
    }
}
