//! Sorting more items than fit into memory: runs that were sorted there are written to files and merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use countersign_protocol::person_index::{Item, Label};

use super::buffered::{FileReader, FileWriter};
use super::{Limits, PeriodError};
use crate::backend::Backend;

const ROW_BYTES: usize = 76;

/// An item under its person's label, as bytes whose order is that of label, index and position:
/// `label (32) ‖ index (8) ‖ position (4) ‖ commitment (32)`, big-endian.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row([u8; ROW_BYTES]);

impl Row {
    pub(super) fn new(label: &Label, item: &Item) -> Self {
        let mut bytes = [0; ROW_BYTES];
        let (of_label, rest) = bytes.split_at_mut(32);
        let (index, rest) = rest.split_at_mut(8);
        let (position, commitment) = rest.split_at_mut(4);
        of_label.copy_from_slice(&label.0);
        index.copy_from_slice(&item.index.to_be_bytes());
        position.copy_from_slice(&item.position.to_be_bytes());
        commitment.copy_from_slice(&item.commitment);
        Self(bytes)
    }

    pub(super) fn label(&self) -> Label {
        Label(self.part(0))
    }

    pub(super) fn item(&self) -> Item {
        Item {
            index: u64::from_be_bytes(self.part(32)),
            position: u32::from_be_bytes(self.part(40)),
            commitment: self.part(44),
        }
    }

    fn part<const N: usize>(&self, from: usize) -> [u8; N] {
        std::array::from_fn(|at| self.0.get(from + at).copied().unwrap_or_default())
    }
}

/// Takes items in any order, and gives them in theirs.
pub(super) struct Sorter<'a> {
    backend: &'a dyn Backend,
    folder: &'a str,
    limits: Limits,
    buffer: Vec<Row>,
    /// Runs by how often they were merged; on each level fewer than are merged at once.
    levels: Vec<Vec<FileReader>>,
    files_count: u64,
}

impl<'a> Sorter<'a> {
    /// A sorter with a folder for its runs, which exists and is empty.
    pub(super) fn new(backend: &'a dyn Backend, folder: &'a str, limits: Limits) -> Self {
        let (buffer, levels) = (Vec::new(), Vec::new());
        Self { backend, folder, limits, buffer, levels, files_count: 0 }
    }

    pub(super) fn push(&mut self, row: Row) -> Result<(), PeriodError> {
        self.buffer.push(row);
        if self.buffer.len() < self.limits.run_items {
            return Ok(());
        }
        self.buffer.sort_unstable();
        let mut run = self.create()?;
        for Row(bytes) in self.buffer.drain(..) {
            run.push(&bytes)?;
        }
        let mut run = reader(run)?;
        for level in 0.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(runs) = self.levels.get_mut(level) else { break };
            runs.push(run);
            if runs.len() < self.limits.runs_at_once.max(2) {
                break;
            }
            let runs = std::mem::take(runs);
            let mut merged = self.create()?;
            merge(runs, &[], |Row(bytes)| merged.push(&bytes))?;
            run = reader(merged)?;
        }
        Ok(())
    }

    /// Gives everything in its order.
    pub(super) fn merge(
        mut self,
        each: impl FnMut(Row) -> Result<(), PeriodError>,
    ) -> Result<(), PeriodError> {
        self.buffer.sort_unstable();
        merge(self.levels.into_iter().flatten().collect(), &self.buffer, each)
    }

    fn create(&mut self) -> Result<FileWriter, PeriodError> {
        self.files_count += 1;
        FileWriter::create(self.backend, format!("{}/{}", self.folder, self.files_count))
    }
}

/// A run needs not be durable: after a crash it is made anew.
fn reader(run: FileWriter) -> Result<FileReader, PeriodError> {
    let (name, file) = run.finish(false)?;
    Ok(FileReader::new(name, file))
}

/// Merges runs and rows that are sorted each; the files are empty then.
fn merge(
    mut runs: Vec<FileReader>,
    rows: &[Row],
    mut each: impl FnMut(Row) -> Result<(), PeriodError>,
) -> Result<(), PeriodError> {
    let mut rows = rows.iter().copied();
    let in_memory = runs.len();
    let mut next = |from: usize| match runs.get_mut(from) {
        Some(run) => run.next().map(|bytes| bytes.map(Row)),
        None => Ok(rows.next()),
    };
    let mut first = BinaryHeap::new();
    for from in 0..=in_memory {
        first.extend(next(from)?.map(|row| Reverse((row, from))));
    }
    while let Some(Reverse((row, from))) = first.pop() {
        each(row)?;
        first.extend(next(from)?.map(|row| Reverse((row, from))));
    }
    runs.into_iter().try_for_each(FileReader::empty)
}
