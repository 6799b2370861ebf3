//! The numbers of people: bitmaps are small only if numbers are dense, and handles are random.
//!
//! Numbers are given as people are first named, and anew at every start; they mean nothing outside of
//! these counts. A person keeps their number if the answer that named them was refused.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::size_of;
use std::sync::{PoisonError, RwLock};

use countersign_domain::person::Handle;

/// Who has which number.
#[derive(Default)]
pub(super) struct Numbering {
    numbers: RwLock<HashMap<Handle, u32, BuildHasherDefault<Random>>>,
}

/// Hashes what is random already: a handle's first eight bytes are its hash. Nobody outside chooses handles.
#[derive(Default)]
struct Random(u64);

impl Hasher for Random {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    /// The length, which is the same for all.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Numbering {
    /// The numbers of these people, in their order. Whoever has none gets the next one.
    pub(super) fn numbers(&self, people: &[Handle]) -> Vec<u32> {
        let known: Vec<Option<u32>> = {
            let numbers = self.numbers.read().unwrap_or_else(PoisonError::into_inner);
            people.iter().map(|person| numbers.get(person).copied()).collect()
        };
        if let Some(numbers) = known.iter().copied().collect() {
            return numbers;
        }
        let mut numbers = self.numbers.write().unwrap_or_else(PoisonError::into_inner);
        let mut number_of = |person: &Handle| {
            // Beyond 2^32 people, whose map would fill 160 GB, the last number would be shared.
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
            *numbers.entry(*person).or_insert(next)
        };
        let numbered = people.iter().zip(known);
        numbered.map(|(person, known)| known.unwrap_or_else(|| number_of(person))).collect()
    }

    /// How many people have a number, and the bytes of the map: a bucket has handle, number and a byte of
    /// control, and one in eight stays free.
    pub(super) fn footprint(&self) -> (usize, usize) {
        let numbers = self.numbers.read().unwrap_or_else(PoisonError::into_inner);
        let buckets = numbers.capacity() / 7 * 8;
        (numbers.len(), buckets * (size_of::<(Handle, u32)>() + 1))
    }
}

impl fmt::Debug for Numbering {
    /// Says nothing: handles are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Numbering(…)")
    }
}
