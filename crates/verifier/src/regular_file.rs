//! Opening files that are read to their end. A pipe without a writer has none, and neither has a device: whoever
//! puts one in the place of a file would stop its reader for ever.

use std::fs::File;
use std::io::{Error, ErrorKind, Read as _, Result};
use std::path::Path;

/// Opens a file, and nothing else.
///
/// # Errors
/// What the system says, and [`ErrorKind::InvalidInput`] for a folder, a pipe or a device.
pub fn open(path: &Path) -> Result<File> {
    if !std::fs::metadata(path)?.is_file() {
        let reason = "this is no regular file: pipes, devices and folders are not read";
        return Err(Error::new(ErrorKind::InvalidInput, reason));
    }
    File::open(path)
}

/// Reads a file of at most so many bytes.
///
/// # Errors
/// As [`open`], and [`ErrorKind::FileTooLarge`] for a longer one.
pub fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        let reason =
            format!("it has more than {bytes_max} bytes, which are the most that are read");
        return Err(Error::new(ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}
