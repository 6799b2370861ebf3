//! Writing a log's public files bundle by bundle, as a publisher leaves them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign_domain::digest::Digest;
use countersign_fixtures::keys::sign;
use countersign_fixtures::world::{ORIGIN, log_key};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::merkle::{Hash, leaf_hash, root_of_leaves};
use countersign_protocol::site_path::{CHECKPOINT_PATH, document_path};
use countersign_protocol::tile::{TILE_WIDTH, TileKind, TilePath, push_entry};
use countersign_verifier::edge::TileEdge;

/// The files of a log that grows.
pub(crate) struct Writer {
    folder: PathBuf,
    size: u64,
    bundle: Vec<u8>,
    levels: Vec<Vec<Hash>>,
    made: BTreeSet<PathBuf>,
    pub(crate) entry_bytes: u64,
}

impl Writer {
    pub(crate) fn new(folder: &Path) -> Self {
        let (bundle, levels, made) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { folder: folder.to_owned(), size: 0, bundle, levels, made, entry_bytes: 0 }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn push(&mut self, entry: &[u8]) {
        self.entry_bytes += entry.len() as u64;
        push_entry(&mut self.bundle, entry).unwrap();
        self.rise(0, self.size, leaf_hash(entry));
        self.size += 1;
        if self.size.is_multiple_of(TILE_WIDTH) {
            let bundle = std::mem::take(&mut self.bundle);
            self.write_tile(TileKind::Entries, self.size / TILE_WIDTH - 1, TILE_WIDTH, &bundle);
        }
    }

    /// Puts the hash that stands at `index` of a level into its tile.
    fn rise(&mut self, level: u8, index: u64, hash: Hash) {
        if self.levels.len() <= level.into() {
            self.levels.push(Vec::new());
        }
        let hashes = &mut self.levels[usize::from(level)];
        hashes.push(hash);
        if (hashes.len() as u64) < TILE_WIDTH {
            return;
        }
        let full = std::mem::take(hashes);
        self.write_tile(TileKind::Hashes { level }, index / TILE_WIDTH, TILE_WIDTH, &full.concat());
        self.rise(level + 1, index / TILE_WIDTH, root_of_leaves(full));
    }

    /// Writes the partial files and a signed checkpoint.
    pub(crate) fn publish(&mut self) {
        let rest = self.size % TILE_WIDTH;
        if rest > 0 {
            let bundle = self.bundle.clone();
            self.write_tile(TileKind::Entries, self.size / TILE_WIDTH, rest, &bundle);
        }
        for (level, hashes) in (0_u8..).zip(self.levels.clone()) {
            let index = (self.size >> (8 * u32::from(level))) / TILE_WIDTH;
            if !hashes.is_empty() {
                let kind = TileKind::Hashes { level };
                self.write_tile(kind, index, hashes.len() as u64, &hashes.concat());
            }
        }
        let root = TileEdge::of_levels(self.levels.clone()).unwrap().root();
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: self.size, root };
        let key = log_key();
        let note = checkpoint.sign(&key, |message| sign("log", message)).unwrap();
        self.write(CHECKPOINT_PATH, note.as_bytes());
    }

    pub(crate) fn document(&mut self, digest: &Digest, bytes: &[u8]) {
        self.write(&document_path(digest), bytes);
    }

    fn write_tile(&mut self, kind: TileKind, index: u64, width: u64, bytes: &[u8]) {
        let path = TilePath { kind, index, width: u16::try_from(width).unwrap() };
        self.write(&path.to_string(), bytes);
    }

    fn write(&mut self, path: &str, bytes: &[u8]) {
        let file = self.folder.join(path);
        let folder = file.parent().unwrap();
        if self.made.insert(folder.to_owned()) {
            std::fs::create_dir_all(folder).unwrap();
        }
        std::fs::write(&file, bytes).unwrap();
    }
}
