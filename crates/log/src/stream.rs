//! The stream: the one file in which entries and annexes are made durable together, batch after batch.
//!
//! ```text
//! stream  = "cs1strm\n" (8) ‖ version (4) ‖ id (16) ‖ crc32 of these (4)       integers little-endian
//! ```
//!
//! Batches follow, one after the other (see [`batch`](mod@crate::batch)).
//!
//! One batch is one write and one fdatasync, and the next begins after that. So at most the last batch
//! can be torn, and a torn one was never acknowledged: it is cut off at start. Everything else that is
//! wrong is refused with the file's name and the place, since it would be a loss.
//!
//! What is durable is never changed but for one reason: annexes of people who are erased are overwritten, see
//! `rewrite`. Who reads a batch at that moment may find half of it, and reads it again.

use std::io;
use std::thread;
use std::time::Duration;

use crate::backend::{Backend, File, replace};
use crate::batch::{
    BATCH_BYTES_MAX, BATCH_HEAD_BYTES, BATCH_MAGIC, BadBatch, BatchRead, Head, take,
};

/// The version of the stream format.
pub const STREAM_VERSION: u32 = 1;

const STREAM_MAGIC: &[u8; 8] = b"cs1strm\n";
const STREAM_HEAD_BYTES: usize = 32;

/// How often, and after what time, a batch is read again that may be being rewritten.
const REREADS: u32 = 4;
const REREAD_PAUSE: Duration = Duration::from_millis(5);

/// Why a stream cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The file layer failed.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// What the file layer says.
        error: io::Error,
    },
    /// There is none.
    #[error(
        "{file}: there is no such file; a log has it from its beginning, so it was lost: restore stream/ from its newest backup, nothing else can take its place. It is not made anew"
    )]
    Missing {
        /// The file.
        file: String,
    },
    /// It does not begin like a stream.
    #[error(
        "{file}: not a stream of Countersign, or its first {STREAM_HEAD_BYTES} bytes are damaged"
    )]
    NotAStream {
        /// The file.
        file: String,
    },
    /// Written by another version of the program.
    #[error(
        "{file}: stream version {found} is not known; this program reads version {STREAM_VERSION}"
    )]
    UnknownVersion {
        /// The file.
        file: String,
        /// The version found.
        found: u32,
    },
    /// A batch is damaged that was durable once. Restore the file from a backup.
    #[error(
        "{file}: the batch at byte {offset} is damaged ({reason}), and it is not the torn end of a crash: {evidence}; restore the file from a backup"
    )]
    Damaged {
        /// The file.
        file: String,
        /// Where the batch begins.
        offset: u64,
        /// What is wrong with it.
        reason: BadBatch,
        /// Why it cannot have been torn.
        evidence: String,
    },
    /// A batch does not continue the one before it.
    #[error("{file}: the batch at byte {offset} begins with entry {found}, expected {expected}")]
    WrongIndex {
        /// The file.
        file: String,
        /// Where the batch begins.
        offset: u64,
        /// The index that it has.
        found: u64,
        /// The index that it should have.
        expected: u64,
    },
}

/// Where in the stream one ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// How many entries there are before.
    pub index: u64,
    /// How many bytes there are before.
    pub offset: u64,
}

impl Position {
    /// Before the first batch.
    pub(crate) const START: Self = Self { index: 0, offset: STREAM_HEAD_BYTES as u64 };

    /// Behind the batch with this head.
    fn after(self, head: &Head) -> Self {
        Self {
            index: self.index + u64::from(head.count),
            offset: self.offset + head.batch_bytes() as u64,
        }
    }
}

/// The stream's file, opened and its head checked.
pub struct Stream {
    name: String,
    pub(crate) id: [u8; 16],
    pub(crate) file: Box<dyn File>,
}

/// What a reader finds at a position.
pub enum Found {
    /// A good batch.
    Batch {
        /// What is in it.
        batch: BatchRead,
        /// Where it ends.
        end: Position,
    },
    /// The end of the stream.
    End,
    /// Something that is not a good batch, and behind which there is none.
    Torn {
        /// How many bytes there are.
        bytes: u64,
        /// What is wrong with them.
        reason: BadBatch,
    },
}

