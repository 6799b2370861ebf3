//! How far of the log these people are known to agree with it: everybody whom an entry before the mark is about is
//! in the store, with every choice that the log has, unless they were destroyed. A store that is restored from a
//! backup has an older mark, and what the log has behind it is what may be missing (see `super::reapply`).
//!
//! INVARIANT: the mark is the log's head at some moment before the commit that puts it. People are in the store
//! before an entry can be about them, and their choices before the log has these; so that commit, and every backup
//! that has it, has them. Kept by whoever calls [`People::put_log_mark`](super::People::put_log_mark) and
//! [`People::settled`](super::People::settled).

use countersign_domain::time::Timestamp;

/// The bytes of a stream's id.
const ID_BYTES: usize = 16;

/// A place in a log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LogMark {
    /// The id of the log's stream.
    pub stream: [u8; ID_BYTES],
    /// How many entries are before it.
    pub entries: u64,
}

/// Where in the log choices are that it was told of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Logged {
    /// Behind their entry.
    pub mark: LogMark,
    /// The entry's time.
    pub time: Timestamp,
}

impl LogMark {
    pub(super) fn to_bytes(self) -> [u8; ID_BYTES + 8] {
        let mut bytes = [0; ID_BYTES + 8];
        let (stream, entries) = bytes.split_at_mut(ID_BYTES);
        stream.copy_from_slice(&self.stream);
        entries.copy_from_slice(&self.entries.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (stream, entries) = bytes.split_first_chunk()?;
        let entries = u64::from_le_bytes(entries.try_into().ok()?);
        Some(Self { stream: *stream, entries })
    }
}
