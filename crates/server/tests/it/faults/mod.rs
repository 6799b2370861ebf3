//! Crashes, full disks, jumping clocks, and instances restored from backups.

pub(crate) mod clock_jumps;
pub(crate) mod crash;
pub(crate) mod crash_import;
pub(crate) mod full_disk;
pub(crate) mod full_disk_calls;
pub(crate) mod one_directory;
pub(crate) mod restored;
pub(crate) mod restored_files;
