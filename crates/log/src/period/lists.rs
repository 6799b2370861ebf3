//! The lists of a period on their way to an auditor: under a head that says which close they are of, and
//! otherwise as they are stored. On the way they are read as the auditor will read them.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};

use countersign_protocol::blinded_lists::{self, BlindedLists, ListedItem, ListsError};
use countersign_protocol::closed_period::ClosedPeriod;
use countersign_protocol::merkle::Hash;
use countersign_protocol::person_index::{Item, Label};

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

/// One of the items that were drawn, with the label of its list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DrawnItem {
    /// Its number among the items of all lists.
    pub number: u64,
    /// The label of its list.
    pub label: Label,
    /// The item.
    pub item: Item,
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
        let head = head(self.head, origin);
        let lists = BlindedLists::open(Tee { from: head.as_slice().chain(self), to: out })?;
        let mut told = 0;
        let total = lists.read(|ListedItem { list, .. }| {
            if list >= told {
                told = list + TOLD_EVERY;
                progress(list);
            }
        })?;
        Ok(total.person_index)
    }

    /// The items of these numbers, and the root of the index that all lists come to.
    pub(super) fn drawn(
        self,
        numbers: &BTreeSet<u64>,
    ) -> Result<(Hash, Vec<DrawnItem>), ListsError> {
        // Nobody is given these: they need a name, and not the log's.
        let head = head(self.head, "log");
        let lists = BlindedLists::open(head.as_slice().chain(self))?;
        let mut drawn = Vec::with_capacity(numbers.len());
        let total = lists.read(|ListedItem { number, label, item, .. }| {
            if numbers.contains(&number) {
                drawn.push(DrawnItem { number, label: *label, item: *item });
            }
        })?;
        Ok((total.person_index, drawn))
    }
}

/// What the lists of this period begin with.
fn head(head: &PeriodHead, origin: &str) -> Vec<u8> {
    let PeriodHead { number, from, until, close, people, .. } = *head;
    let origin = origin.to_owned();
    blinded_lists::head(&ClosedPeriod { origin, number, from, until, close }, people)
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
