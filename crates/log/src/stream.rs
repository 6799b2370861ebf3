//! The stream: the one file in which entries and annexes are made durable together, batch after batch.
//!
//! ```text
//! stream  = "cs1strm\n" (8) ‖ version (4) ‖ id (16) ‖ crc32 of these (4)       integers little-endian
//! batch   = "cs1b" (4) ‖ first index (8) ‖ count (4) ‖ entries bytes (4) ‖ annexes bytes (4) ‖ crc32 (4)
//!         ‖ entries: count × (length (2, big-endian, as in an entry bundle) ‖ entry)
//!         ‖ annexes: count × (length (4) ‖ annex)
//! ```
//!
//! The checksum covers the stream's id, the batch's head before it, entries and annexes. The id is
//! random, so that nothing that somebody puts into an entry or annex can pass for a batch.
//!
//! One batch is one write and one fdatasync, and the next begins after that. So at most the last batch
//! can be torn, and a torn one was never acknowledged: it is cut off at start. Everything else that is
//! wrong is refused with the file's name and the place, since it would be a loss.

use std::io;

use countersign_verifier::tile::push_entry;

use crate::annex::ANNEX_BYTES_MAX;
use crate::backend::{Backend, File, replace};

/// The version of the stream format.
pub const STREAM_VERSION: u32 = 1;

/// The most bytes that a batch may have, its head included. A torn end cannot be longer.
pub const BATCH_BYTES_MAX: usize = 32 << 20;

const STREAM_MAGIC: &[u8; 8] = b"cs1strm\n";
const STREAM_HEAD_BYTES: usize = 32;
const BATCH_MAGIC: &[u8; 4] = b"cs1b";
const BATCH_HEAD_BYTES: usize = 28;

/// The bytes that an entry with its annex takes in a batch beside the two themselves.
pub(crate) const PAIR_OVERHEAD_BYTES: usize = 6;

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
    /// It does not begin like a stream.
    #[error("{file}: not a stream of Countersign, or its first {STREAM_HEAD_BYTES} bytes are damaged")]
    NotAStream {
        /// The file.
        file: String,
    },
    /// Written by another version of the program.
    #[error("{file}: stream version {found} is not known; this program reads version {STREAM_VERSION}")]
    UnknownVersion {
        /// The file.
        file: String,
        /// The version found.
        found: u32,
    },
    /// A batch is damaged that was durable once. Restore the file from a backup.
    #[error("{file}: the batch at byte {offset} is damaged ({reason}), and it is not the torn end of a crash: {evidence}; restore the file from a backup")]
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

/// What is wrong with the bytes where a batch should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBatch {
    /// No batch begins there.
    #[error("no batch begins there")]
    NoMagic,
    /// The file ends before the batch does.
    #[error("the file ends inside of it")]
    CutOff,
    /// Its lengths do not fit each other.
    #[error("its lengths do not fit each other")]
    Lengths,
    /// Its checksum differs.
    #[error("its checksum differs")]
    Checksum,
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
}

/// The stream's file, opened and its head checked.
pub struct Stream {
    name: String,
    id: [u8; 16],
    file: Box<dyn File>,
}

/// Entries with their annexes on their way into the stream.
#[derive(Default)]
pub(crate) struct Batch {
    count: u32,
    entries: Vec<u8>,
    annexes: Vec<u8>,
}

/// A batch as it was read.
pub struct BatchRead {
    bytes: Vec<u8>,
    count: u32,
    entries_bytes: usize,
    /// Where it ends.
    pub end: Position,
}

