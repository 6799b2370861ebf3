//! Reading a range of the stream: what it holds about whom, and where its closes are.

use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, Secret};
use countersign_domain::time::Timestamp;
use countersign_protocol::consent::commitments_root;
use countersign_protocol::entry::{Close, Disclosure, Entry, PreviousClose};
use countersign_protocol::merkle::{Hash, leaf_hash};
use countersign_protocol::person_index::{Item, Label};
use countersign_protocol::record::{Record, pairwise_id};

use super::places::PlacesWriter;
use super::sort::{Row, Sorter};
use super::{PeriodError, PeriodHead, Secrets};
use crate::annex::{Annex, ConsentsAnnex, DisclosureAnnex};
use crate::stream::{Found, Position, Stream};

/// What every close has in it, and nothing else: inside of strings, quotes are escaped.
const MARK: &[u8] = br#""kind":"close""#;

/// Reads a range of the stream into a sorter.
pub(super) struct Gatherer<'a, 'b> {
    stream: &'a Stream,
    secrets: &'a dyn Secrets,
    sorter: &'a mut Sorter<'b>,
    places: &'a mut PlacesWriter,
    forgotten: u64,
}

impl<'a, 'b> Gatherer<'a, 'b> {
    pub(super) fn new(
        stream: &'a Stream,
        secrets: &'a dyn Secrets,
        sorter: &'a mut Sorter<'b>,
        places: &'a mut PlacesWriter,
    ) -> Self {
        Self { stream, secrets, sorter, places, forgotten: 0 }
    }

    /// How many records and consent records were found whose people have no secret any more.
    pub(super) const fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// Reads the period of this head; returns the batch in which the next period begins.
    pub(super) fn gather(
        &mut self,
        head: &PeriodHead,
        at: Position,
    ) -> Result<Position, PeriodError> {
        let range = head.from..head.until;
        for_each(self.stream, at, head.until, |batch, index, entry, annex| {
            if !range.contains(&index) {
                return Ok(());
            }
            self.places.push(index, batch)?;
            match Annex::parse(annex).map_err(|error| PeriodError::annex(index, &error))? {
                Annex::Disclosure(annex) => {
                    let Entry::Disclosure(entry) = parse(index, entry)? else {
                        let reason = "it is no disclosure".to_owned();
                        return Err(PeriodError::Entry { index, reason });
                    };
                    self.disclosure(head.number, index, &entry, &annex)
                }
                Annex::Consents(annex) => self.consents(head.number, index, &annex),
                Annex::Act(_) | Annex::Close => Ok(()),
            }
        })
    }

    fn disclosure(
        &mut self,
        period: u64,
        index: u64,
        entry: &Disclosure,
        annex: &DisclosureAnnex,
    ) -> Result<(), PeriodError> {
        let mut commitments: Vec<Hash> = Vec::with_capacity(annex.records.len());
        for (person, position) in annex.records.iter().zip(0..) {
            let Some(secret) = self.secret(person.handle)? else { continue };
            let record = Record {
                pairwise: pairwise_id(&secret, &entry.partner),
                relation: person.standing.relation(),
                fields: person.fields,
            };
            let commitment = record.commitment(&annex.seed, position);
            self.push(&secret, period, Item { index, position, commitment })?;
            commitments.push(commitment);
        }
        // Who was forgotten has a commitment that nobody can compute again, and without it there is no root.
        let is_whole = commitments.len() == annex.records.len();
        if is_whole && commitments_root(commitments) != entry.records {
            return Err(PeriodError::OtherRecords { index });
        }
        Ok(())
    }

    fn consents(
        &mut self,
        period: u64,
        index: u64,
        annex: &ConsentsAnnex,
    ) -> Result<(), PeriodError> {
        for ((consent, commitment), position) in
            annex.records.iter().zip(annex.commitments()).zip(0..)
        {
            let Some(secret) = self.secret(consent.handle)? else { continue };
            self.push(&secret, period, Item { index, position, commitment })?;
        }
        Ok(())
    }

    fn secret(&mut self, person: Handle) -> Result<Option<Secret>, PeriodError> {
        let secret = self.secrets.secret(person)?;
        self.forgotten += u64::from(secret.is_none());
        Ok(secret)
    }

    fn push(&mut self, secret: &Secret, period: u64, item: Item) -> Result<(), PeriodError> {
        self.sorter.push(Row::new(&Label::of(secret, period), &item))
    }
}

/// The first close after the last one that is known, among the first `head` entries.
pub(super) fn next_close(
    stream: &Stream,
    last: Option<&PeriodHead>,
    head: u64,
) -> Result<Option<(PreviousClose, Close)>, PeriodError> {
    let (at, from) = last.map_or((Position::START, 0), |last| (last.next, last.close.index + 1));
    let mut found = None;
    for_each(stream, at, head, |_, index, entry, _| {
        let is_new = found.is_none() && index >= from;
        if is_new
            && entry.windows(MARK.len()).any(|window| window == MARK)
            && let Entry::Close(close) = parse(index, entry)?
        {
            let leaf = Digest(leaf_hash(entry));
            found = Some((PreviousClose { index, leaf }, close));
        }
        Ok(())
    })?;
    Ok(found)
}

/// How many entries are in whole batches; `last` is of an earlier period.
pub(super) fn end(stream: &Stream, last: Option<&PeriodHead>) -> Result<u64, PeriodError> {
    let mut at = last.map_or(Position::START, |last| last.next);
    while let Found::Batch { end, .. } = stream.read(at)? {
        at = end;
    }
    Ok(at.index)
}

/// The time of the first entry, if there is one.
pub(super) fn first_time(stream: &Stream) -> Result<Option<Timestamp>, PeriodError> {
    let Found::Batch { batch, .. } = stream.read(Position::START)? else { return Ok(None) };
    let first = batch.pairs().flatten().next();
    first.map(|(entry, _)| Ok(parse(0, entry)?.time())).transpose()
}

/// Shows the entries before `until` with their annexes and the batches that they are in, from the batch at
/// `at` on; returns the batch in which `until` is, or will be.
pub(super) fn for_each(
    stream: &Stream,
    mut at: Position,
    until: u64,
    mut show: impl FnMut(Position, u64, &[u8], &[u8]) -> Result<(), PeriodError>,
) -> Result<Position, PeriodError> {
    while at.index < until {
        let Found::Batch { batch, end } = stream.read(at)? else {
            return Err(PeriodError::Short { found: at.index, until });
        };
        for ((entry, annex), index) in batch.pairs().flatten().zip(at.index..until) {
            show(at, index, entry, annex)?;
        }
        if end.index > until {
            break;
        }
        at = end;
    }
    Ok(at)
}

fn parse(index: u64, entry: &[u8]) -> Result<Entry, PeriodError> {
    Entry::parse(entry).map_err(|error| PeriodError::Entry { index, reason: error.to_string() })
}
