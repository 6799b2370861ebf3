//! What the private half of the stream says about people, from an entry on: by this a people store is compared with
//! the log beside it. It reads the stream as it is on the disk, a batch at a time.
//!
//! What it is not: it knows no people store, and judges nothing.

use countersign_domain::time::Timestamp;
use countersign_protocol::entry::Entry;

use crate::annex::Annex;
use crate::backend::Backend;
use crate::open::STREAM;
use crate::period::{PeriodError, PeriodHead, head_of, last_head};
use crate::stream::{Found, Position, Stream};

/// How far a stream goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// The stream's id, which no other log's has.
    pub stream: [u8; 16],
    /// How many entries it has.
    pub entries: u64,
}

/// An entry with what is private about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrivateEntry {
    /// Its place in the log.
    pub index: u64,
    /// Its time.
    pub time: Timestamp,
    /// Its private half.
    pub annex: Annex,
}

/// Shows the disclosures and consents from entry `from` on, to the end of the stream; how far that goes. Where the
/// stream ends before `from`, nothing is shown.
///
/// # Errors
/// [`PeriodError`], naming what cannot be read.
pub fn about_people(
    backend: &dyn Backend,
    from: u64,
    mut show: impl FnMut(PrivateEntry),
) -> Result<Extent, PeriodError> {
    let stream = Stream::open(backend, STREAM)?;
    let mut at = begin(backend, &stream, from)?;
    // What a crash tore was never acknowledged, and nobody acted on it.
    while let Found::Batch { batch, end } = stream.read(at)? {
        for ((entry, annex), index) in batch.pairs().flatten().zip(at.index..end.index) {
            if index < from {
                continue;
            }
            let annex = Annex::parse(annex).map_err(|error| PeriodError::annex(index, &error))?;
            if matches!(annex, Annex::Disclosure(_) | Annex::Consents(_)) {
                let entry = Entry::parse(entry)
                    .map_err(|error| PeriodError::Entry { index, reason: error.to_string() })?;
                show(PrivateEntry { index, time: entry.time(), annex });
            }
        }
        at = end;
    }
    Ok(Extent { stream: stream.id, entries: at.index })
}

/// The id of the stream in this backend, which no other log's has.
///
/// # Errors
/// [`PeriodError::Stream`].
pub fn stream_id(backend: &dyn Backend) -> Result<[u8; 16], PeriodError> {
    Ok(Stream::open(backend, STREAM)?.id)
}

/// A batch before or at this entry, as near as the closed periods tell.
fn begin(backend: &dyn Backend, stream: &Stream, from: u64) -> Result<Position, PeriodError> {
    let mut head = last_head(backend)?;
    while let Some(PeriodHead { number, until, .. }) = head
        && until > from
    {
        head = match number.checked_sub(1) {
            Some(before) => head_of(backend, before)?,
            None => None,
        };
    }
    // Files of periods may be from another time than the stream.
    let length = stream.length_bytes()?;
    let next = head.map(|head| head.next).filter(|next| next.offset <= length);
    Ok(next.unwrap_or(Position::START))
}
