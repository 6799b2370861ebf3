//! What several files here need.

use std::path::{Path, PathBuf};

/// The folder of real input, if this clone has it; else says which test it skips.
pub(crate) fn shared_data(test: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("COUNTERSIGN_SHARED_DATA").map_or_else(beside, PathBuf::from);
    let is_there = folder.is_dir();
    if !is_there {
        println!("skipped: {test}: {} is not there", folder.display());
    }
    is_there.then_some(folder)
}
