//! The room on the log's disk. A part of it is kept for acts, people's choices and erasures: a flood of disclosures
//! must not fill the disk with which it would be stopped.
//!
//! The system is asked beside requests. Requests and readiness read what it said last, and wait for nobody.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_people::file_system::{ROOM_MIN_BYTES, free_bytes};

/// What is said where the system does not tell: a write that finds no room is refused in any case.
const UNKNOWN: u64 = u64::MAX;

/// The disk of the log.
pub struct LogDisk {
    folder: PathBuf,
    reserve_bytes: u64,
    free_bytes: AtomicU64,
}

impl LogDisk {
    /// The disk that this folder is on, of which so many bytes are kept; 0 keeps none.
    #[must_use]
    pub fn new(folder: PathBuf, reserve_bytes: u64) -> Self {
        let disk = Self { folder, reserve_bytes, free_bytes: AtomicU64::new(UNKNOWN) };
        disk.look();
        disk
    }

    /// Asks the system how much is free. It may wait for the disk.
    pub fn look(&self) {
        let was_reserved = self.is_reserved();
        self.free_bytes.store(free_bytes(&self.folder).unwrap_or(UNKNOWN), Ordering::Relaxed);
        if self.is_reserved() && !was_reserved {
            tracing::error!(
                reserve_bytes = self.reserve_bytes,
                "the log's disk is nearly full, so nothing is disclosed any more; make room on it: disclosing goes on by itself"
            );
        }
    }

    /// How many bytes were free when it was last looked, if the system tells.
    #[must_use]
    pub fn free_bytes(&self) -> Option<u64> {
        Some(self.free_bytes.load(Ordering::Relaxed)).filter(|free| *free != UNKNOWN)
    }

    /// How many bytes are kept for acts, choices and erasures.
    #[must_use]
    pub const fn reserve_bytes(&self) -> u64 {
        self.reserve_bytes
    }

    /// Whether nothing is left but what is kept.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        self.free_bytes.load(Ordering::Relaxed) < self.reserve_bytes
    }

    /// What a disk says that is about to be full, before a disclosure finds out.
    #[must_use]
    pub fn shortage(&self) -> Option<String> {
        let free_bytes = self.free_bytes.load(Ordering::Relaxed);
        let (least, why) = if self.reserve_bytes > ROOM_MIN_BYTES {
            (self.reserve_bytes, "are kept for acts, choices and erasures")
        } else {
            (ROOM_MIN_BYTES, "are the least to go on with")
        };
        (free_bytes < least).then(|| {
            format!(
                "the log's disk has {free_bytes} bytes left, and {least} {why}; make room on it"
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_with_less_room_than_is_kept_is_reserved() {
        let folder = tempfile::tempdir().unwrap();
        let of = |bytes| LogDisk::new(folder.path().to_owned(), bytes).is_reserved();
        assert_eq!([0, 1, u64::MAX].map(of), [false, false, true]);
        assert!(!LogDisk::new(folder.path().join("gone"), u64::MAX).is_reserved());
    }

    #[test]
    fn a_disk_is_what_was_seen_last_to_requests_and_readiness_alike() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let disk = LogDisk::new(path.clone(), u64::MAX);
        std::fs::create_dir(&path).unwrap();
        assert_eq!((disk.is_reserved(), disk.shortage()), (false, None));
        disk.look();
        let shortage = disk.shortage().unwrap_or_default();
        assert!(disk.is_reserved() && shortage.contains("are kept for acts"), "{shortage}");
        let unreserved = LogDisk::new(path, 0);
        assert_eq!((unreserved.is_reserved(), unreserved.shortage()), (false, None));
        unreserved.free_bytes.store(ROOM_MIN_BYTES - 1, Ordering::Relaxed);
        assert!(!unreserved.is_reserved() && unreserved.shortage().is_some());
    }
}
