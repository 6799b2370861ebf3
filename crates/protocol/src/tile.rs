//! Tiles: the tree and its entries as static files, and reading hashes and proofs out of them.
//!
//! What it is not: it fetches nothing (a [`TileSource`] does), and what it reads is as trustworthy as
//! the root that the caller compares it with.
//!
//! Spec: C2SP tlog-tiles.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use crate::merkle::{Hash, Nodes, root_of_leaves};

/// The hashes in a full tile, and the entries in a full bundle.
pub const TILE_WIDTH: u64 = 256;

/// The levels of the tree that one tile spans.
const TILE_HEIGHT: u32 = 8;

/// The highest level that a path can name.
const LEVEL_MAX: u8 = 63;

/// The name of one static file of the tree: a tile of hashes or a bundle of entries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TilePath {
    /// What is in it.
    pub kind: TileKind,
    /// Its place on its level.
    pub index: u64,
    /// How many hashes or entries it has: 1 to 256. Fewer than 256 make it partial.
    pub width: u16,
}

/// What is in a file of the tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum TileKind {
    /// Hashes: those of leaves on level 0, those of full tiles of the level below on others.
    Hashes {
        /// The level.
        level: u8,
    },
    /// Entries.
    Entries,
}

/// A text that is not a [`TilePath`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found:?} is not the path of a tile: tile/LEVEL/NUMBER or tile/entries/NUMBER is expected"
)]
pub struct NotATilePath {
    /// The text as it came.
    pub found: String,
}

impl TilePath {
    /// Whether it is not full.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        (self.width as u64) < TILE_WIDTH
    }

    /// The full tile in the same place.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: TILE_WIDTH as u16, ..self }
    }

    /// The folder in which the partial versions of this tile lie.
    #[must_use]
    pub fn partial_folder(&self) -> String {
        format!("{}.p", self.full())
    }

    /// Reads a path, in its one spelling.
    ///
    /// # Errors
    /// [`NotATilePath`] for everything else.
    pub fn parse(text: &str) -> Result<Self, NotATilePath> {
        Self::read(text)
            .filter(|path| path.to_string() == text)
            .ok_or_else(|| NotATilePath { found: text.to_owned() })
    }

    fn read(text: &str) -> Option<Self> {
        let (kind, place) = text.strip_prefix("tile/")?.split_once('/')?;
        let kind = match kind {
            "entries" => TileKind::Entries,
            level => {
                let level = level.parse().ok().filter(|level| *level <= LEVEL_MAX)?;
                TileKind::Hashes { level }
            }
        };
        let (number, width) = match place.split_once(".p/") {
            Some((number, width)) => (number, width.parse().ok().filter(|w| (1..256).contains(w))?),
            None => (place, TILE_WIDTH as u16),
        };
        let mut index: u64 = 0;
        for element in number.split('/') {
            let digits = element.strip_prefix('x').unwrap_or(element);
            let digits = digits.parse::<u16>().ok().filter(|value| *value < 1_000)?;
            index = index.checked_mul(1_000)?.checked_add(digits.into())?;
        }
        Some(Self { kind, index, width })
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        let mut thousands = 1_u64;
        while self.index / thousands >= 1_000 {
            thousands *= 1_000;
        }
        while thousands > 1 {
            write!(f, "x{:03}/", self.index / thousands % 1_000)?;
            thousands /= 1_000;
        }
        write!(f, "{:03}", self.index % 1_000)?;
        if self.is_partial() { write!(f, ".p/{}", self.width) } else { Ok(()) }
    }
}

/// Every file of a tree of this size: first the bundles of entries, then the tiles of each level.
pub fn paths(size: u64) -> impl Iterator<Item = TilePath> {
    let levels = (0..=LEVEL_MAX).map(|level| TileKind::Hashes { level });
    std::iter::once(TileKind::Entries).chain(levels).flat_map(move |kind| {
        let count = hashes_on(kind, size);
        (0..count.div_ceil(TILE_WIDTH)).filter_map(move |index| path_in(kind, index, size))
    })
}

/// The file at this place in a tree of this size; `None` if there is nothing.
#[must_use]
pub fn path_in(kind: TileKind, index: u64, size: u64) -> Option<TilePath> {
    let before = index.checked_mul(TILE_WIDTH)?;
    let width = hashes_on(kind, size).checked_sub(before)?.min(TILE_WIDTH) as u16;
    (width > 0).then_some(TilePath { kind, index, width })
}

/// How many hashes, or entries, a tree of this size has on one level of tiles.
fn hashes_on(kind: TileKind, size: u64) -> u64 {
    match kind {
        TileKind::Entries => size,
        TileKind::Hashes { level } => {
            size.checked_shr(u32::from(level) * TILE_HEIGHT).unwrap_or_default()
        }
    }
}

