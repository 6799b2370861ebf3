//! Compares every file of a log's tree with what its entries hash to, and names the file that is wrong.
//!
//! Bundles come one at a time, from left to right; of each level only the hashes of the tile that is
//! being filled are kept. Where a tile and the level below it differ, the hash one level further up
//! says which of them the tree was built from; along the right edge, where there is no such hash
//! yet, the signed root says it.
//!
//! What it is not: it does not look into entries, and it does not say whether the root is that of the
//! entries: whoever reads the entries does.

use countersign_domain::digest::Digest;
use countersign_protocol::merkle::{self, Hash, Nodes, leaf_hash, root_of_leaves};
use countersign_protocol::site_path::tile_bytes_max;
use countersign_protocol::tile::{
    TILE_WIDTH, TileKind, TilePath, parse_entries, parse_hashes, path_in,
};

use crate::edge::TileEdge;
use crate::site::{Site, SiteError};
use crate::verdict::{Place, Rule, Verdict};

/// The levels of the tree that one tile spans.
const TILE_HEIGHT: u32 = 8;

/// The comparison of one tree, from left to right.
pub struct TreeCheck<'a, S: ?Sized> {
    site: &'a S,
    size: u64,
    root: Hash,
    /// How many leaves were compared by an earlier check.
    known: u64,
    /// INVARIANT: per level of tiles, the hashes of the tile that is being filled, fewer than 256 of
    /// them between two calls; kept by `rise`.
    levels: Vec<Filling>,
    edge: Vec<Pair>,
}

/// A tile that is being filled from below.
#[derive(Default)]
struct Filling {
    index: u64,
    hashes: Vec<Hash>,
}

/// What a tile should hold in two tellings.
struct Pair {
    tile: TilePath,
    /// The bundle below, on level 0.
    bundle: Option<TilePath>,
    /// What the level below comes to.
    below: Vec<Hash>,
    /// What the published tile holds; `None` if its file is missing or broken, which is noted already.
    published: Option<Vec<Hash>>,
}

/// Which of the two the tree was not built from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wrong {
    Neither,
    Tile,
    Below,
    Both,
}

impl<'a, S: Site + ?Sized> TreeCheck<'a, S> {
    /// Begins to compare the tree of this size and signed root, behind what was compared before: the next
    /// bundle is the one that `known` ends in. What lies wholly before is not read again.
    #[must_use]
    pub fn behind(site: &'a S, (size, root): (u64, Hash), known: &TileEdge) -> Self {
        let size_known = known.size();
        let mut levels: Vec<_> = (0_u32..)
            .zip(known.levels())
            .map(|(level, hashes)| {
                let index = (size_known >> (level * TILE_HEIGHT)) / TILE_WIDTH;
                Filling { index, hashes: hashes.clone() }
            })
            .collect();
        // The lowest level comes whole, with the bundle.
        if let Some(lowest) = levels.first_mut() {
            lowest.hashes.clear();
        }
        Self { site, size, root, known: size_known, levels, edge: Vec::new() }
    }

    /// Takes the leaf hashes of the next bundle. `bundle` is the file that was read.
    ///
    /// # Errors
    /// [`SiteError`] when a file cannot be read.
    pub fn bundle(
        &mut self,
        bundle: TilePath,
        leaf_hashes: Vec<Hash>,
        verdict: &mut Verdict,
    ) -> Result<(), SiteError> {
        self.rise(0, Some(bundle), bundle.index, leaf_hashes, verdict)
    }

    /// Looks at the right edge, which can be judged only when everything left of it is known.
    ///
    /// # Errors
    /// [`SiteError`] when a file cannot be read.
    pub fn finish(mut self, verdict: &mut Verdict) -> Result<(), SiteError> {
        for (level, filling) in (0..).zip(std::mem::take(&mut self.levels)) {
            if !filling.hashes.is_empty() {
                self.rise(level, None, filling.index, filling.hashes, verdict)?;
            }
        }
        let edge = std::mem::take(&mut self.edge);
        let choices = self.choose(&edge);
        for (number, pair) in edge.iter().enumerate() {
            let wrong = match (&choices, pair.agree()) {
                (_, true) => Wrong::Neither,
                (None, false) => Wrong::Both,
                (Some(choices), false) if choices >> number & 1 == 1 => Wrong::Below,
                (Some(_), false) => Wrong::Tile,
            };
            self.conclude(pair, wrong, verdict)?;
        }
        Ok(())
    }