impl Stream {
    /// Creates an empty stream under this name, durably.
    pub(crate) fn create(backend: &dyn Backend, name: &str, id: [u8; 16]) -> io::Result<()> {
        let mut head = STREAM_MAGIC.to_vec();
        head.extend_from_slice(&STREAM_VERSION.to_le_bytes());
        head.extend_from_slice(&id);
        head.extend_from_slice(&crc32fast::hash(&head).to_le_bytes());
        replace(backend, name, &head)
    }

    /// Opens the stream of this name.
    ///
    /// # Errors
    /// [`StreamError`].
    pub fn open(backend: &dyn Backend, name: &str) -> Result<Self, StreamError> {
        let io = |error| StreamError::Io { file: name.to_owned(), error };
        // What is opened is made if it is not there.
        if !backend.exists(name).map_err(io)? {
            return Err(StreamError::Missing { file: name.to_owned() });
        }
        let file = backend.open(name).map_err(io)?;
        let mut head = [0; STREAM_HEAD_BYTES];
        let not_a_stream = || StreamError::NotAStream { file: name.to_owned() };
        if file.length_bytes().map_err(io)? < STREAM_HEAD_BYTES as u64 {
            return Err(not_a_stream());
        }
        read_whole(&*file, 0, &mut head).map_err(io)?;
        let mut rest = &head[..];
        let (magic, version, id) = (take::<8>(&mut rest), take(&mut rest), take::<16>(&mut rest));
        if magic != Some(*STREAM_MAGIC) {
            return Err(not_a_stream());
        }
        let version = version.map(u32::from_le_bytes).ok_or_else(not_a_stream)?;
        if version != STREAM_VERSION {
            return Err(StreamError::UnknownVersion { file: name.to_owned(), found: version });
        }
        let checksum = take(&mut rest).map(u32::from_le_bytes);
        let covered = head.split_last_chunk::<4>().map(|(covered, _)| crc32fast::hash(covered));
        if checksum != covered {
            return Err(not_a_stream());
        }
        Ok(Self { name: name.to_owned(), id: id.ok_or_else(not_a_stream)?, file })
    }

    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its length in bytes.
    ///
    /// # Errors
    /// [`StreamError::Io`].
    pub fn length_bytes(&self) -> Result<u64, StreamError> {
        self.file.length_bytes().map_err(|error| self.io(error))
    }

    /// Reads what is at a position.
    ///
    /// # Errors
    /// [`StreamError`] for a batch that cannot be the torn end of a crash.
    pub fn read(&self, at: Position) -> Result<Found, StreamError> {
        let length = self.length_bytes()?;
        if at.offset == length {
            return Ok(Found::End);
        }
        let reason = match self.read_settled(at.offset, length)? {
            Ok((head, batch)) if head.first_index == at.index => {
                let end = at.after(&head);
                return Ok(Found::Batch { batch, end });
            }
            Ok((head, _)) => {
                let (file, offset) = (self.name.clone(), at.offset);
                let (found, expected) = (head.first_index, at.index);
                return Err(StreamError::WrongIndex { file, offset, found, expected });
            }
            Err(reason) => reason,
        };
        let damaged = |evidence| StreamError::Damaged {
            file: self.name.clone(),
            offset: at.offset,
            reason,
            evidence,
        };
        let bytes = length.saturating_sub(at.offset);
        if bytes > BATCH_BYTES_MAX as u64 {
            return Err(damaged(format!("{bytes} bytes follow, more than a batch can have")));
        }
        if let Some(good) = self.good_batch_after(at.offset, length)? {
            return Err(damaged(format!("a good batch follows at byte {good}")));
        }
        Ok(Found::Torn { bytes, reason })
    }

