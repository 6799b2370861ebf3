//! The closes of a bundle: written out again as the entries that they are, and held against one another.

use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::chronology::Chronology;
use countersign_protocol::entry::{
    Close, CloseKind, DirectoryRoot, ENTRY_VERSION, Entry, EntryError, PreviousClose,
};
use countersign_protocol::ledger_bundle::{Bundle, ShownClose};
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::shared_proof::PlacedLeaf;

use crate::periods::Periods;
use crate::verdict::{Place, Rule, Verdict};

/// The closes of a bundle, each the entry that it has to be if the newest one is.
pub(super) struct Closes {
    pub(super) closes: Vec<Close>,
    /// The leaf of the newest one, which alone has to be proved: it names all others.
    pub(super) newest: Option<PlacedLeaf>,
}

impl Closes {
    /// Writes them out and checks that they follow one another in time.
    ///
    /// # Errors
    /// [`EntryError`] if a number is larger than an entry can carry.
    pub(super) fn read(bundle: &Bundle, verdict: &mut Verdict) -> Result<Self, EntryError> {
        let mut closes = Vec::with_capacity(bundle.closes.len());
        let (mut newest, mut from) = (None, 0);
        let (mut periods, mut chronology) = (Periods::default(), Chronology::default());
        for (shown, period) in bundle.closes.iter().zip(0..) {
            let previous = newest.map(|(index, leaf)| PreviousClose { index, leaf: Digest(leaf) });
            let close = written_out(shown, period, from, previous, bundle.vrf);
            from = close.until;
            let entry = Entry::Close(close);
            verdict.check_ok(Rule::EntryForm, Place::entry(shown.index), entry.check_values());
            let leaf = (shown.index, leaf_hash(&entry.to_bytes()?));
            let timely = chronology.clock(shown.time, shown.index.saturating_add(1));
            verdict.check_ok(Rule::OwnTime, Place::entry(shown.index), timely);
            let follows = newest.is_none_or(|(index, _)| index < shown.index);
            verdict.check(Rule::LedgerCloses, Place::entry(shown.index), follows, || {
                ("a close before the one that it follows".to_owned(), "one behind it".to_owned())
            });
            periods.pass(leaf, Some(&entry), &chronology, verdict);
            newest = Some(leaf);
            if let Entry::Close(close) = entry {
                closes.push(close);
            }
        }
        Ok(Self { closes, newest })
    }

    /// The first entry that no close covers.
    pub(super) fn until(&self) -> u64 {
        self.closes.last().map_or(0, |close| close.until)
    }

    /// Whether some close has the directory of an epoch from this one to before that one.
    pub(super) fn has_one_between(&self, from: u64, before: u64) -> bool {
        let epochs = from..before;
        self.closes.iter().any(|close| epochs.contains(&close.directory.epoch))
    }

    /// The time of the newest close.
    pub(super) fn newest_time(&self) -> Option<Timestamp> {
        self.closes.last().map(|close| close.time)
    }
}

fn written_out(
    shown: &ShownClose,
    period: u64,
    from: u64,
    previous: Option<PreviousClose>,
    vrf: Digest,
) -> Close {
    // Before anybody is in the directory it has no key either.
    let vrf = if shown.epoch == 0 { Digest([0; 32]) } else { vrf };
    Close {
        directory: DirectoryRoot { epoch: shown.epoch, root: shown.directory, vrf },
        from,
        kind: CloseKind::Close,
        people: shown.people,
        period,
        person_index: shown.person_index,
        previous,
        time: shown.time,
        until: shown.until,
        v: ENTRY_VERSION,
    }
}
