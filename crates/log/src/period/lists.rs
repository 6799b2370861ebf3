//! The lists of a period on their way to an auditor: under a head that says which close they are of, and
//! otherwise as they are stored. On the way they are read as the auditor will read them.

use std::io::{self, Read, Write};

use countersign_verifier::blinded_lists::{self, BlindedLists, ListsError};
use countersign_verifier::closed_period::ClosedPeriod;
use countersign_verifier::merkle::Hash;

use super::PeriodHead;
use crate::backend::File;

/// How often progress is told, in people.
const TOLD_EVERY: u64 = 4_096;

/// The lists as they are stored.
pub(super) struct Lists<'a> {
    pub(super) file: &'a dyn File,
    /// Where the next byte is; at first that of the first list.
    pub(super) at: u64,
    pub(super) head: &'a PeriodHead,
}

/// What is read here is written there.
struct Tee<'a, R> {
    from: R,
    to: &'a mut dyn Write,
}

impl Lists<'_> {
    /// Writes them; the root of the index that they come to.
    pub(super) fn write(
        self,
        origin: &str,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Hash, ListsError> {
        let head = blinded_lists::head(&ClosedPeriod {
            origin: origin.to_owned(),
            number: self.head.number,
            from: self.head.from,
            until: self.head.until,
            close: self.head.close,
            people: self.head.people,
        });
        let lists = BlindedLists::open(Tee { from: head.as_slice().chain(self), to: out })?;
        let mut told = 0;
        let total = lists.read(|list, _| {
            if list >= told {
                told = list + TOLD_EVERY;
                progress(list);
            }
        })?;
        Ok(total.person_index)
    }
}

impl Read for Lists<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.at, buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: Read> Read for Tee<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.to.write_all(buffer.get(..read).unwrap_or_default())?;
        Ok(read)
    }
}
