//! The two places where memory is a file: opening LMDB, and mapping an image read-only. The only
//! module of the project with unsafe code; what it gives out is safe to use.
#![expect(
    unsafe_code,
    reason = "a mapped file cannot be had without; each block argues for itself"
)]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use heed::{Env, EnvOpenOptions, WithTls};
use memmap2::Mmap;
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// How many named databases an environment has room for.
const DATABASES_MAX: u32 = 16;

/// How long LMDB makes `lock.mdb`, for the 126 readers that there may be at once.
const LOCK_BYTES: u64 = 8_192;

/// A whole file, read-only in memory.
pub(super) struct Mapped(Mmap);

impl Mapped {
    /// Maps a file that nobody writes any more.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the bytes must not change while they are mapped. An image is written once under a
        // name that no reader knows yet (the commit that names it comes after), is never opened for
        // writing again, and is removed by unlinking, which leaves mapped pages as they are. The
        // store's lock keeps other programs of ours away from the folder. What remains is an
        // operator who truncates the file in place: that ends the process with SIGBUS, as it does
        // for every mapped database.
        let map = unsafe { Mmap::map(&file)? };
        Ok(Self(map))
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// Opens LMDB in a folder whose lock the caller holds.
pub fn open_environment(dir: &Path, map_bytes: usize) -> heed::Result<Env<WithTls>> {
    allocate_lock(dir)?;
    let mut options = EnvOpenOptions::new();
    options.map_size(map_bytes).max_dbs(DATABASES_MAX);
    // SAFETY: LMDB's files may be changed by LMDB alone, with its locks on. No flag that relaxes
    // locking or syncing is set, the store's own lock, or the log's, keeps a second program out, nothing
    // else in this crate opens `data.mdb` or `lock.mdb` while LMDB has them open (what is done to `lock.mdb`
    // above is done by now, under that same lock; a copy that takes their place is opened first and renamed
    // then, which what is open does not notice), and no reference into the map outlives its
    // transaction (heed's lifetimes see to that).
    unsafe { options.open(dir) }
}

/// Gives `lock.mdb` its room on the disk. LMDB writes to it as to memory, and where a page of it has no room then, the
/// system ends the process.
fn allocate_lock(dir: &Path) -> io::Result<()> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true).mode(0o600);
    let lock = options.open(dir.join("lock.mdb"))?;
    match fallocate(&lock, FallocateFlags::empty(), 0, LOCK_BYTES) {
        // A file system that cannot keep room is written to as it is.
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
