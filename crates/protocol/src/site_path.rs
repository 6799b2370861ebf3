//! What the files of a log's public site are called, and how many bytes each may have.
//!
//! What it is not: it reads none of them.
//!
//! Spec: docs/protocol.md, section 1; C2SP tlog-tiles for checkpoint and tiles.

use countersign_domain::digest::Digest;

use crate::entry::ENTRY_BYTES_MAX;
use crate::note::NOTE_BYTES_MAX;
use crate::tile::{TILE_WIDTH, TileKind, TilePath};

/// The path of the checkpoint.
pub const CHECKPOINT_PATH: &str = "checkpoint";
/// The path of the newest checkpoint that met the log's own quorum of witnesses.
pub const WITNESSED_CHECKPOINT_PATH: &str = "checkpoint.witnessed";
/// The folder of the documents that acts speak of.
pub const DOCUMENTS_FOLDER: &str = "documents";
/// The most bytes that a checkpoint may have.
pub const CHECKPOINT_BYTES_MAX: u64 = NOTE_BYTES_MAX as u64;
/// The most bytes that a document may have.
pub const DOCUMENT_BYTES_MAX: u64 = 1 << 20;
/// The most bytes that an entry bundle can have.
pub const BUNDLE_BYTES_MAX: u64 = TILE_WIDTH * (2 + ENTRY_BYTES_MAX as u64);
/// The bytes of a full tile of hashes.
pub const HASHES_BYTES_MAX: u64 = TILE_WIDTH * 32;

/// The path of a document.
#[must_use]
pub fn document_path(digest: &Digest) -> String {
    format!("{DOCUMENTS_FOLDER}/{digest}.json")
}

/// The most bytes that a file of the tree can have.
#[must_use]
pub fn tile_bytes_max(path: &TilePath) -> u64 {
    match path.kind {
        TileKind::Hashes { .. } => HASHES_BYTES_MAX,
        TileKind::Entries => BUNDLE_BYTES_MAX,
    }
}
