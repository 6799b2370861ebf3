//! How a store is opened, and how much is in it.

/// 256 GiB: address space, not disk. Ten million people with 338 friends each take about 60 GiB.
const MAP_BYTES_DEFAULT: usize = 256 << 30;

/// How the store is opened.
#[derive(Clone, Copy, Debug)]
pub struct StoreOptions {
    /// The most that the databases can grow to, in bytes. It is address space and costs nothing unused.
    pub map_bytes: usize,
    /// So many changed people are folded into a new image.
    pub fold_people: u32,
    /// So many bytes of memory under changed people are, too.
    pub fold_bytes: u64,
}

impl Default for StoreOptions {
    fn default() -> Self {
        Self { map_bytes: MAP_BYTES_DEFAULT, fold_people: 64 << 10, fold_bytes: 256 << 20 }
    }
}

/// How much there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    /// People.
    pub people: u64,
    /// Friendships, each counted once.
    pub friendships: u64,
}
