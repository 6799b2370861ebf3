//! The right edge of the tree's static files: full tiles come out as entries go in, partial ones can be
//! had at any size. What is kept is one partial tile per level, however long the log is.

use countersign_protocol::merkle::{Frontier, Hash, leaf_hash, root_of_leaves};
use countersign_protocol::tile::{TILE_WIDTH, TileKind, TilePath, path_in, push_entry};

/// The static files of a growing tree, of which only the unfinished ones are kept.
#[derive(Default)]
pub(crate) struct Tiles {
    frontier: Frontier,
    bundle: Vec<u8>,
    /// INVARIANT: fewer than 256 hashes on each level; kept by `push`.
    levels: Vec<Vec<Hash>>,
    full: Vec<(TilePath, Vec<u8>)>,
}

impl Tiles {
    /// The number of entries.
    pub(crate) const fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// The edge of the tree.
    pub(crate) const fn frontier(&self) -> &Frontier {
        &self.frontier
    }

    /// Adds an entry, which has at most 65,535 bytes.
    pub(crate) fn push(&mut self, entry: &[u8]) {
        let index = self.frontier.size();
        let hash = leaf_hash(entry);
        self.frontier.push(hash);
        // Entries come out of the stream, where their lengths have two bytes too.
        let _ = push_entry(&mut self.bundle, entry);
        if (index + 1).is_multiple_of(TILE_WIDTH) {
            self.finish(TileKind::Entries, index / TILE_WIDTH);
        }
        self.push_hash(0, hash, index);
    }

    fn push_hash(&mut self, level: u8, hash: Hash, index: u64) {
        let place = usize::from(level);
        if self.levels.len() <= place {
            self.levels.push(Vec::new());
        }
        let Some(hashes) = self.levels.get_mut(place) else { return };
        hashes.push(hash);
        if (index + 1).is_multiple_of(TILE_WIDTH) {
            let root = root_of_leaves(hashes.iter().copied());
            self.finish(TileKind::Hashes { level }, index / TILE_WIDTH);
            self.push_hash(level + 1, root, index / TILE_WIDTH);
        }
    }

    fn finish(&mut self, kind: TileKind, index: u64) {
        let path = TilePath { kind, index, width: TILE_WIDTH as u16 };
        let bytes = match kind {
            TileKind::Entries => std::mem::take(&mut self.bundle),
            TileKind::Hashes { level } => self
                .levels
                .get_mut(usize::from(level))
                .map(std::mem::take)
                .unwrap_or_default()
                .concat(),
        };
        self.full.push((path, bytes));
    }

    /// The oldest full file that is not yet taken care of.
    pub(crate) fn next_full(&self) -> Option<&(TilePath, Vec<u8>)> {
        self.full.first()
    }

    /// The oldest full file is taken care of.
    pub(crate) fn full_done(&mut self) {
        self.full.remove(0);
    }

    /// The partial files of the tree as it is.
    pub(crate) fn partial(&self) -> impl Iterator<Item = (TilePath, Vec<u8>)> {
        let size = self.size();
        let on_level = move |kind, level: u32| {
            let index = size.checked_shr(8 * (level + 1)).unwrap_or_default();
            path_in(kind, index, size).filter(TilePath::is_partial)
        };
        let bundle = on_level(TileKind::Entries, 0).map(|path| (path, self.bundle.clone()));
        let hashes = self.levels.iter().zip(0_u8..).filter_map(move |(hashes, level)| {
            let path = on_level(TileKind::Hashes { level }, level.into())?;
            Some((path, hashes.concat()))
        });
        bundle.into_iter().chain(hashes)
    }
}

#[cfg(test)]
mod tests {
    use countersign_protocol::tile::{parse_entries, parse_hashes, paths};

    use super::*;

    #[test]
    fn the_files_are_those_of_the_specification_at_every_size() {
        let mut tiles = Tiles::default();
        let mut full = Vec::new();
        for entry in 0..66_000_u64 {
            tiles.push(&entry.to_be_bytes());
            while let Some(done) = tiles.next_full() {
                full.push(done.clone());
                tiles.full_done();
            }
            let size = entry + 1;
            if !(size < 520 || size % 4_099 == 0 || size.abs_diff(65_536) < 3) {
                continue;
            }
            let mut found: Vec<_> = full.iter().cloned().chain(tiles.partial()).collect();
            found.sort();
            let mut expected: Vec<_> = paths(size).collect();
            expected.sort();
            assert!(found.iter().map(|(path, _)| path).eq(&expected), "size {size}");
            for (path, bytes) in found {
                match path.kind {
                    TileKind::Entries => assert!(parse_entries(&bytes, path.width).is_ok()),
                    TileKind::Hashes { .. } => assert!(parse_hashes(&bytes, path.width).is_ok()),
                }
            }
        }
    }
}