    /// The entries of the batch at a position that is known to be good, without its annexes, as they
    /// stand in an entry bundle.
    pub(crate) fn read_entries(&self, at: Position) -> Result<EntriesRead, StreamError> {
        let head = self.read_head(at.offset)?;
        let head = head.ok_or_else(|| self.io(io::ErrorKind::InvalidData.into()))?;
        let mut bytes = vec![0; head.entries_bytes];
        let from = at.offset + BATCH_HEAD_BYTES as u64;
        self.read_whole(from, &mut bytes)?;
        if head.first_index != at.index {
            return Err(self.io(io::ErrorKind::InvalidData.into()));
        }
        Ok(EntriesRead { bytes, end: at.after(&head) })
    }

    /// The head of the batch at `offset`, behind which there are enough bytes for one.
    fn read_head(&self, offset: u64) -> Result<Option<Head>, StreamError> {
        let mut head = [0; BATCH_HEAD_BYTES];
        self.read_whole(offset, &mut head)?;
        Ok(Head::parse(&head))
    }

    /// Reads one batch; one with others behind it, which was whole once, is read again for a while.
    fn read_settled(
        &self,
        offset: u64,
        length: u64,
    ) -> Result<Result<(Head, BatchRead), BadBatch>, StreamError> {
        let mut read = self.read_batch(offset, length)?;
        for _ in 0..REREADS {
            let is_last = || match self.read_head(offset) {
                Ok(Some(head)) => offset + head.batch_bytes() as u64 >= length,
                _ => true,
            };
            if !matches!(read, Err(BadBatch::Checksum | BadBatch::Lengths)) || is_last() {
                break;
            }
            thread::sleep(REREAD_PAUSE);
            read = self.read_batch(offset, length)?;
        }
        Ok(read)
    }

    /// Reads one batch, whatever its index.
    fn read_batch(
        &self,
        offset: u64,
        length: u64,
    ) -> Result<Result<(Head, BatchRead), BadBatch>, StreamError> {
        let rest = length.saturating_sub(offset);
        if rest < BATCH_HEAD_BYTES as u64 {
            return Ok(Err(BadBatch::CutOff));
        }
        let Some(head) = self.read_head(offset)? else { return Ok(Err(BadBatch::NoMagic)) };
        if head.batch_bytes() > BATCH_BYTES_MAX {
            return Ok(Err(BadBatch::Lengths));
        }
        if head.batch_bytes() as u64 > rest {
            return Ok(Err(BadBatch::CutOff));
        }
        let mut bytes = vec![0; head.batch_bytes()];
        self.read_whole(offset, &mut bytes)?;
        Ok(BatchRead::check(&head, bytes, &self.id).map(|batch| (head, batch)))
    }

