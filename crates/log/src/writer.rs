//! The one writer of a stream: a batch is one write and one fdatasync.

use std::io;
use std::time::{Duration, Instant};

use crate::batch::Batch;
use crate::stream::{Position, Stream, StreamError};

/// Why a batch was not made durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteError {
    /// The write failed and was undone; the next one may succeed.
    Refused(io::ErrorKind),
    /// It is not known what is on the disk: nothing more is written until the log is opened again.
    Poisoned(io::ErrorKind),
}

/// The one writer of a stream.
pub(crate) struct StreamWriter {
    stream: Stream,
    durable: Position,
    poisoned: Option<io::ErrorKind>,
}

impl StreamWriter {
    /// Continues a stream that is good up to `durable`. What follows is cut off, and the last batch is
    /// written once more: if a process before this one saw its fdatasync fail, the kernel took the pages
    /// for clean, so that what was read back need not be on the disk.
    pub(crate) fn resume(
        stream: Stream,
        durable: Position,
        last_batch: Option<u64>,
    ) -> Result<Self, StreamError> {
        let last = match last_batch {
            Some(offset) => {
                let mut bytes = vec![0; durable.offset.saturating_sub(offset) as usize];
                stream.read_whole(offset, &mut bytes)?;
                Some((offset, bytes))
            }
            None => None,
        };
        let redo = || -> io::Result<()> {
            if stream.file.length_bytes()? != durable.offset {
                stream.file.truncate(durable.offset)?;
            }
            if let Some((offset, bytes)) = &last {
                stream.file.write_at(*offset, bytes)?;
            }
            stream.file.sync()
        };
        redo().map_err(|error| stream.io(error))?;
        Ok(Self { stream, durable, poisoned: None })
    }

    /// Where the durable stream ends.
    pub(crate) const fn durable(&self) -> Position {
        self.durable
    }

    /// Writes a batch and makes it durable; how long the fdatasync took.
    pub(crate) fn append(&mut self, batch: &Batch) -> Result<Duration, WriteError> {
        if let Some(kind) = self.poisoned {
            return Err(WriteError::Poisoned(kind));
        }
        let bytes = batch.to_bytes(&self.stream.id, self.durable.index);
        let file = &self.stream.file;
        if let Err(error) = file.write_at(self.durable.offset, &bytes) {
            // What was written of it must not stay, or the next batch would leave some of it behind.
            return match file.truncate(self.durable.offset) {
                Ok(()) => Err(WriteError::Refused(error.kind())),
                Err(_) => Err(self.poison(error.kind())),
            };
        }
        let began = Instant::now();
        if let Err(error) = file.sync() {
            // The kernel may have dropped the dirty pages: neither reading nor a second fdatasync could
            // tell what is on the disk.
            return Err(self.poison(error.kind()));
        }
        let took = began.elapsed();
        self.durable.index += u64::from(batch.count);
        self.durable.offset += bytes.len() as u64;
        Ok(took)
    }

    fn poison(&mut self, kind: io::ErrorKind) -> WriteError {
        tracing::error!(file = %self.stream.name(), %kind, "the stream cannot be trusted any more; restart to go on");
        self.poisoned = Some(kind);
        WriteError::Poisoned(kind)
    }
}