    /// Compares the hashes of one tile, and takes them up a level if it is full.
    fn rise(
        &mut self,
        level: u8,
        bundle: Option<TilePath>,
        index: u64,
        below: Vec<Hash>,
        verdict: &mut Verdict,
    ) -> Result<(), SiteError> {
        let kind = TileKind::Hashes { level };
        let Some(path) = path_in(kind, index, self.size) else { return Ok(()) };
        let (tile, published) = self.published(path, Some(verdict))?;
        let pair = Pair { tile, bundle, below, published };
        if path.is_partial() {
            self.edge.push(pair);
            return Ok(());
        }
        let (wrong, hash) = self.judge(&pair)?;
        self.conclude(&pair, wrong, verdict)?;
        let above = usize::from(level) + 1;
        if self.levels.len() <= above {
            self.levels.resize_with(above + 1, Filling::default);
        }
        let Some(filling) = self.levels.get_mut(above) else { return Ok(()) };
        filling.hashes.push(hash);
        if (filling.hashes.len() as u64) < TILE_WIDTH {
            return Ok(());
        }
        let full =
            std::mem::replace(filling, Filling { index: filling.index + 1, hashes: Vec::new() });
        self.rise(level + 1, None, full.index, full.hashes, verdict)
    }

    /// The hashes of a published tile, and the file that has them: where a partial tile is gone, the
    /// beginning of the full one serves. With a verdict, notes what is missing or broken.
    fn published(
        &self,
        path: TilePath,
        mut verdict: Option<&mut Verdict>,
    ) -> Result<(TilePath, Option<Vec<Hash>>), SiteError> {
        let mut note = |file: &TilePath, found: &str| {
            if let Some(verdict) = verdict.as_deref_mut() {
                let expected = format!("{} hashes of 32 bytes", file.width);
                verdict.lacks(Rule::HashTile, &file.to_string(), found, expected);
            }
        };
        let Some((file, bytes)) = read_or_full(self.site, path)? else {
            note(&path, "no such file");
            return Ok((path, None));
        };
        match bytes
            .map_err(|error| error.to_string())
            .and_then(|bytes| parse_hashes(&bytes, file.width).map_err(|error| error.to_string()))
        {
            Ok(mut hashes) => {
                hashes.truncate(path.width.into());
                Ok((file, Some(hashes)))
            }
            Err(found) => {
                note(&file, &found);
                Ok((file, None))
            }
        }
    }

    /// Who is wrong about a full tile, and the tile's hash: the published hash above says it.
    fn judge(&self, pair: &Pair) -> Result<(Wrong, Hash), SiteError> {
        let hash = |hashes: &[Hash]| root_of_leaves(hashes.iter().copied());
        let below = hash(&pair.below);
        if pair.agree() {
            return Ok((Wrong::Neither, below));
        }
        let published = pair.published.as_deref().map(hash);
        let above = self.hash_above(&pair.tile)?;
        Ok(match above {
            Some(above) if below == above => (Wrong::Tile, above),
            Some(above) if published == Some(above) => (Wrong::Below, above),
            Some(above) => (Wrong::Both, above),
            // Of a tile that is not there, nothing says that what is below it is wrong; the root will.
            None if published.is_none() => (Wrong::Tile, below),
            None => (Wrong::Both, below),
        })
    }

