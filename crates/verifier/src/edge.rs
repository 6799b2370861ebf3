//! The right edge of a growing tree, in tiles: of each level of tiles, the hashes of the tile that is being
//! filled. It is what a [`Frontier`] is and a little more: who keeps it can go on comparing the published
//! tiles later without reading again what is left of it.

use countersign_protocol::merkle::{Hash, empty_root, node_hash, root_of_leaves};
use countersign_protocol::tile::TILE_WIDTH;

#[cfg(doc)]
use countersign_protocol::merkle::Frontier;

/// The levels of the tree that one tile spans.
const TILE_HEIGHT: usize = 8;
/// More levels than any tree of fewer than 2^53 leaves has.
const LEVELS_MAX: usize = 7;

/// The right edge of a growing tree, in tiles.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TileEdge {
    /// INVARIANT: fewer than 256 hashes on each level, and the last level is not empty; kept by `push` and
    /// `of_levels`.
    levels: Vec<Vec<Hash>>,
}

impl TileEdge {
    /// The edge of the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { levels: Vec::new() }
    }

    /// The edge with these hashes, the lowest level first; `None` if no tree has such an edge.
    #[must_use]
    pub fn of_levels(levels: Vec<Vec<Hash>>) -> Option<Self> {
        let filling = levels.iter().all(|hashes| (hashes.len() as u64) < TILE_WIDTH);
        let ended = levels.last().is_none_or(|hashes| !hashes.is_empty());
        (filling && ended && levels.len() <= LEVELS_MAX).then_some(Self { levels })
    }

    /// The hashes of the tile that is being filled, the lowest level first.
    #[must_use]
    pub fn levels(&self) -> &[Vec<Hash>] {
        &self.levels
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf_hash: Hash) {
        let mut hash = leaf_hash;
        for level in 0.. {
            if self.levels.len() <= level {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(level) else { return };
            hashes.push(hash);
            if (hashes.len() as u64) < TILE_WIDTH {
                return;
            }
            hash = root_of_leaves(hashes.drain(..));
        }
    }

    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        let levels = self.levels.iter().rev();
        levels.fold(0, |size, hashes| (size << TILE_HEIGHT) + hashes.len() as u64)
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut root = None;
        for hashes in &self.levels {
            // From the right: the smallest complete subtree first.
            let mut rest = hashes.as_slice();
            while !rest.is_empty() {
                let (before, last) = rest.split_at(rest.len() - (1 << rest.len().trailing_zeros()));
                let subtree = root_of_leaves(last.iter().copied());
                root = Some(root.map_or(subtree, |right| node_hash(&subtree, &right)));
                rest = before;
            }
        }
        root.unwrap_or_else(empty_root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign_protocol::merkle::{Frontier, leaf_hash};

    #[test]
    fn size_and_root_are_those_of_the_frontier() {
        let (mut edge, mut frontier) = (TileEdge::new(), Frontier::new());
        assert_eq!((edge.size(), edge.root()), (0, frontier.root()));
        for leaf in 0_u64..66_200 {
            let hash = leaf_hash(&leaf.to_be_bytes());
            edge.push(hash);
            frontier.push(hash);
            if leaf % 97 == 0 || (65_530..65_800).contains(&leaf) {
                assert_eq!((edge.size(), edge.root()), (frontier.size(), frontier.root()));
                assert_eq!(TileEdge::of_levels(edge.levels().to_vec()).as_ref(), Some(&edge));
            }
        }
    }

    #[test]
    fn what_no_tree_has_is_no_edge() {
        let hashes = |count| vec![[7; 32]; count];
        assert!(TileEdge::of_levels(vec![hashes(255), hashes(1)]).is_some());
        for levels in [vec![hashes(256)], vec![hashes(1), hashes(0)], vec![hashes(1); 8]] {
            assert_eq!(TileEdge::of_levels(levels), None);
        }
    }
}
