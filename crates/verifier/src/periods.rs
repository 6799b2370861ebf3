//! The periods of a log: whether its closes follow one another without a gap, and in time.
//!
//! A close is held against the one before it as that says of itself, so that one lie is told of once.
//! A log that has never had a close breaks no rule: closes bind from the first one on.
//!
//! What it is not: it does not say whether a person index is what the entries say. Whoever is given the
//! blinded lists says that, and each person of their own list; see
//! [`person_index`](countersign_protocol::person_index). Rules: docs/protocol.md, sections 3.6 and 6.

use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::chronology::Chronology;
use countersign_protocol::entry::{Close, DirectoryRoot, Entry, PreviousClose};
use countersign_protocol::merkle::Hash;
use serde::{Deserialize, Serialize};

use crate::verdict::{Place, Rule, Verdict};

/// The most seconds between the times of a close and of the next one.
pub const CLOSE_EVERY_S_MAX: u64 = 86_400;

/// What is known of a log's closes after some number of entries.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Periods {
    last: Option<Last>,
}

/// The last close.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Last {
    place: PreviousClose,
    period: u64,
    until: u64,
    directory: DirectoryRoot,
    time: Timestamp,
    /// Whether it was said already that the next one is late.
    is_late_told: bool,
}

impl Periods {
    /// Whether there has been no close.
    #[must_use]
    pub const fn are_none(&self) -> bool {
        self.last.is_none()
    }

    /// Takes the next entry, with its index and leaf hash, after `chronology` did; `None` if it could not be read.
    pub fn pass(
        &mut self,
        at: (u64, Hash),
        entry: Option<&Entry>,
        chronology: &Chronology,
        verdict: &mut Verdict,
    ) {
        self.check_late(at.0, chronology.floor(), verdict);
        let Some(Entry::Close(close)) = entry else { return };
        self.check_order(at.0, close, verdict);
        self.check_range(at.0, close, verdict);
        self.last = Some(Last {
            place: PreviousClose { index: at.0, leaf: Digest(at.1) },
            period: close.period,
            until: close.until,
            directory: close.directory,
            time: chronology.floor(),
            is_late_told: false,
        });
    }

    /// Checks that no close is overdue, now that the log's clock is at `now` or later. Of each lateness the
    /// first entry that shows it is named.
    fn check_late(&mut self, index: u64, now: Timestamp, verdict: &mut Verdict) {
        let Some(last) = self.last.as_mut().filter(|last| !last.is_late_told) else { return };
        let latest = last.time.plus_seconds(CLOSE_EVERY_S_MAX);
        last.is_late_told = now > latest;
        verdict.check(Rule::CloseLate, Place::entry(index), now <= latest, || {
            let period = last.period.saturating_add(1);
            (format!("it is {now}, and no close of period {period}"), format!("one by {latest}"))
        });
    }

    fn check_range(&self, index: u64, close: &Close, verdict: &mut Verdict) {
        let begin = self.last.map_or(0, |last| last.until);
        let holds = close.from == begin && begin < close.until && close.until <= index;
        verdict.check(Rule::CloseRange, Place::entry(index), holds, || {
            let found = format!("entries from {} to before {}", close.from, close.until);
            (found, format!("from {begin} to an entry above it, at most {index}"))
        });
    }

    fn check_order(&self, index: u64, close: &Close, verdict: &mut Verdict) {
        let period = self.last.map_or(0, |last| last.period.saturating_add(1));
        let place = self.last.map(|last| last.place);
        let directory = self.last.map(|last| last.directory);
        // An epoch has one root, none comes back, and the key stays once there is one.
        let is_directory_later = directory.is_none_or(|directory| {
            let is_later = directory.epoch < close.directory.epoch
                && (directory.epoch == 0 || directory.vrf == close.directory.vrf);
            is_later || directory == close.directory
        });
        let holds = close.period == period && close.previous == place && is_directory_later;
        verdict.check(Rule::CloseOrder, Place::entry(index), holds, || {
            let of = |period, place: Option<PreviousClose>, directory: Option<DirectoryRoot>| {
                let before = place.map_or_else(
                    || "no close".to_owned(),
                    |place| format!("the close at {} with leaf {}", place.index, place.leaf),
                );
                let epoch = directory.map_or(0, |directory| directory.epoch);
                format!("period {period} after {before}, directory of epoch {epoch}")
            };
            let found = of(close.period, close.previous, Some(close.directory));
            (
                found,
                format!(
                    "{} with the same root, or a later one, and the same key",
                    of(period, place, directory)
                ),
            )
        });
    }
}
