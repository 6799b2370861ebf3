//! A batch: entries with their annexes that became durable together, as bytes.
//!
//! ```text
//! batch   = "cs1b" (4) ‖ first index (8) ‖ count (4) ‖ entries bytes (4) ‖ annexes bytes (4) ‖ crc32 (4)
//!         ‖ entries: count × (length (2, big-endian, as in an entry bundle) ‖ entry)
//!         ‖ annexes: count × (length (4) ‖ annex)                            other integers little-endian
//! ```
//!
//! The checksum covers the stream's id, the batch's head before it, entries and annexes. The id is
//! random, so that nothing that somebody puts into an entry or annex can pass for a batch.

use countersign_protocol::tile::push_entry;

use crate::annex::ANNEX_BYTES_MAX;

/// The most bytes that a batch may have, its head included. A torn end cannot be longer.
pub const BATCH_BYTES_MAX: usize = 32 << 20;

pub(crate) const BATCH_MAGIC: &[u8; 4] = b"cs1b";
pub(crate) const BATCH_HEAD_BYTES: usize = 28;

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

/// Entries with their annexes on their way into the stream.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) count: u32,
    entries: Vec<u8>,
    annexes: Vec<u8>,
}

/// A batch as it was read.
pub struct BatchRead {
    bytes: Vec<u8>,
    count: u32,
    entries_bytes: usize,
}

/// The head of a batch, not checked.
pub(crate) struct Head {
    pub(crate) first_index: u64,
    pub(crate) count: u32,
    pub(crate) entries_bytes: usize,
    annexes_bytes: usize,
    checksum: u32,
}

impl Head {
    pub(crate) fn parse(mut bytes: &[u8]) -> Option<Self> {
        take(&mut bytes).filter(|magic| magic == BATCH_MAGIC)?;
        Some(Self {
            first_index: u64::from_le_bytes(take(&mut bytes)?),
            count: u32::from_le_bytes(take(&mut bytes)?),
            entries_bytes: u32::from_le_bytes(take(&mut bytes)?) as usize,
            annexes_bytes: u32::from_le_bytes(take(&mut bytes)?) as usize,
            checksum: u32::from_le_bytes(take(&mut bytes)?),
        })
    }

    pub(crate) const fn batch_bytes(&self) -> usize {
        self.entries_bytes.saturating_add(self.annexes_bytes).saturating_add(BATCH_HEAD_BYTES)
    }
}

pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
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
    /// Checks a whole batch of the stream with this id, whose head is `head`.
    pub(crate) fn check(head: &Head, bytes: Vec<u8>, id: &[u8; 16]) -> Result<Self, BadBatch> {
        let (covered, payload) = split_checksum(&bytes).ok_or(BadBatch::CutOff)?;
        if checksum(id, covered, payload) != head.checksum {
            return Err(BadBatch::Checksum);
        }
        let batch = Self { bytes, count: head.count, entries_bytes: head.entries_bytes };
        let pairs = batch.pairs().collect::<Option<Vec<_>>>();
        let is_whole = pairs.is_some_and(|pairs| pairs.len() == head.count as usize);
        if is_whole { Ok(batch) } else { Err(BadBatch::Lengths) }
    }

    /// The batch as bytes of the stream with this id, each annex as `change` leaves it, which is told of the
    /// entry's index; `None` if nothing changed.
    pub(crate) fn rewritten<E>(
        mut self,
        id: &[u8; 16],
        first_index: u64,
        mut change: impl FnMut(u64, &mut [u8]) -> Result<bool, E>,
    ) -> Result<Option<Vec<u8>>, E> {
        let mut is_changed = false;
        let annexes = BATCH_HEAD_BYTES + self.entries_bytes;
        let mut rest = self.bytes.get_mut(annexes..).unwrap_or_default();
        for index in (first_index..).take(self.count as usize) {
            let Some((length, after)) = rest.split_first_chunk_mut() else { break };
            let length = u32::from_le_bytes(*length) as usize;
            let Some((annex, after)) = after.split_at_mut_checked(length) else { break };
            is_changed |= change(index, annex)?;
            rest = after;
        }
        let Some((covered, payload)) = split_checksum(&self.bytes) else { return Ok(None) };
        let checksum = checksum(id, covered, payload).to_le_bytes();
        let place = BATCH_HEAD_BYTES - checksum.len()..BATCH_HEAD_BYTES;
        if let Some(place) = self.bytes.get_mut(place) {
            place.copy_from_slice(&checksum);
        }
        Ok(is_changed.then_some(self.bytes))
    }

    /// The entries with their annexes; `None` where lengths do not fit, which does not happen in a
    /// batch that was checked.
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

    /// How many bytes of the stream it takes.
    pub(crate) const fn length_bytes(&self) -> usize {
        BATCH_HEAD_BYTES + self.entries.len() + self.annexes.len()
    }

    /// The batch as bytes of the stream with this id.
    pub(crate) fn to_bytes(&self, id: &[u8; 16], first_index: u64) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.length_bytes());
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
