//! The files of a store's folder: their names, and the versions of what is in them.

use std::path::{Path, PathBuf};

/// The version of the databases that this code reads and writes.
pub const FORMAT_VERSION: u32 = 7;

/// The version of the image that this code reads and writes.
pub const IMAGE_VERSION: u32 = 1;

/// LMDB's own files.
pub(super) const DATA: &str = "data.mdb";
pub(super) const LMDB_LOCK: &str = "lock.mdb";

/// The file that one program at a time has locked.
pub(super) const STORE_LOCK: &str = "people.lock";

/// Where copies are made that take the database's place.
pub(super) const COPIES: &str = "copies";

/// The image of a generation.
pub(super) fn image_path(dir: &Path, generation: u64) -> PathBuf {
    dir.join(format!("people-{generation}.image"))
}

/// Whether a file has the name of an image.
pub(super) fn is_image(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with("people-") && name.ends_with(".image")
}
