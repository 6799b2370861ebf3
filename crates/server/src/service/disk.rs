//! The room on the log's disk that is kept for acts, people's choices and erasures. A flood of disclosures must not
//! fill the disk with which it would be stopped.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::statvfs;

/// How long what the system said is believed.
const BELIEVED: Duration = Duration::from_millis(250);

/// The disk of the log.
pub struct LogDisk {
    folder: PathBuf,
    reserve_bytes: u64,
    seen: Mutex<Option<Seen>>,
}

#[derive(Clone, Copy)]
struct Seen {
    at: Instant,
    is_reserved: bool,
}

impl LogDisk {
    /// The disk that this folder is on, of which so many bytes are kept; 0 keeps none.
    #[must_use]
    pub const fn new(folder: PathBuf, reserve_bytes: u64) -> Self {
        Self { folder, reserve_bytes, seen: Mutex::new(None) }
    }

    /// Whether nothing is left but what is kept. A system that does not say how much is free keeps nobody waiting: a
    /// write that finds no room is refused in any case.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        if self.reserve_bytes == 0 {
            return false;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = seen.filter(|seen| seen.at.elapsed() < BELIEVED) {
            return seen.is_reserved;
        }
        let free = statvfs(&self.folder).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
        let is_reserved = free.is_ok_and(|free| free < self.reserve_bytes);
        if is_reserved && !seen.is_some_and(|seen| seen.is_reserved) {
            tracing::error!(
                reserve_bytes = self.reserve_bytes,
                "the log's disk is nearly full, so nothing is disclosed any more; make room on it: disclosing goes on by itself"
            );
        }
        *seen = Some(Seen { at: Instant::now(), is_reserved });
        is_reserved
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
}