/// Where files of the tree come from: a folder, a server, a store.
pub trait TileSource {
    /// Why a file cannot be had.
    type Error;

    /// The bytes of a file.
    ///
    /// # Errors
    /// Whatever keeps it from being read, its absence included.
    fn tile(&self, path: &TilePath) -> Result<Vec<u8>, Self::Error>;
}

/// Why a file of the tree cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileError<E> {
    /// It cannot be had.
    #[error("{path}: {error}")]
    Source {
        /// The file.
        path: TilePath,
        /// What the source says.
        error: E,
    },
    /// It is not what its path says.
    #[error("{path}: {error}")]
    Form {
        /// The file.
        path: TilePath,
        /// What is wrong with it.
        error: FormError,
    },
    /// The tree does not have the hash that was asked for.
    #[error("a tree of {size} leaves has no complete subtree {index} on level {level}")]
    BeyondTree {
        /// The level of the subtree.
        level: u32,
        /// Its place.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
}

/// Bytes that are not the contents of a tile or bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A tile has 32 bytes for each hash.
    #[error("{found_bytes} bytes found where {expected} hashes of 32 bytes are expected")]
    Hashes {
        /// How many hashes there should be.
        expected: u16,
        /// How many bytes there are.
        found_bytes: usize,
    },
    /// A bundle ends inside of an entry, or has fewer of them.
    #[error("entry {number} of {expected} is cut off")]
    CutOff {
        /// Which entry of the bundle, counted from zero.
        number: u16,
        /// How many there should be.
        expected: u16,
    },
    /// A bundle goes on after its last entry.
    #[error("{extra_bytes} bytes follow the last entry")]
    Extra {
        /// How many bytes.
        extra_bytes: usize,
    },
}

/// Reads the hashes of a tile of this width.
///
/// # Errors
/// [`FormError::Hashes`] when there are more or fewer bytes.
pub fn parse_hashes(bytes: &[u8], width: u16) -> Result<Vec<Hash>, FormError> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    if hashes.len() != usize::from(width) || !rest.is_empty() {
        return Err(FormError::Hashes { expected: width, found_bytes: bytes.len() });
    }
    Ok(hashes.to_vec())
}

/// Reads the entries of a bundle of this width.
///
/// # Errors
/// [`FormError`] when it is cut off or goes on.
pub fn parse_entries(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, FormError> {
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(width.into());
    for number in 0..width {
        let cut_off = FormError::CutOff { number, expected: width };
        let (length, after) = rest.split_first_chunk::<2>().ok_or(cut_off)?;
        let length = u16::from_be_bytes(*length).into();
        let (entry, after) = after.split_at_checked(length).ok_or(cut_off)?;
        entries.push(entry);
        rest = after;
    }
    if rest.is_empty() { Ok(entries) } else { Err(FormError::Extra { extra_bytes: rest.len() }) }
}

/// Writes one entry of a bundle. The entry has at most 65,535 bytes: `None` for a longer one, and
/// nothing is written then.
#[must_use]
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
    let length = u16::try_from(entry.len()).ok()?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Some(())
}

/// Reads the tree of one size out of its tiles. It keeps the last tile of each level, so that reading
/// from left to right fetches each one once.
pub struct TileReader<S> {
    source: S,
    size: u64,
    last: RefCell<BTreeMap<u8, (TilePath, Vec<Hash>)>>,
}

impl<S: TileSource> TileReader<S> {
    /// Reads the tree of the first `size` entries from `source`.
    #[must_use]
    pub const fn new(source: S, size: u64) -> Self {
        Self { source, size, last: RefCell::new(BTreeMap::new()) }
    }

    /// The size of the tree.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The entry at `index`, as bytes. Its hash is not compared with anything.
    ///
    /// # Errors
    /// [`TileError`], naming the bundle.
    pub fn entry(&self, index: u64) -> Result<Vec<u8>, TileError<S::Error>> {
        let beyond = TileError::BeyondTree { level: 0, index, size: self.size };
        if index >= self.size {
            return Err(beyond);
        }
        let path = path_in(TileKind::Entries, index / TILE_WIDTH, self.size);
        let bundle =
            self.bundle(path.ok_or(TileError::BeyondTree { level: 0, index, size: self.size })?)?;
        bundle.into_iter().nth((index % TILE_WIDTH) as usize).ok_or(beyond)
    }