    /// The published hash of a full tile, one level above it.
    fn hash_above(&self, tile: &TilePath) -> Result<Option<Hash>, SiteError> {
        let TileKind::Hashes { level } = tile.kind else { return Ok(None) };
        let kind = TileKind::Hashes { level: level + 1 };
        let Some(path) = path_in(kind, tile.index / TILE_WIDTH, self.size) else { return Ok(None) };
        let (_, hashes) = self.published(path, None)?;
        Ok(hashes.and_then(|hashes| hashes.get((tile.index % TILE_WIDTH) as usize).copied()))
    }

    /// Which of the two tellings of each tile of the right edge leads to the signed root: bit *n* is
    /// set where it is the published one for pair *n*. Nearly always there is one pair that differs.
    fn choose<'e>(&self, edge: &'e [Pair]) -> Option<u32> {
        let tried = 1_u32.checked_shl(edge.len() as u32)?;
        (0..tried).find(|choices| {
            let told = |(number, pair): (usize, &'e Pair)| pair.told(choices >> number & 1 == 1);
            let hashes: Option<Vec<_>> = edge.iter().enumerate().map(told).collect();
            hashes.is_some_and(|hashes| {
                merkle::root(&Edge { hashes }, self.size).is_ok_and(|root| root == self.root)
            })
        })
    }

    /// Notes who was wrong, and compares older versions of the same files with who was right.
    fn conclude(&self, pair: &Pair, wrong: Wrong, verdict: &mut Verdict) -> Result<(), SiteError> {
        pair.note(wrong, self.size, verdict);
        let right = match wrong {
            Wrong::Neither | Wrong::Tile => Some(&pair.below),
            Wrong::Below => pair.published.as_ref(),
            Wrong::Both => None,
        };
        let Some(right) = right else { return Ok(()) };
        self.check_others(&pair.tile, right, verdict)?;
        match &pair.bundle {
            Some(bundle) => self.check_others(bundle, right, verdict),
            None => Ok(()),
        }
    }

    /// Whether a file lies wholly in what an earlier check compared.
    fn was_compared(&self, file: &TilePath) -> bool {
        let level = match file.kind {
            TileKind::Hashes { level } => u32::from(level),
            TileKind::Entries => 0,
        };
        let known = self.known.checked_shr(level * TILE_HEIGHT).unwrap_or_default();
        file.index * TILE_WIDTH + u64::from(file.width) <= known
    }

    /// Compares what else the site has of a file: partial versions, and the full one of the last.
    fn check_others(
        &self,
        read: &TilePath,
        right: &[Hash],
        verdict: &mut Verdict,
    ) -> Result<(), SiteError> {
        let folder = read.partial_folder();
        let Some(names) = self.site.list(&folder)? else { return Ok(()) };
        let partial =
            names.iter().filter_map(|name| TilePath::parse(&format!("{folder}/{name}")).ok());
        for other in partial.chain([read.full()]) {
            if other == *read || self.was_compared(&other) {
                continue;
            }
            let file = other.to_string();
            let Some(bytes) = self.site.read(&file, tile_bytes_max(&other))? else { continue };
            let (rule, hashes) = match other.kind {
                TileKind::Hashes { .. } => (Rule::HashTile, parse_hashes(&bytes, other.width)),
                TileKind::Entries => {
                    let entries = parse_entries(&bytes, other.width);
                    let hash = |entries: Vec<&[u8]>| entries.into_iter().map(leaf_hash).collect();
                    (Rule::EntryBundle, entries.map(hash))
                }
            };
            let same = hashes.is_ok_and(|hashes| hashes.iter().zip(right).all(|(a, b)| a == b));
            verdict.check(rule, Place::file(&file), same, || {
                ("other contents".to_owned(), format!("those of {read}, as far as both go"))
            });
        }
        Ok(())
    }
}

impl Pair {
    /// The level and the hashes, as published or as they come from below.
    fn told(&self, published: bool) -> Option<(u8, &[Hash])> {
        let TileKind::Hashes { level } = self.tile.kind else { return None };
        let hashes = if published { self.published.as_ref() } else { Some(&self.below) };
        hashes.map(|hashes| (level, hashes.as_slice()))
    }

