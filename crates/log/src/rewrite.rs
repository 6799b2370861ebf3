//! Rewriting batches of the stream in place, all of them or none: for erasure, and for nothing else.
//!
//! ```text
//! journal = "cs1rewr\n" (8) ‖ version (4) ‖ the stream's id (16) ‖ count (4)
//!         ‖ count × (offset (8) ‖ length (4) ‖ batch) ‖ crc32 of these (4)                  integers little-endian
//! ```
//!
//! The new batches are made durable in a journal before the first of them is written over the old one, and the
//! journal goes once all are. What a crash leaves of it, the next start writes again.
//!
//! What it is not: it changes neither entries nor lengths, so that every place in the stream stays what it was.

use std::io;

use crate::backend::{Access, Backend, replace};
use crate::batch::take;
use crate::stream::Stream;

const FOLDER: &str = "stream/rewriting";
/// What is being rewritten, while it is.
pub(crate) const JOURNAL: &str = "stream/rewriting/batches";

const MAGIC: &[u8; 8] = b"cs1rewr\n";
const VERSION: u32 = 1;

/// A journal that a program with this code did not write, or that is damaged.
const NO_JOURNAL: &str =
    "not a journal of this stream, or damaged; restore the stream and this file from one backup";

/// Why batches were not rewritten.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {error}")]
pub struct RewriteError {
    /// The file.
    pub file: String,
    /// What the file layer says, or what is wrong with the journal.
    pub error: io::Error,
}

/// One batch as it will be, which is as long as it was.
pub(crate) struct Rewritten {
    pub(crate) offset: u64,
    pub(crate) bytes: Vec<u8>,
}

/// Writes these batches over what is there: durable, all of them, when it returns.
pub(crate) fn rewrite(
    backend: &dyn Backend,
    stream: &Stream,
    batches: &[Rewritten],
) -> Result<(), RewriteError> {
    if batches.is_empty() {
        return Ok(());
    }
    let journal = |error| RewriteError { file: JOURNAL.to_owned(), error };
    backend.create_folders(FOLDER, Access::Private).map_err(journal)?;
    replace(backend, JOURNAL, &to_bytes(&stream.id, batches)).map_err(journal)?;
    write(backend, stream, batches.iter().map(|batch| (batch.offset, &batch.bytes[..])))
}

/// Writes what a crash left in the journal.
pub(crate) fn finish(backend: &dyn Backend, stream: &Stream) -> Result<(), RewriteError> {
    let failed = |error| RewriteError { file: JOURNAL.to_owned(), error };
    let Some(bytes) = backend.read(JOURNAL).map_err(failed)? else { return Ok(()) };
    let no_journal = || failed(io::Error::new(io::ErrorKind::InvalidData, NO_JOURNAL));
    let batches = parse(&bytes, &stream.id).ok_or_else(no_journal)?;
    let length = stream.file.length_bytes().map_err(failed)?;
    let is_within = |(offset, bytes): &(u64, &[u8])| {
        offset.checked_add(bytes.len() as u64).is_some_and(|end| end <= length)
    };
    if !batches.iter().all(is_within) {
        return Err(no_journal());
    }
    write(backend, stream, batches.into_iter())
}

fn write<'a>(
    backend: &dyn Backend,
    stream: &Stream,
    mut batches: impl Iterator<Item = (u64, &'a [u8])>,
) -> Result<(), RewriteError> {
    let failed = |error| RewriteError { file: stream.name().to_owned(), error };
    batches.try_for_each(|(offset, bytes)| stream.file.write_at(offset, bytes)).map_err(failed)?;
    stream.file.sync().map_err(failed)?;
    backend.remove_folder(FOLDER).map_err(|error| RewriteError { file: JOURNAL.to_owned(), error })
}

fn to_bytes(id: &[u8; 16], batches: &[Rewritten]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(id);
    bytes.extend_from_slice(&(batches.len() as u32).to_le_bytes());
    for batch in batches {
        bytes.extend_from_slice(&batch.offset.to_le_bytes());
        bytes.extend_from_slice(&(batch.bytes.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&batch.bytes);
    }
    bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
    bytes
}

fn parse<'a>(bytes: &'a [u8], id: &[u8; 16]) -> Option<Vec<(u64, &'a [u8])>> {
    let (mut rest, checksum) = bytes.split_last_chunk()?;
    if crc32fast::hash(rest) != u32::from_le_bytes(*checksum) {
        return None;
    }
    take(&mut rest).filter(|magic| magic == MAGIC)?;
    take(&mut rest).filter(|version| u32::from_le_bytes(*version) == VERSION)?;
    take(&mut rest).filter(|found| found == id)?;
    let count = u32::from_le_bytes(take(&mut rest)?);
    let mut batches = Vec::new();
    for _ in 0..count {
        let offset = u64::from_le_bytes(take(&mut rest)?);
        let length = u32::from_le_bytes(take(&mut rest)?) as usize;
        let (batch, after) = rest.split_at_checked(length)?;
        batches.push((offset, batch));
        rest = after;
    }
    rest.is_empty().then_some(batches)
}