    /// The entries of one bundle. Where a partial one is gone, the beginning of the full one serves.
    ///
    /// # Errors
    /// [`TileError`], naming the bundle.
    pub fn bundle(&self, path: TilePath) -> Result<Vec<Vec<u8>>, TileError<S::Error>> {
        let (found, bytes) = self.fetch(path)?;
        let entries = parse_entries(&bytes, found.width)
            .map_err(|error| TileError::Form { path: found, error })?;
        Ok(entries.into_iter().take(path.width.into()).map(<[u8]>::to_vec).collect())
    }

    /// The hashes of one tile. Where a partial one is gone, the beginning of the full one serves.
    ///
    /// # Errors
    /// [`TileError`], naming the tile.
    pub fn hashes(&self, path: TilePath) -> Result<Vec<Hash>, TileError<S::Error>> {
        let (found, bytes) = self.fetch(path)?;
        let mut hashes = parse_hashes(&bytes, found.width)
            .map_err(|error| TileError::Form { path: found, error })?;
        hashes.truncate(path.width.into());
        Ok(hashes)
    }

    fn fetch(&self, path: TilePath) -> Result<(TilePath, Vec<u8>), TileError<S::Error>> {
        let error = match self.source.tile(&path) {
            Ok(bytes) => return Ok((path, bytes)),
            Err(error) => error,
        };
        if path.is_partial()
            && let Ok(bytes) = self.source.tile(&path.full())
        {
            return Ok((path.full(), bytes));
        }
        Err(TileError::Source { path, error })
    }
}

