//! The disclosures of some seconds, with what their annexes say of one person. It reads the stream as it lies on
//! the disk, a batch at a time, and disturbs nobody who writes to it.

use countersign_domain::field::FieldSet;
use countersign_domain::person::Handle;
use countersign_domain::time::Timestamp;
use countersign_protocol::entry::{Disclosure, Entry};

use crate::annex::Annex;
use crate::backend::Backend;
use crate::open::STREAM;
use crate::period::{PeriodError, PeriodHead, last_head, open_period};
use crate::stream::{Found, Position, Stream, StreamError};

/// Whose disclosures are looked for, and of which seconds.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The person.
    pub handle: Handle,
    /// The first second.
    pub from: Timestamp,
    /// The first second that is too late, if one is.
    pub until: Option<Timestamp>,
}

/// A disclosure that the person is in.
#[derive(Debug)]
pub struct DisclosureOf {
    /// Where it stands in the log.
    pub index: u64,
    /// The entry.
    pub entry: Disclosure,
    /// The fields of that person that are released.
    pub fields: FieldSet,
}

/// The stream cannot be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The stream.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The periods, by which reading begins late.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// An entry or its annex.
    #[error("entry {index} cannot be read: {reason}; see `countersign check`")]
    Entry {
        /// Its place.
        index: u64,
        /// What is wrong.
        reason: String,
    },
}

/// Shows the disclosures that are wanted; `progress` hears how many bytes are read, of how many.
///
/// # Errors
/// [`ReadError`], with what could not be read.
pub fn disclosures_of(
    backend: &dyn Backend,
    wanted: &Wanted,
    mut progress: impl FnMut(u64, u64),
    mut show: impl FnMut(DisclosureOf),
) -> Result<(), ReadError> {
    let stream = Stream::open(backend, STREAM)?;
    let bytes = stream.length_bytes()?;
    let mut at = beginning(backend, wanted.from)?;
    // What was written while a server stopped short is not durable, and so never left.
    while let Found::Batch { batch, end } = stream.read(at)? {
        for ((entry, annex), index) in batch.pairs().flatten().zip(at.index..) {
            let is_too_late = show_pair(wanted, index, entry, annex, &mut show)?;
            if is_too_late {
                return Ok(());
            }
        }
        at = end;
        progress(at.offset, bytes);
    }
    Ok(())
}

/// Whether this and all that follow are too late.
fn show_pair(
    wanted: &Wanted,
    index: u64,
    entry: &[u8],
    annex: &[u8],
    show: &mut impl FnMut(DisclosureOf),
) -> Result<bool, ReadError> {
    let is_named = annex.windows(wanted.handle.0.len()).any(|window| window == wanted.handle.0);
    // Parsing costs more than looking, and the person is in few; but without a time there is no end.
    if !is_named && (wanted.until.is_none() || !index.is_multiple_of(LOOK_EVERY)) {
        return Ok(false);
    }
    let wrong = |reason: String| ReadError::Entry { index, reason };
    let entry = Entry::parse(entry).map_err(|error| wrong(error.to_string()))?;
    // An act's time is its signers', which may be ahead of the log's clock.
    if matches!(entry, Entry::Act(_)) {
        return Ok(false);
    }
    if wanted.until.is_some_and(|until| until <= entry.time()) {
        return Ok(true);
    }
    let annex = Annex::parse(annex).map_err(|error| wrong(error.to_string()))?;
    if let (Entry::Disclosure(entry), Annex::Disclosure(annex)) = (entry, annex)
        && wanted.from <= entry.time
        && let Some(record) = annex.records.iter().find(|record| record.handle == wanted.handle)
    {
        show(DisclosureOf { index, entry, fields: record.fields });
    }
    Ok(false)
}

/// Of entries that the person is not in, the time of one in so many is looked at.
const LOOK_EVERY: u64 = 64;

/// Behind the last close that was made before this second; the log's clock never runs back.
fn beginning(backend: &dyn Backend, from: Timestamp) -> Result<Position, ReadError> {
    let mut head: Option<PeriodHead> = last_head(backend)?;
    while let Some(later) = &head
        && later.time >= from
    {
        head = match later.number.checked_sub(1) {
            Some(before) => Some(open_period(backend, before)?.head().clone()),
            None => None,
        };
    }
    Ok(head.map_or(Position::START, |head| head.next))
}