    fn agree(&self) -> bool {
        self.published.as_ref() == Some(&self.below)
    }

    fn note(&self, wrong: Wrong, size: u64, verdict: &mut Verdict) {
        let tile = self.tile.to_string();
        let published = self.published.as_deref();
        let differing = published.and_then(|published| {
            let mut both = self.below.iter().zip(published).enumerate();
            both.find(|(_, (below, published))| below != published)
        });
        let (number, pair) = differing.map_or((0, None), |(number, pair)| (number, Some(pair)));
        let place = self.tile.index * TILE_WIDTH + number as u64;
        let of =
            |hash: Option<&Hash>| hash.map_or("nothing".to_owned(), |h| Digest(*h).to_string());
        let (below_hash, tile_hash) = (of(pair.map(|p| p.0)), of(pair.map(|p| p.1)));
        if published.is_some() {
            let holds = !matches!(wrong, Wrong::Tile | Wrong::Both);
            verdict.check(Rule::HashTile, Place::file(&tile), holds, || {
                (
                    format!("{tile_hash} as hash {number}"),
                    format!("{below_hash}, from what is below"),
                )
            });
        }
        let below_holds = !matches!(wrong, Wrong::Below | Wrong::Both);
        let (found, expected) = (below_hash, format!("{tile_hash}, which the tree was built from"));
        match self.bundle.map(|bundle| bundle.to_string()) {
            Some(bundle) => {
                let place = Place { entry: Some(place), file: Some(&bundle) };
                verdict.check(Rule::EntryBundle, place, below_holds, || (found, expected));
            }
            None if !below_holds => self.note_branch(place, size, (found, expected), verdict),
            _ => {}
        }
    }

    /// Notes that a tile further down, with whatever is below it, is from another tree.
    fn note_branch(&self, index: u64, size: u64, said: (String, String), verdict: &mut Verdict) {
        let TileKind::Hashes { level } = self.tile.kind else { return };
        let Some(level) = level.checked_sub(1) else { return };
        let tile = path_in(TileKind::Hashes { level }, index, size);
        let bundle = if level == 0 { path_in(TileKind::Entries, index, size) } else { None };
        for (rule, file) in [(Rule::HashTile, tile), (Rule::EntryBundle, bundle)] {
            let Some(file) = file else { continue };
            verdict.check(rule, Place::file(&file.to_string()), false, || said.clone());
        }
    }
}

/// A file that is there, and its bytes unless there are too many.
pub(crate) type FileRead = (TilePath, Result<Vec<u8>, SiteError>);

/// A file of the tree, or the full one where a partial one is gone.
pub(crate) fn read_or_full<S: Site + ?Sized>(
    site: &S,
    path: TilePath,
) -> Result<Option<FileRead>, SiteError> {
    for file in if path.is_partial() { vec![path, path.full()] } else { vec![path] } {
        match site.read(&file.to_string(), tile_bytes_max(&file)) {
            Ok(None) => {}
            Ok(Some(bytes)) => return Ok(Some((file, Ok(bytes)))),
            Err(error @ SiteError::TooLarge { .. }) => return Ok(Some((file, Err(error)))),
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// The hashes along the right edge, by level of tiles: all that the root depends on.
struct Edge<'a> {
    hashes: Vec<(u8, &'a [Hash])>,
}

/// The edge does not have the hash.
struct NotThere;

impl Nodes for Edge<'_> {
    type Error = NotThere;

    fn node(&self, level: u32, index: u64) -> Result<Hash, NotThere> {
        let within = level % TILE_HEIGHT;
        let from = ((index << within) % TILE_WIDTH) as usize;
        let of_level =
            |(tile_level, _): &&(u8, &[Hash])| u32::from(*tile_level) == level / TILE_HEIGHT;
        let (_, hashes) = self.hashes.iter().find(of_level).ok_or(NotThere)?;
        let leaves = hashes.get(from..from + (1 << within)).ok_or(NotThere)?;
        Ok(root_of_leaves(leaves.iter().copied()))
    }
}
