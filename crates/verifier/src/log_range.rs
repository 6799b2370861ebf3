//! Some entries of a log, read under a checkpoint without reading all the others: what lies between comes as the
//! roots of subtrees, from the tiles. If anything of it is not what the log signed, neither is the root at the end.
//!
//! What it is not: it finds no place at fault among what it did not read. `countersign-verify log` does.

use std::ops::Range;

use countersign_domain::digest::Digest;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::merkle::{Frontier, Hash, leaf_hash};
use countersign_protocol::tile::{TILE_WIDTH, TileError, TileKind, TileReader, path_in};

use crate::site::{Site, SiteError, SiteTiles};
use crate::verdict::{Place, Rule, Verdict};

/// Entries of a log, from left to right.
pub(crate) struct LogRange<'a, S: ?Sized> {
    tiles: TileReader<SiteTiles<'a, S>>,
    root: Hash,
    tree: Frontier,
}

impl<'a, S: Site + ?Sized> LogRange<'a, S> {
    pub(crate) const fn new(site: &'a S, checkpoint: &Checkpoint) -> Self {
        let tiles = TileReader::new(SiteTiles(site), checkpoint.size);
        Self { tiles, root: checkpoint.root, tree: Frontier::new() }
    }

    /// Shows these entries, which are in the tree and not before what was read, with index and leaf hash.
    /// `false` if a file is missing or broken, which is in the verdict then.
    pub(crate) fn read<E: From<SiteError>>(
        &mut self,
        range: Range<u64>,
        verdict: &mut Verdict,
        mut show: impl FnMut(&mut Verdict, (u64, Hash), &[u8]) -> Result<(), E>,
    ) -> Result<bool, E> {
        if !self.pass_over(range.start, verdict)? {
            return Ok(false);
        }
        for bundle in range.start / TILE_WIDTH..range.end.div_ceil(TILE_WIDTH) {
            let size = self.tiles.size();
            let path = path_in(TileKind::Entries, bundle, size);
            let read = path.ok_or(TileError::BeyondTree { level: 0, index: range.end, size });
            let read = read.and_then(|path| self.tiles.bundle(path));
            let Some(entries) = usable(Rule::EntryBundle, read, verdict)? else {
                return Ok(false);
            };
            for (entry, index) in entries.iter().zip(bundle * TILE_WIDTH..) {
                if range.contains(&index) {
                    let leaf = leaf_hash(entry);
                    self.tree.push(leaf);
                    show(verdict, (index, leaf), entry)?;
                }
            }
        }
        Ok(true)
    }

    /// The root over the first `size` entries, none of which was read yet; nothing if a tile is missing or broken,
    /// which is in the verdict then.
    pub(crate) fn root_at(
        &mut self,
        size: u64,
        verdict: &mut Verdict,
    ) -> Result<Option<Hash>, SiteError> {
        Ok(self.pass_over(size, verdict)?.then(|| self.tree.root()))
    }

    /// Reads what is left of the tree, and says whether all of it has the root that the checkpoint signs.
    pub(crate) fn finish(mut self, verdict: &mut Verdict) -> Result<(), SiteError> {
        if !self.pass_over(self.tiles.size(), verdict)? {
            return Ok(());
        }
        let root = self.tree.root();
        verdict.check(Rule::Root, Place::WHOLE, root == self.root, || {
            let found = format!(
                "the entries that were read, and tiles beside them, under {}",
                Digest(root)
            );
            (found, format!("{}; `countersign-verify log` finds the place", Digest(self.root)))
        });
        Ok(())
    }

    fn pass_over(&mut self, until: u64, verdict: &mut Verdict) -> Result<bool, SiteError> {
        let grown = self.tree.grow(&self.tiles, until);
        Ok(usable(Rule::HashTile, grown, verdict)?.is_some())
    }
}

/// What was read, or `None` if it is missing or broken, which this rule says then.
fn usable<T>(
    rule: Rule,
    read: Result<T, TileError<SiteError>>,
    verdict: &mut Verdict,
) -> Result<Option<T>, SiteError> {
    let (path, found) = match read {
        Ok(read) => return Ok(Some(read)),
        Err(TileError::Source { error: error @ SiteError::Unreadable { .. }, .. }) => {
            return Err(error);
        }
        Err(TileError::Source { path, error }) => (path.to_string(), error.to_string()),
        Err(TileError::Form { path, error }) => (path.to_string(), error.to_string()),
        Err(error @ TileError::BeyondTree { .. }) => (String::new(), error.to_string()),
    };
    verdict.lacks(rule, &path, &found, rule.says().to_owned());
    Ok(None)
}
