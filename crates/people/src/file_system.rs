//! What file system an instance lies on, and how much room it has. An instance's promises rest on two that a local
//! disk keeps: what was synced is there after a crash, and a file that is mapped into memory is the same for
//! everybody. The system is asked for them once, at start.

use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// With less room than this, the next write may be refused.
pub const ROOM_MIN_BYTES: u64 = 1 << 20;

/// How many bytes may still be written to the file system of this folder; `None` where the system does not say.
#[must_use]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// What LMDB says, in the system's own words where it lacks room. LMDB says EIO where the system cut a write short,
/// which a full disk does before it refuses one: the file system says which of the two it is.
#[must_use]
pub fn named_cause(error: heed::Error, folder: &Path) -> heed::Error {
    let is_cut_short = matches!(&error, heed::Error::Io(error) if error.raw_os_error() == Some(Errno::IO.raw_os_error()));
    let has_no_room = || free_bytes(folder).is_some_and(|free| free < ROOM_MIN_BYTES);
    if is_cut_short && has_no_room() { heed::Error::Io(Errno::NOSPC.into()) } else { error }
}

/// What a file system keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Nature {
    /// What was synced.
    Disk,
    /// Nothing, once the machine or the container ends.
    Fleeting(&'static str),
    /// What its server keeps.
    Network(&'static str),
}

/// A file system that an instance is not to lie on.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}: this is {name}, a network file system: what is synced there may be lost, locks and mapped files may differ between machines; move it to a local disk, or, if this one keeps both, {allow}", path.display()
)]
pub struct FileSystemError {
    path: PathBuf,
    name: &'static str,
    allow: &'static str,
}

/// The numbers of `statfs(2)`.
const fn nature(magic: u64) -> Nature {
    match magic {
        0x0102_1994 => Nature::Fleeting("tmpfs, which lies in memory"),
        0x8584_58f6 => Nature::Fleeting("ramfs, which lies in memory"),
        0x794c_7630 => {
            Nature::Fleeting("overlayfs, as a container's own layer, which goes with it")
        }
        0x0000_6969 => Nature::Network("NFS"),
        0xff53_4d42 | 0xfe53_4d42 | 0x0000_517b => Nature::Network("SMB"),
        0x00c3_6400 => Nature::Network("CephFS"),
        0x0102_1997 => Nature::Network("9P"),
        0x5346_414f | 0x6b41_4653 => Nature::Network("AFS"),
        0x0bd0_0bd0 => Nature::Network("Lustre"),
        0x0116_1970 => Nature::Network("GFS2"),
        0x7461_636f => Nature::Network("OCFS2"),
        _ => Nature::Disk,
    }
}

/// Asks on what these folders lie, those that are there. A network file system is refused unless it is allowed;
/// `allow` says how that is done. What does not last is said.
///
/// # Errors
/// [`FileSystemError`].
pub fn check(
    folders: &[&Path],
    is_network_allowed: bool,
    allow: &'static str,
) -> Result<(), FileSystemError> {
    let mut last = None;
    for folder in folders {
        // A system that does not tell, or a folder that is not there yet, is no fault of the instance.
        let Ok(told) = rustix::fs::statfs(*folder) else { continue };
        // The numbers have 32 bits, whatever type a machine gives them.
        let found = nature(u64::from(told.f_type as u32));
        if last != Some(found) {
            judge(folder, found, is_network_allowed, allow)?;
        }
        last = Some(found);
    }
    Ok(())
}

fn judge(
    path: &Path,
    found: Nature,
    is_network_allowed: bool,
    allow: &'static str,
) -> Result<(), FileSystemError> {
    let shown = path.display();
    match found {
        Nature::Disk => {}
        Nature::Fleeting(name) => {
            tracing::warn!(
                "{shown}: this is {name}: nothing there outlives it; for more than a trial, use a local disk"
            );
        }
        Nature::Network(name) if is_network_allowed => {
            tracing::warn!("{shown}: this is {name}, a network file system, which is allowed here");
        }
        Nature::Network(name) => {
            return Err(FileSystemError { path: path.to_owned(), name, allow });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_system_of_a_network_is_refused_unless_it_is_allowed() {
        for magic in [0x6969, 0xff53_4d42, 0x0102_1997] {
            let found = nature(magic);
            let refused = judge(Path::new("/x"), found, false, "set this").unwrap_err().to_string();
            assert!(refused.starts_with("/x: ") && refused.ends_with("set this"), "{refused}");
            assert!(judge(Path::new("/x"), found, true, "set this").is_ok());
        }
        // ext4, XFS and btrfs are disks; what lies in memory is said, and taken.
        for magic in [0xef53, 0x5846_5342, 0x9123_683e] {
            assert_eq!(nature(magic), Nature::Disk);
        }
        assert!(judge(Path::new("/x"), nature(0x0102_1994), false, "").is_ok());
    }

    #[test]
    fn file_system_with_room_is_not_named_as_the_cause() {
        let folder = tempfile::tempdir().unwrap();
        assert!(free_bytes(folder.path()).is_some_and(|free| free > ROOM_MIN_BYTES));
        assert_eq!(free_bytes(&folder.path().join("gone")), None);
        let of = |errno: Errno| match named_cause(heed::Error::Io(errno.into()), folder.path()) {
            heed::Error::Io(error) => error.raw_os_error(),
            _ => None,
        };
        for errno in [Errno::IO, Errno::NOSPC, Errno::ACCESS] {
            assert_eq!(of(errno), Some(errno.raw_os_error()));
        }
    }
}
