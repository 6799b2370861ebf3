//! Where the entries of a period stand in the stream, so that one of them is found without reading them all.
//!
//! ```text
//! places = "cs1plac\n" (8) ‖ version (4) ‖ every STEP entries: batch's first index (8) ‖ offset (8)     big-endian
//! ```
//!
//! The first is the batch of the period's first entry, and so on.

use super::buffered::FileWriter;
use super::file::{Named, damaged, has_length, open_named, read_at};
use super::{PeriodError, PeriodHead, folder};
use crate::backend::Backend;
use crate::stream::{Found, Position, Stream};

/// How many entries a place is for: so many are read at most to find one.
const STEP: u64 = 64;

pub(super) const NAME: (&str, &[u8; 8]) = ("places", b"cs1plac\n");
const HEAD_BYTES: u64 = 12;
const PLACE_BYTES: u64 = 16;

/// Writes the places of a period's entries.
pub(super) struct PlacesWriter {
    file: FileWriter,
    from: u64,
}

impl PlacesWriter {
    /// Begins the file of a period in this folder, which begins with the entry `from`.
    pub(super) fn create(
        backend: &dyn Backend,
        folder: &str,
        from: u64,
    ) -> Result<Self, PeriodError> {
        let file = super::file::create_named(backend, folder, NAME)?;
        Ok(Self { file, from })
    }

    /// Takes the next entry of the period, which is in the batch at `batch`.
    pub(super) fn push(&mut self, index: u64, batch: Position) -> Result<(), PeriodError> {
        if (index - self.from).is_multiple_of(STEP) {
            self.file.push(&batch.index.to_be_bytes())?;
            self.file.push(&batch.offset.to_be_bytes())?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<(), PeriodError> {
        self.file.finish(true).map(drop)
    }
}

/// The places of a period's entries.
pub(super) struct Places {
    file: Named,
    from: u64,
}

impl Places {
    pub(super) fn open(
        backend: &dyn Backend,
        number: u64,
        head: &PeriodHead,
    ) -> Result<Self, PeriodError> {
        let file = open_named(backend, &folder(number), NAME)?;
        let entries = head.until.saturating_sub(head.from);
        has_length(&file, entries.div_ceil(STEP) * PLACE_BYTES)?;
        Ok(Self { file, from: head.from })
    }

    /// A batch before or at the entry, which is one of the period's.
    pub(super) fn of(&self, index: u64) -> Result<Position, PeriodError> {
        let place = index.checked_sub(self.from).map(|entries| entries / STEP);
        let place =
            place.ok_or_else(|| damaged(&self.file, "an entry before the period is asked for"))?;
        let bytes: [u8; 16] = read_at(&self.file, HEAD_BYTES + place * PLACE_BYTES)?;
        let (index, offset) = bytes.split_at(8);
        let number = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
        Ok(Position { index: number(index), offset: number(offset) })
    }
}

/// The entry of this index with its annex, which is in the batch at `at` or in one behind it.
pub(super) fn read_pair(
    stream: &Stream,
    mut at: Position,
    index: u64,
) -> Result<(Vec<u8>, Vec<u8>), PeriodError> {
    while at.index <= index {
        let Found::Batch { batch, end } = stream.read(at)? else { break };
        if index < end.index {
            let mut pairs = batch.pairs().flatten();
            let pair = pairs.nth((index - at.index) as usize);
            return pair
                .map(|(entry, annex)| (entry.to_vec(), annex.to_vec()))
                .ok_or(PeriodError::Short { found: at.index, until: index + 1 });
        }
        at = end;
    }
    Err(PeriodError::Short { found: at.index, until: index + 1 })
}