/// What a reader finds at a position.
pub enum Found {
    /// A good batch.
    Batch(BatchRead),
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
        let file = backend.open(name).map_err(io)?;
        let mut head = [0; STREAM_HEAD_BYTES];
        let read = file.read_at(0, &mut head).map_err(io)?;
        let not_a_stream = || StreamError::NotAStream { file: name.to_owned() };
        if read < STREAM_HEAD_BYTES {
            return Err(not_a_stream());
        }
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
        let reason = match self.read_batch(at.offset, length)? {
            Ok(batch) if batch.0 == at.index => return Ok(Found::Batch(batch.1)),
            Ok((found, _)) => {
                let (file, expected) = (self.name.clone(), at.index);
                return Err(StreamError::WrongIndex { file, offset: at.offset, found, expected });
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
        let head = head.ok_or_else(|| self.io(io::ErrorKind::UnexpectedEof.into()))?;
        let mut bytes = vec![0; head.entries_bytes];
        let from = at.offset + BATCH_HEAD_BYTES as u64;
        let read = self.file.read_at(from, &mut bytes).map_err(|error| self.io(error))?;
        if read < bytes.len() || head.first_index != at.index {
            return Err(self.io(io::ErrorKind::UnexpectedEof.into()));
        }
        let end = Position {
            index: at.index + u64::from(head.count),
            offset: at.offset + head.batch_bytes() as u64,
        };
        Ok(EntriesRead { bytes, end })
    }

    fn read_head(&self, offset: u64) -> Result<Option<Head>, StreamError> {
        let mut head = [0; BATCH_HEAD_BYTES];
        let read = self.file.read_at(offset, &mut head).map_err(|error| self.io(error))?;
        Ok(head.get(..read).and_then(Head::parse))
    }

    /// Reads one batch, whatever its index.
    fn read_batch(
        &self,
        offset: u64,
        length: u64,
    ) -> Result<Result<(u64, BatchRead), BadBatch>, StreamError> {
        let rest = length.saturating_sub(offset);
        let Some(head) = self.read_head(offset)? else {
            let is_short = rest < BATCH_HEAD_BYTES as u64;
            return Ok(Err(if is_short { BadBatch::CutOff } else { BadBatch::NoMagic }));
        };
        if head.batch_bytes() > BATCH_BYTES_MAX {
            return Ok(Err(BadBatch::Lengths));
        }
        if head.batch_bytes() as u64 > rest {
            return Ok(Err(BadBatch::CutOff));
        }
        let mut bytes = vec![0; head.batch_bytes()];
        let read = self.file.read_at(offset, &mut bytes).map_err(|error| self.io(error))?;
        if read < bytes.len() {
            return Ok(Err(BadBatch::CutOff));
        }
        Ok(self.check_batch(head, bytes, offset))
    }

    fn check_batch(
        &self,
        head: Head,
        bytes: Vec<u8>,
        offset: u64,
    ) -> Result<(u64, BatchRead), BadBatch> {
        let (covered, payload) = split_checksum(&bytes).ok_or(BadBatch::CutOff)?;
        if checksum(&self.id, covered, payload) != head.checksum {
            return Err(BadBatch::Checksum);
        }
        let end = Position {
            index: head.first_index + u64::from(head.count),
            offset: offset + bytes.len() as u64,
        };
        let batch =
            BatchRead { bytes, count: head.count, entries_bytes: head.entries_bytes, end };
        let pairs = batch.pairs().collect::<Option<Vec<_>>>();
        match pairs {
            Some(pairs) if pairs.len() == head.count as usize => Ok((head.first_index, batch)),
            _ => Err(BadBatch::Lengths),
        }
    }

    /// The first good batch that begins after `offset`.
    fn good_batch_after(&self, offset: u64, length: u64) -> Result<Option<u64>, StreamError> {
        let mut rest = vec![0; length.saturating_sub(offset) as usize];
        self.file.read_at(offset, &mut rest).map_err(|error| self.io(error))?;
        let magics = rest.windows(BATCH_MAGIC.len()).zip(offset..).skip(1);
        for (_, at) in magics.filter(|(window, _)| window == BATCH_MAGIC) {
            if self.read_batch(at, length)?.is_ok() {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    fn io(&self, error: io::Error) -> StreamError {
        StreamError::Io { file: self.name.clone(), error }
    }
}

/// The entries of a batch without its annexes.
pub(crate) struct EntriesRead {
    /// The entries, as they stand in an entry bundle.
    pub(crate) bytes: Vec<u8>,
    /// Where the batch ends.
    pub(crate) end: Position,
}

struct Head {
    first_index: u64,
    count: u32,
    entries_bytes: usize,
    annexes_bytes: usize,
    checksum: u32,
}

impl Head {
    fn parse(mut bytes: &[u8]) -> Option<Self> {
        take(&mut bytes).filter(|magic| magic == BATCH_MAGIC)?;
        Some(Self {
            first_index: u64::from_le_bytes(take(&mut bytes)?),
            count: u32::from_le_bytes(take(&mut bytes)?),
            entries_bytes: u32::from_le_bytes(take(&mut bytes)?) as usize,
            annexes_bytes: u32::from_le_bytes(take(&mut bytes)?) as usize,
            checksum: u32::from_le_bytes(take(&mut bytes)?),
        })
    }

    const fn batch_bytes(&self) -> usize {
        self.entries_bytes.saturating_add(self.annexes_bytes).saturating_add(BATCH_HEAD_BYTES)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*taken)
}

/// The head before its checksum, and what comes after the checksum.
fn split_checksum(batch: &[u8]) -> Option<(&[u8], &[u8])> {
    let (head, payload) = batch.split_at_checked(BATCH_HEAD_BYTES)?;
    let (covered, _) = head.split_last_chunk::<4>()?;
    Some((covered, payload))
}

fn checksum(id: &[u8; 16], head: &[u8], payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(id);
    hasher.update(head);
    hasher.update(payload);
    hasher.finalize()
}

impl BatchRead {
    /// The entries with their annexes; `None` where lengths do not fit, which does not happen in a
    /// batch that [`Stream::read`] returned.
    pub fn pairs(&self) -> impl Iterator<Item = Option<(&[u8], &[u8])>> {
        let payload = self.bytes.get(BATCH_HEAD_BYTES..).unwrap_or_default();
        let (mut entries, mut annexes) =
            payload.split_at_checked(self.entries_bytes).unwrap_or_default();
        let mut left = self.count;
        std::iter::from_fn(move || {
            if left == 0 {
                return (!entries.is_empty() || !annexes.is_empty()).then(|| {
                    (entries, annexes) = Default::default();
                    None
                });
            }
            left -= 1;
            let entry_bytes = take(&mut entries).map(|n| usize::from(u16::from_be_bytes(n)));
            let annex_bytes = take(&mut annexes).map(|n| u32::from_le_bytes(n) as usize);
            let pair = entry_bytes.zip(annex_bytes).and_then(|(entry_bytes, annex_bytes)| {
                let (entry, entries_rest) = entries.split_at_checked(entry_bytes)?;
                let (annex, annexes_rest) = annexes.split_at_checked(annex_bytes)?;
                (entries, annexes) = (entries_rest, annexes_rest);
                Some((entry, annex))
            });
            if pair.is_none() {
                left = 0;
                (entries, annexes) = Default::default();
            }
            Some(pair)
        })
    }
}

impl Batch {
    /// Adds an entry with its annex, if they are not too long: `None` and unchanged otherwise.
    #[must_use]
    pub(crate) fn push(&mut self, entry: &[u8], annex: &[u8]) -> Option<()> {
        let annex_bytes =
            u32::try_from(annex.len()).ok().filter(|bytes| *bytes as usize <= ANNEX_BYTES_MAX)?;
        push_entry(&mut self.entries, entry)?;
        self.annexes.extend_from_slice(&annex_bytes.to_le_bytes());
        self.annexes.extend_from_slice(annex);
        self.count += 1;
        Some(())
    }

    fn to_bytes(&self, id: &[u8; 16], first_index: u64) -> Vec<u8> {
        let payload_bytes = self.entries.len() + self.annexes.len();
        let mut bytes = Vec::with_capacity(BATCH_HEAD_BYTES + payload_bytes);
        bytes.extend_from_slice(BATCH_MAGIC);
        bytes.extend_from_slice(&first_index.to_le_bytes());
        bytes.extend_from_slice(&self.count.to_le_bytes());
        bytes.extend_from_slice(&(self.entries.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(self.annexes.len() as u32).to_le_bytes());
        let mut hasher = crc32fast::Hasher::new();
        for part in [&id[..], &bytes, &self.entries, &self.annexes] {
            hasher.update(part);
        }
        bytes.extend_from_slice(&hasher.finalize().to_le_bytes());
        bytes.extend_from_slice(&self.entries);
        bytes.extend_from_slice(&self.annexes);
        bytes
    }
}

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
        let redo = || -> io::Result<()> {
            if stream.file.length_bytes()? != durable.offset {
                stream.file.truncate(durable.offset)?;
            }
            if let Some(offset) = last_batch {
                let mut bytes = vec![0; durable.offset.saturating_sub(offset) as usize];
                stream.file.read_at(offset, &mut bytes)?;
                stream.file.write_at(offset, &bytes)?;
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

    /// Writes a batch and makes it durable.
    pub(crate) fn append(&mut self, batch: &Batch) -> Result<(), WriteError> {
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
        if let Err(error) = file.sync() {
            // The kernel may have dropped the dirty pages: neither reading nor a second fdatasync could
            // tell what is on the disk.
            return Err(self.poison(error.kind()));
        }
        self.durable.index += u64::from(batch.count);
        self.durable.offset += bytes.len() as u64;
        Ok(())
    }

    fn poison(&mut self, kind: io::ErrorKind) -> WriteError {
        tracing::error!(file = %self.stream.name, %kind, "the stream cannot be trusted any more; restart to go on");
        self.poisoned = Some(kind);
        WriteError::Poisoned(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::memory::Memory;

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
                Found::Batch(batch) => {
                    entries.extend(batch.pairs().map(|pair| pair.unwrap().0.to_vec()));
                    at = batch.end;
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
        let wrong = matches!(read_all(&memory), Err(StreamError::WrongIndex { found: 1, expected: 0, .. }));
        assert!(wrong);
        memory.tamper(NAME, |bytes| bytes[8] = 2);
        assert!(matches!(read_all(&memory), Err(StreamError::UnknownVersion { found: 2, .. })));
    }
}
