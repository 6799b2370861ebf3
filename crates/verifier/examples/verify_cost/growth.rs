//! How many bytes a log's site grows by in a day, and how many are written for it, computed from the size of an
//! entry. Assumed: one checkpoint a second, each with every partial file of the moment, which go again when
//! their tile is full; entries evenly over the day; acts are too few to count.

use countersign_protocol::site_path::HASHES_BYTES_MAX;
use countersign_protocol::tile::{TILE_WIDTH, TileKind, path_in};

const SECONDS: u64 = 86_400;
/// Levels of tiles that a day's log can have, and more.
const LEVELS: u8 = 5;
/// An entry's length in a bundle.
const LENGTH_BYTES: f64 = 2.0;

/// What a day comes to, in bytes.
pub(crate) struct Day {
    /// Entries in bundles.
    pub(crate) entries: f64,
    /// Tiles of hashes.
    pub(crate) hashes: f64,
    /// Everything that was written, partial files included.
    pub(crate) written: f64,
}

/// A day of a log that has so many entries a second, of so many bytes on average.
pub(crate) fn day(entries_per_s: u64, entry_bytes: f64) -> Day {
    let entry_bytes = entry_bytes + LENGTH_BYTES;
    let kinds = || {
        let hashes = (0..LEVELS).map(|level| (TileKind::Hashes { level }, 32.0));
        std::iter::once((TileKind::Entries, entry_bytes)).chain(hashes)
    };
    let count = |kind, size: u64| match kind {
        TileKind::Entries => size,
        TileKind::Hashes { level } => size >> (8 * u32::from(level)),
    };
    let end = entries_per_s * SECONDS;
    let partial: f64 = (1..=SECONDS)
        .flat_map(|second| {
            let size = entries_per_s * second;
            kinds().filter_map(move |(kind, bytes)| {
                let path = path_in(kind, count(kind, size) / TILE_WIDTH, size)?;
                Some(f64::from(path.width) * bytes)
            })
        })
        .sum();
    let full: f64 = kinds()
        .map(|(kind, bytes)| (count(kind, end) / TILE_WIDTH * TILE_WIDTH) as f64 * bytes)
        .sum();
    let hashes = (0..LEVELS).map(|level| count(TileKind::Hashes { level }, end)).sum::<u64>();
    debug_assert_eq!(HASHES_BYTES_MAX, TILE_WIDTH * 32);
    Day { entries: end as f64 * entry_bytes, hashes: hashes as f64 * 32.0, written: full + partial }
}