impl<S: TileSource> Nodes for TileReader<S> {
    type Error = TileError<S::Error>;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error> {
        let beyond = || TileError::BeyondTree { level, index, size: self.size };
        let covered = index.checked_add(1).and_then(|end| end.checked_mul(1 << level.min(63)));
        if level > 63 || covered.is_none_or(|end| end > self.size) {
            return Err(beyond());
        }
        let tile_level = (level / TILE_HEIGHT) as u8;
        let within = level % TILE_HEIGHT;
        let first = index << within;
        let kind = TileKind::Hashes { level: tile_level };
        let path = path_in(kind, first / TILE_WIDTH, self.size).ok_or_else(beyond)?;
        let from = (first % TILE_WIDTH) as usize;
        let subtree = |hashes: &[Hash]| {
            let leaves = hashes.get(from..from + (1 << within)).ok_or_else(beyond)?;
            Ok(root_of_leaves(leaves.iter().copied()))
        };
        if let Some((last, hashes)) = self.last.borrow().get(&tile_level)
            && *last == path
        {
            return subtree(hashes);
        }
        let hashes = self.hashes(path)?;
        let root = subtree(&hashes);
        self.last.borrow_mut().insert(tile_level, (path, hashes));
        root
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::merkle::{
        leaf_hash, prove_consistency, prove_inclusion, root, verify_consistency, verify_inclusion,
    };

    #[test]
    fn golden_paths_are_written_as_the_specification_says() {
        let hashes =
            |level, index, width| TilePath { kind: TileKind::Hashes { level }, index, width };
        let entries = |index, width| TilePath { kind: TileKind::Entries, index, width };
        for (path, text) in [
            (hashes(0, 0, 256), "tile/0/000"),
            (hashes(0, 1_234_067, 256), "tile/0/x001/x234/067"),
            (hashes(2, 0, 1), "tile/2/000.p/1"),
            (hashes(63, 999, 255), "tile/63/999.p/255"),
            (entries(1_000, 256), "tile/entries/x001/000"),
            (entries(273, 112), "tile/entries/273.p/112"),
            (entries(u64::MAX, 256), "tile/entries/x018/x446/x744/x073/x709/x551/615"),
        ] {
            assert_eq!(path.to_string(), text);
            assert_eq!(TilePath::parse(text), Ok(path));
        }
    }

    #[test]
    fn paths_in_another_spelling_are_refused() {
        for bad in [
            "",
            "tile/0",
            "tile/0/",
            "tile/0/0",
            "tile/00/000",
            "tile/64/000",
            "tile/8/0/000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/x001/x000",
            "tile/0/1000",
            "tile/0/+01",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/data/000",
            "/tile/0/000",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
        ] {
            assert!(TilePath::parse(bad).is_err(), "{bad} was read");
        }
    }

    #[test]
    fn golden_tiles_of_a_tree_of_70_000_are_those_of_the_specification() {
        let all: Vec<_> = paths(70_000).collect();
        let of = |wanted: TileKind| all.iter().filter(move |path| path.kind == wanted);
        let level = |level| TileKind::Hashes { level };
        assert_eq!(of(level(0)).filter(|path| !path.is_partial()).count(), 273);
        assert_eq!(of(level(0)).next_back().map(|path| path.width), Some(112));
        assert_eq!(of(level(1)).map(|path| path.width).collect::<Vec<_>>(), [256, 17]);
        assert_eq!(of(level(2)).map(|path| path.width).collect::<Vec<_>>(), [1]);
        assert_eq!(of(TileKind::Entries).count(), 274);
        assert_eq!(all.len(), 274 + 274 + 2 + 1);
        let last: Vec<_> = paths(256).map(|path| path.to_string()).collect();
        assert_eq!(last, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    }

    /// A static site in memory.
    struct Site(HashMap<String, Vec<u8>>);

    impl Site {
        fn of(leaves: &[Hash]) -> Self {
            let size = leaves.len() as u64;
            let mut levels = vec![leaves.to_vec()];
            while let Some(next) = levels.last().filter(|level| level.len() >= 256) {
                let (full, _) = next.as_chunks::<256>();
                levels.push(full.iter().map(|tile| root_of_leaves(*tile)).collect());
            }
            let mut files = HashMap::new();
            for path in paths(size) {
                if let TileKind::Hashes { level } = path.kind {
                    let from = path.index as usize * 256;
                    let hashes = &levels[usize::from(level)][from..from + usize::from(path.width)];
                    files.insert(path.to_string(), hashes.concat());
                }
            }
            Self(files)
        }
    }

    impl TileSource for Site {
        type Error = &'static str;

        fn tile(&self, path: &TilePath) -> Result<Vec<u8>, Self::Error> {
            self.0.get(&path.to_string()).cloned().ok_or("no such file")
        }
    }

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect()
    }

    #[test]
    fn a_full_tile_serves_for_a_partial_one_that_is_gone() {
        let all = leaves(300);
        let reader = TileReader::new(Site::of(&all), 200);
        assert_eq!(root(&reader, 200), Ok(root_of_leaves(all[..200].iter().copied())));
        assert!(root(&reader, 201).is_err());
    }

    #[test]
    fn a_missing_or_cut_tile_is_named() {
        let all = leaves(300);
        let mut site = Site::of(&all);
        site.0.remove("tile/0/001.p/44");
        let message = root(&TileReader::new(site, 300), 300).unwrap_err().to_string();
        assert_eq!(message, "tile/0/001.p/44: no such file");
        let mut site = Site::of(&all);
        site.0.get_mut("tile/0/000").unwrap().pop();
        let reader = TileReader::new(site, 300);
        assert!(
            prove_inclusion(&reader, 3, 300).unwrap_err().to_string().starts_with("tile/0/000: ")
        );
    }

    #[test]
    fn bundles_are_read_to_the_byte() {
        let mut bundle = Vec::new();
        for entry in [&b"one"[..], b"", &[7; 65_535]] {
            push_entry(&mut bundle, entry).unwrap();
        }
        assert_eq!(push_entry(&mut bundle, &[7; 65_536]), None);
        assert_eq!(parse_entries(&bundle, 3).unwrap()[2].len(), 65_535);
        assert_eq!(parse_entries(&bundle, 2), Err(FormError::Extra { extra_bytes: 65_537 }));
        assert_eq!(parse_entries(&bundle, 4), Err(FormError::CutOff { number: 3, expected: 4 }));
        bundle.pop();
        assert_eq!(parse_entries(&bundle, 3), Err(FormError::CutOff { number: 2, expected: 3 }));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn property_paths_are_read_as_they_are_written(level in 0_u8..=63, index: u64, width in 1_u16..=256) {
            for kind in [TileKind::Hashes { level }, TileKind::Entries] {
                let path = TilePath { kind, index, width };
                prop_assert_eq!(TilePath::parse(&path.to_string()), Ok(path));
            }
        }

        #[test]
        fn property_proofs_out_of_tiles_hold(size in 1_u64..1_400, at: prop::sample::Index) {
            let all = leaves(size);
            let index = at.index(size as usize);
            let reader = TileReader::new(Site::of(&all), size);
            let root_now = root_of_leaves(all.iter().copied());
            prop_assert_eq!(root(&reader, size), Ok(root_now));
            let proof = prove_inclusion(&reader, index as u64, size).unwrap();
            prop_assert_eq!(
                verify_inclusion(&all[index], index as u64, size, &proof, &root_now), Ok(()));
            let size1 = index as u64 + 1;
            let root1 = root_of_leaves(all[..=index].iter().copied());
            let proof = prove_consistency(&reader, size1, size).unwrap();
            prop_assert_eq!(verify_consistency(size1, size, &root1, &root_now, &proof), Ok(()));
        }
    }
}
