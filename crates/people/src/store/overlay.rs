//! The people who changed or came since the image was written, as whole records over the image.
//!
//! INVARIANT: an overlay never changes once readers can have it. A commit makes another one, which
//! shares what stayed, and puts a new view in the place of the old; so whoever reads has one state of
//! everybody, from one commit. Kept by [`Overlay::put`], which wants `&mut self`.
//!
//! Nearly always a bit says that somebody lies in the image. The bits are shared by all overlays of an
//! image and are only ever set: one too many costs a look, and the look says the truth.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use countersign_domain::person::Handle;
use zeroize::Zeroize;

use super::person_ref::PersonRef;
use super::record::Record;

/// Into how many maps the changed people are dealt. A commit copies the maps that it touches.
const SHARDS: u32 = 512;

/// What a changed person costs besides their record and friends, in bytes, about.
const ENTRY_BYTES: u64 = 160;

/// A person as they are since some commit.
pub(super) struct Changed {
    record: Box<[u8]>,
    /// Their friends' numbers, ascending, 4 bytes each, little-endian.
    friends: Box<[u8]>,
    /// The commit that it is of.
    stamp: u64,
}

impl Changed {
    /// A person from their record and list of friends; `None` when the record cannot be read.
    pub(super) fn new(record: &[u8], friends: &[u8], stamp: u64) -> Option<Self> {
        Record::parse(record)?;
        let mut record: Box<[u8]> = record.into();
        super::record::put_friends(&mut record, 0, u32::try_from(friends.len() / 4).ok()?);
        Some(Self { record, friends: friends.into(), stamp })
    }

    pub(super) fn person(&self) -> Option<PersonRef<'_>> {
        Some(PersonRef::listed(Record::parse(&self.record)?, &self.friends))
    }

    fn handle(&self) -> Option<Handle> {
        self.person().map(|person| person.handle())
    }

    const fn friends_count(&self) -> u64 {
        self.friends.len() as u64 / 4
    }

    const fn bytes_count(&self) -> u64 {
        ENTRY_BYTES + self.record.len() as u64 + self.friends.len() as u64
    }
}

impl Drop for Changed {
    /// The record holds the person's secret.
    fn drop(&mut self) {
        self.record.zeroize();
    }
}

type Shards<K, V> = Vec<Arc<HashMap<K, V>>>;

/// The changed people.
#[derive(Clone)]
pub(super) struct Overlay {
    /// How many people the image has.
    imaged: u32,
    bits: Arc<[AtomicU64]>,
    people: Shards<u32, Arc<Changed>>,
    /// The numbers of people whom the image does not have.
    handles: Shards<Handle, u32>,
    entries: u32,
    newcomers: u32,
    bytes: u64,
    /// Entries of friends' lists, less those of the same people in the image.
    friends_more: i64,
}

impl Overlay {
    /// Nobody changed, over an image of so many people.
    pub(super) fn over(imaged: u32) -> Self {
        let words = imaged.div_ceil(u64::BITS);
        Self {
            imaged,
            bits: (0..words).map(|_| AtomicU64::new(0)).collect(),
            people: vec![Arc::default(); SHARDS as usize],
            handles: vec![Arc::default(); SHARDS as usize],
            entries: 0,
            newcomers: 0,
            bytes: 0,
            friends_more: 0,
        }
    }

    /// The person of this number, if they are not as the image has them.
    pub(super) fn get(&self, number: u32) -> Option<&Arc<Changed>> {
        let (word, bit) = place(number);
        // Bits are set before the view is put where readers find it, which orders the two. Beyond the
        // bits are people whom the image does not have.
        let is_in_image =
            self.bits.get(word).is_some_and(|word| word.load(Ordering::Relaxed) & bit == 0);
        if is_in_image { None } else { self.people.get(shard(number))?.get(&number) }
    }

    /// The number of somebody whom the image does not have.
    pub(super) fn find(&self, handle: Handle) -> Option<u32> {
        self.handles.get(handle_shard(handle))?.get(&handle).copied()
    }

    /// Puts a person in the place of what was there before: `friends_imaged` friends in the image.
    pub(super) fn put(&mut self, number: u32, changed: Arc<Changed>, friends_imaged: u32) {
        if number >= self.imaged
            && let Some(handle) = changed.handle()
            && let Some(shard) = self.handles.get_mut(handle_shard(handle))
            && Arc::make_mut(shard).insert(handle, number).is_none()
        {
            self.newcomers += 1;
        }
        self.bytes += changed.bytes_count();
        self.friends_more += changed.friends_count() as i64;
        let Some(shard) = self.people.get_mut(shard(number)) else { return };
        match Arc::make_mut(shard).insert(number, changed) {
            Some(before) => {
                self.bytes -= before.bytes_count();
                self.friends_more -= before.friends_count() as i64;
            }
            None => {
                self.entries += 1;
                self.friends_more -= i64::from(friends_imaged);
            }
        }
        let (word, bit) = place(number);
        if let Some(word) = self.bits.get(word) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Those who changed after this commit.
    pub(super) fn after(&self, stamp: u64) -> impl Iterator<Item = (u32, &Arc<Changed>)> {
        let everybody = self.people.iter().flat_map(|shard| shard.iter());
        everybody
            .filter(move |(_, changed)| changed.stamp > stamp)
            .map(|(number, changed)| (*number, changed))
    }

    /// How many people it holds.
    pub(super) const fn entries_count(&self) -> u32 {
        self.entries
    }

    /// How much memory it takes, about.
    pub(super) const fn bytes_count(&self) -> u64 {
        self.bytes
    }

    /// How many people it holds whom the image does not have.
    pub(super) const fn newcomers_count(&self) -> u32 {
        self.newcomers
    }

    /// How many friendships there are more than in the image.
    pub(super) const fn friendships_more(&self) -> i64 {
        self.friends_more / 2
    }
}

const fn place(number: u32) -> (usize, u64) {
    ((number / u64::BITS) as usize, 1 << (number % u64::BITS))
}

const fn shard(number: u32) -> usize {
    (number % SHARDS) as usize
}

/// Handles are random, so two bytes are a hash.
fn handle_shard(handle: Handle) -> usize {
    let [a, b, ..] = handle.0;
    shard(u32::from(u16::from_le_bytes([a, b])))
}
