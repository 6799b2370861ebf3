//! Files that are written once from their beginning, and read once from there.

use super::PeriodError;
use crate::backend::{Backend, File};

/// How many bytes are written or read at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A file that is written from its beginning.
pub(super) struct FileWriter {
    name: String,
    file: Box<dyn File>,
    buffer: Vec<u8>,
    written_bytes: u64,
}

impl FileWriter {
    /// Empties the file of this name, or creates it.
    pub(super) fn create(backend: &dyn Backend, name: String) -> Result<Self, PeriodError> {
        let emptied = backend.open(&name).and_then(|file| file.truncate(0).map(|()| file));
        let file = emptied.map_err(|error| PeriodError::io(&name, error))?;
        Ok(Self { name, file, buffer: Vec::with_capacity(BUFFER_BYTES), written_bytes: 0 })
    }

    /// How many bytes there are.
    pub(super) fn length_bytes(&self) -> u64 {
        self.written_bytes + self.buffer.len() as u64
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), PeriodError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what is left, and makes all of it durable if that is asked for.
    pub(super) fn finish(mut self, is_kept: bool) -> Result<(String, Box<dyn File>), PeriodError> {
        self.flush()?;
        if is_kept {
            self.file.sync().map_err(|error| PeriodError::io(&self.name, error))?;
        }
        Ok((self.name, self.file))
    }

    fn flush(&mut self) -> Result<(), PeriodError> {
        let written = self.file.write_at(self.written_bytes, &self.buffer);
        written.map_err(|error| PeriodError::io(&self.name, error))?;
        self.written_bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// A file that is read from its beginning, in pieces of one size.
pub(super) struct FileReader {
    name: String,
    file: Box<dyn File>,
    buffer: Vec<u8>,
    /// How much of the buffer was handed out.
    taken: usize,
    read_bytes: u64,
}

impl FileReader {
    pub(super) fn new(name: String, file: Box<dyn File>) -> Self {
        Self { name, file, buffer: Vec::new(), taken: 0, read_bytes: 0 }
    }

    /// The next piece; `None` at the end of the file.
    pub(super) fn next<const N: usize>(&mut self) -> Result<Option<[u8; N]>, PeriodError> {
        if self.taken == self.buffer.len() {
            self.buffer.resize(BUFFER_BYTES / N * N, 0);
            let read = self.file.read_at(self.read_bytes, &mut self.buffer);
            let read = read.map_err(|error| PeriodError::io(&self.name, error))?;
            self.buffer.truncate(read);
            (self.read_bytes, self.taken) = (self.read_bytes + read as u64, 0);
        }
        let Some(rest) = self.buffer.get(self.taken..).filter(|rest| !rest.is_empty()) else {
            return Ok(None);
        };
        let piece = rest.first_chunk().ok_or_else(|| PeriodError::Damaged {
            file: self.name.clone(),
            reason: "it is cut off",
        })?;
        self.taken += N;
        Ok(Some(*piece))
    }

    /// Frees what the file takes on the disk.
    pub(super) fn empty(self) -> Result<(), PeriodError> {
        self.file.truncate(0).map_err(|error| PeriodError::io(&self.name, error))
    }
}
