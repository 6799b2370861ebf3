//! A file that holds one secret for somebody else's service: a password, a key to an API.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// What the file holds, if nobody but its owner may read it.
///
/// # Errors
/// What is wrong, with the path and never with what the file holds.
pub fn read(path: &Path) -> Result<Zeroizing<String>, String> {
    let wrong = |error| format!("{}: {error}", path.display());
    let mut file = File::open(path).map_err(wrong)?;
    if file.metadata().map_err(wrong)?.mode() & 0o077 != 0 {
        return Err(format!(
            "{}: others than its owner may read it; run `chmod 600` on it and consider what it holds lost",
            path.display()
        ));
    }
    let mut text = Zeroizing::new(String::new());
    file.read_to_string(&mut text).map_err(wrong)?;
    Ok(text)
}
