//! The head of a period's files: which period it is, what its files hold, and where the next one begins.
//!
//! ```text
//! head = "cs1peri\n" (8) ‖ version (4) ‖ number (8) ‖ from (8) ‖ until (8) ‖ people (8) ‖ items (8) ‖ root (32)
//!      ‖ close: index (8) ‖ leaf (32) ‖ time (8) ‖ directory: epoch (8) ‖ root (32) ‖ vrf (32)
//!      ‖ next: index (8) ‖ offset (8) ‖ crc32 of these (4)                                         little-endian
//! ```
//!
//! It is written last: a folder without one is not complete.

use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::entry::{DirectoryRoot, PreviousClose};
use countersign_protocol::merkle::Hash;

use super::PeriodError;
use crate::batch::take;
use crate::stream::Position;

const MAGIC: &[u8; 8] = b"cs1peri\n";

/// The version of the head's format.
const HEAD_VERSION: u32 = 1;

/// What is known of a closed period.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeriodHead {
    /// Its number.
    pub number: u64,
    /// Its first entry.
    pub from: u64,
    /// The first entry after it.
    pub until: u64,
    /// How many people its index has.
    pub people: u64,
    /// How many records and consent records their lists have.
    pub items: u64,
    /// The root of the person index.
    pub root: Hash,
    /// Where its close stands.
    pub close: PreviousClose,
    /// When that was appended.
    pub time: Timestamp,
    /// What it says of the directory.
    pub directory: DirectoryRoot,
    /// The batch of the stream in which the next period begins.
    pub(crate) next: Position,
}

impl PeriodHead {
    /// The period after this one, or the first, before anything was computed. `next` is where it begins.
    pub(super) fn after(last: Option<&Self>, until: u64) -> Self {
        Self {
            number: last.map_or(0, |last| last.number + 1),
            from: last.map_or(0, |last| last.until),
            until,
            people: 0,
            items: 0,
            root: Hash::default(),
            close: PreviousClose { index: 0, leaf: Digest(Hash::default()) },
            time: Timestamp::from_seconds(0),
            directory: DirectoryRoot::EMPTY,
            next: last.map_or(Position::START, |last| last.next),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&HEAD_VERSION.to_le_bytes());
        for number in [self.number, self.from, self.until, self.people, self.items] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.root);
        bytes.extend_from_slice(&self.close.index.to_le_bytes());
        bytes.extend_from_slice(&self.close.leaf.0);
        for number in [self.time.seconds(), self.directory.epoch] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&self.directory.root.0);
        bytes.extend_from_slice(&self.directory.vrf.0);
        for number in [self.next.index, self.next.offset] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        bytes
    }

    /// Reads a head; `file` is where it is from.
    pub(super) fn parse(bytes: &[u8], file: &str) -> Result<Self, PeriodError> {
        let damaged = || PeriodError::Damaged {
            file: file.to_owned(),
            reason: "it is not the head of a period",
        };
        let mut rest = bytes;
        let magic: [u8; 8] = take(&mut rest).ok_or_else(damaged)?;
        let version = take(&mut rest).map(u32::from_le_bytes).ok_or_else(damaged)?;
        if magic != *MAGIC {
            return Err(damaged());
        }
        if version != HEAD_VERSION {
            let (file, found) = (file.to_owned(), version);
            return Err(PeriodError::UnknownVersion { file, found, known: HEAD_VERSION });
        }
        let covered = bytes.split_last_chunk::<4>().filter(|(covered, checksum)| {
            u32::from_le_bytes(**checksum) == crc32fast::hash(covered)
        });
        covered.and_then(|_| Self::parse_fields(rest)).ok_or_else(damaged)
    }

    fn parse_fields(mut rest: &[u8]) -> Option<Self> {
        let input = &mut rest;
        let head = Self {
            number: number(input)?,
            from: number(input)?,
            until: number(input)?,
            people: number(input)?,
            items: number(input)?,
            root: take(input)?,
            close: PreviousClose { index: number(input)?, leaf: Digest(take(input)?) },
            time: Timestamp::from_seconds(number(input)?),
            directory: DirectoryRoot {
                epoch: number(input)?,
                root: Digest(take(input)?),
                vrf: Digest(take(input)?),
            },
            next: Position { index: number(input)?, offset: number(input)? },
        };
        // The checksum is left.
        (rest.len() == 4).then_some(head)
    }
}

fn number(input: &mut &[u8]) -> Option<u64> {
    take(input).map(u64::from_le_bytes)
}