    /// The first good batch that begins after `offset`.
    fn good_batch_after(&self, offset: u64, length: u64) -> Result<Option<u64>, StreamError> {
        let mut rest = vec![0; length.saturating_sub(offset) as usize];
        self.read_whole(offset, &mut rest)?;
        let magics = rest.windows(BATCH_MAGIC.len()).zip(offset..).skip(1);
        for (_, at) in magics.filter(|(window, _)| window == BATCH_MAGIC) {
            if self.read_batch(at, length)?.is_ok() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// Fills the buffer with what is at `offset`.
    pub(crate) fn read_whole(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StreamError> {
        read_whole(&*self.file, offset, buffer).map_err(|error| self.io(error))
    }

    pub(crate) fn io(&self, error: io::Error) -> StreamError {
        StreamError::Io { file: self.name.clone(), error }
    }
}

/// Fills the buffer from where the file is known to be long enough. A file that gives less is an error
/// and not an end: a batch that was not read whole must never pass for a torn one, which is cut off.
fn read_whole(file: &dyn File, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
    let (expected, read) = (buffer.len(), file.read_at(offset, buffer)?);
    if read == expected {
        return Ok(());
    }
    let what = format!("only {read} of {expected} bytes at byte {offset} could be read");
    Err(io::Error::new(io::ErrorKind::UnexpectedEof, what))
}

/// The entries of a batch without its annexes.
pub(crate) struct EntriesRead {
    /// The entries, as they stand in an entry bundle.
    pub(crate) bytes: Vec<u8>,
    /// Where the batch ends.
    pub(crate) end: Position,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::memory::Memory;
    use crate::batch::Batch;
    use crate::writer::StreamWriter;

    const NAME: &str = "stream";

    fn written(batches: &[&[&[u8]]]) -> (Memory, Vec<u64>) {
        let memory = Memory::new();
        Stream::create(&memory, NAME, [5; 16]).unwrap();
        let stream = Stream::open(&memory, NAME).unwrap();
        let mut writer = StreamWriter::resume(stream, Position::START, None).unwrap();
        let mut offsets = vec![writer.durable().offset];
        for entries in batches {
            let mut batch = Batch::default();
            for entry in *entries {
                batch.push(entry, b"annex").unwrap();
            }
            writer.append(&batch).unwrap();
            offsets.push(writer.durable().offset);
        }
        (memory, offsets)
    }

    fn read_all(memory: &Memory) -> Result<(Vec<Vec<u8>>, Option<BadBatch>), StreamError> {
        let stream = Stream::open(memory, NAME)?;
        let mut at = Position::START;
        let mut entries = Vec::new();
        loop {
            match stream.read(at)? {
                Found::Batch { batch, end } => {
                    entries.extend(batch.pairs().map(|pair| pair.unwrap().0.to_vec()));
                    at = end;
                }
                Found::End => return Ok((entries, None)),
                Found::Torn { reason, .. } => return Ok((entries, Some(reason))),
            }
        }
    }

    #[test]
    fn batches_are_read_as_they_were_written() {
        let (memory, _) = written(&[&[b"a", b""], &[b"b"]]);
        let (entries, torn) = read_all(&memory).unwrap();
        assert_eq!((entries, torn), (vec![b"a".to_vec(), vec![], b"b".to_vec()], None));
    }

    #[test]
    fn every_cut_of_the_last_batch_is_a_torn_end() {
        let (memory, offsets) = written(&[&[b"first"], &[b"second", b"third"]]);
        for length in offsets[1] + 1..offsets[2] {
            memory.tamper(NAME, |bytes| bytes.truncate(length as usize));
            let (entries, torn) = read_all(&memory).unwrap();
            assert_eq!((entries, torn), (vec![b"first".to_vec()], Some(BadBatch::CutOff)));
            let (again, _) = written(&[&[b"first"], &[b"second", b"third"]]);
            again.tamper(NAME, |bytes| {
                memory.tamper(NAME, |cut| *cut = bytes.clone());
            });
        }
    }

    #[test]
    fn every_changed_byte_is_found() {
        let (memory, offsets) = written(&[&[b"first"], &[b"second"]]);
        for at in 0..offsets[2] as usize {
            memory.tamper(NAME, |bytes| bytes[at] ^= 1);
            let read = read_all(&memory);
            let (first, second) = (offsets[0] as usize, offsets[1] as usize);
            if at < first {
                assert!(read.is_err(), "byte {at} of the head");
            } else if at < second {
                assert!(matches!(read, Err(StreamError::Damaged { .. })), "byte {at}");
            } else {
                assert!(matches!(read, Ok((_, Some(_)))), "byte {at}");
            }
            memory.tamper(NAME, |bytes| bytes[at] ^= 1);
        }
    }

    #[test]
    fn a_batch_out_of_order_and_an_unknown_version_are_refused() {
        let (memory, offsets) = written(&[&[b"first"], &[b"second"]]);
        memory.tamper(NAME, |bytes| {
            bytes.drain(offsets[0] as usize..offsets[1] as usize);
        });
        let wrong =
            matches!(read_all(&memory), Err(StreamError::WrongIndex { found: 1, expected: 0, .. }));
        assert!(wrong);
        memory.tamper(NAME, |bytes| bytes[8] = 2);
        assert!(matches!(read_all(&memory), Err(StreamError::UnknownVersion { found: 2, .. })));
    }
}
