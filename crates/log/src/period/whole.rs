//! Which files of periods are whole and belong to the closes of this stream: asked once, before anything is added to
//! them, since they can be restored from a backup without it, or it without them.

use countersign_protocol::entry::{Close, PreviousClose};
use countersign_protocol::merkle::leaf_hash;

use super::{PeriodError, PeriodHead, gather, open_period};
use crate::backend::Backend;
use crate::stream::Stream;

/// The last of the periods whose files are whole from the first on, up to `last`.
///
/// # Errors
/// [`PeriodError::OtherStream`] if its close is not in the first `entries` of the stream.
pub(super) fn unbroken(
    backend: &dyn Backend,
    stream: &Stream,
    last: Option<&PeriodHead>,
    entries: u64,
) -> Result<Option<PeriodHead>, PeriodError> {
    let mut known: Option<PeriodHead> = None;
    for number in 0..last.map_or(0, |last| last.number + 1) {
        let from = known.as_ref().map_or(0, |known| known.until);
        let follows = |head: &PeriodHead| (head.number, head.from) == (number, from);
        let Some(head) = whole(backend, number)?.filter(follows) else { break };
        known = Some(head);
    }
    if let Some(head) = &known
        && !is_in(stream, head, entries)?
    {
        let (number, index) = (head.number, head.close.index);
        return Err(PeriodError::OtherStream { number, index });
    }
    Ok(known)
}

/// Whether the close of this head is in the first `entries` of the stream.
fn is_in(stream: &Stream, head: &PeriodHead, entries: u64) -> Result<bool, PeriodError> {
    let index = head.close.index;
    if index >= entries || head.next.offset > stream.length_bytes()? {
        return Ok(false);
    }
    let mut is_same = false;
    let read = gather::for_each(stream, head.next, index + 1, |_, at, entry, _| {
        is_same |= at == index && leaf_hash(entry) == head.close.leaf.0;
        Ok(())
    });
    match read {
        Ok(_) => Ok(is_same),
        // No batch of this stream begins there, or none is as far.
        Err(PeriodError::Stream(_) | PeriodError::Short { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The head of the files of this close, if they are there and whole.
pub(super) fn of_close(
    backend: &dyn Backend,
    place: PreviousClose,
    close: &Close,
) -> Result<Option<PeriodHead>, PeriodError> {
    let is_of_it = |head: &PeriodHead| {
        head.close == place
            && (head.number, head.from, head.until) == (close.period, close.from, close.until)
            && head.root == close.person_index.0
    };
    Ok(whole(backend, close.period)?.filter(is_of_it))
}

/// The head of a period's files, if all of them are there and as long as it says.
fn whole(backend: &dyn Backend, number: u64) -> Result<Option<PeriodHead>, PeriodError> {
    match open_period(backend, number) {
        Ok(period) => Ok(Some(period.head().clone())),
        Err(
            PeriodError::NotClosed { .. } | PeriodError::Damaged { .. } | PeriodError::Io { .. },
        ) => Ok(None),
        Err(error) => Err(error),
    }
}
