//! Whether the log's disk takes writes. Once it has refused one, only another write can tell whether there is
//! room again: whoever asks has one tried, so that a server without readers is found ready again as well.

use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::backend::{Access, Backend};

/// The folder in which a write is tried, beside the stream. It is there for that moment only.
const FOLDER: &str = "stream/room";

/// The file that is written.
const FILE: &str = "stream/room/tried";

/// How long the outcome of a try is kept, so that asking often costs the disk nothing.
const TRIED_KEPT: Duration = Duration::from_secs(1);

/// The most bytes that are tried.
const TRIED_BYTES_MAX: usize = 1 << 20;

/// What is known of the disk.
#[derive(Default)]
pub(crate) struct DiskWatch {
    refused: Mutex<Option<Refused>>,
}

/// A write that the disk refused, and none was taken since.
struct Refused {
    kind: io::ErrorKind,
    offset: u64,
    bytes: usize,
    tried: Option<Instant>,
}

impl DiskWatch {
    /// The disk refused a write of so many bytes at this offset of a file.
    pub(crate) fn refused(&self, kind: io::ErrorKind, offset: u64, bytes: usize) {
        *self.lock() = Some(Refused { kind, offset, bytes, tried: None });
    }

    /// The disk took a write.
    pub(crate) fn wrote(&self) {
        *self.lock() = None;
    }

    /// What the disk says against a write as large as the one that it refused last; `None` if nothing was refused,
    /// or it would be taken now. It may wait for the disk.
    pub(crate) fn trouble(&self, backend: &dyn Backend) -> Option<io::ErrorKind> {
        let mut refused = self.lock();
        let last = refused.as_mut()?;
        if last.tried.is_some_and(|tried| tried.elapsed() < TRIED_KEPT) {
            return Some(last.kind);
        }
        // A limit on the length of files is met at the same offset only, which leaves a hole before it.
        let offset = if last.kind == io::ErrorKind::FileTooLarge { last.offset } else { 0 };
        match try_write(backend, offset, last.bytes.clamp(1, TRIED_BYTES_MAX)) {
            Ok(()) => {
                *refused = None;
                None
            }
            Err(error) => {
                (last.kind, last.tried) = (error.kind(), Some(Instant::now()));
                Some(last.kind)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn try_write(backend: &dyn Backend, offset: u64, bytes: usize) -> io::Result<()> {
    let written = backend.create_folders(FOLDER, Access::Private).and_then(|()| {
        let file = backend.open(FILE)?;
        file.write_at(offset, &vec![0; bytes])?;
        file.sync()
    });
    // What was tried must not take the room itself.
    backend.remove_folder(FOLDER).and(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::posix::Posix;

    #[test]
    fn disk_watch_says_so_until_a_write_of_that_size_is_taken() {
        let root = tempfile::tempdir().unwrap();
        let watch = DiskWatch::default();
        let there = Posix::new(root.path());
        // Nothing can be written below a folder that is not there.
        let gone = Posix::new(root.path().join("gone"));
        assert_eq!(watch.trouble(&gone), None, "nothing was refused");
        watch.refused(io::ErrorKind::StorageFull, 0, 10);
        assert_eq!(watch.trouble(&gone), Some(io::ErrorKind::NotFound));
        assert_eq!(watch.trouble(&there), Some(io::ErrorKind::NotFound), "kept for a second");
        watch.refused(io::ErrorKind::StorageFull, 0, 10);
        assert_eq!(watch.trouble(&there), None);
        assert_eq!(watch.trouble(&gone), None, "it is over");
        assert!(!root.path().join(FOLDER).exists());
        watch.refused(io::ErrorKind::StorageFull, 0, 10);
        watch.wrote();
        assert_eq!(watch.trouble(&gone), None);
    }
}
