//! The people whom one client has reached, day by day: what every window is computed from.

use std::collections::BTreeMap;

use roaring::{MultiOps as _, RoaringBitmap};

use super::category::Category;
use super::day::Day;
use super::reach::{Counted, Reach};

/// The days of one client.
#[derive(Default)]
pub(super) struct History {
    days: BTreeMap<Day, Reached>,
}

/// The people of one day.
#[derive(Default)]
struct Reached {
    people: RoaringBitmap,
    viewers: RoaringBitmap,
    by_category: BTreeMap<Category, RoaringBitmap>,
}

impl History {
    /// Counts an answer of this day.
    pub(super) fn add(&mut self, day: Day, reach: &Reach) {
        let reached = self.days.entry(day).or_default();
        reached.people |= &reach.people;
        reached.viewers |= &reach.viewers;
        for (category, people) in &reach.by_category {
            *reached.by_category.entry(*category).or_default() |= people.as_ref();
        }
    }

    /// The bitmaps whose union are those who are counted, from `first` to `last`.
    pub(super) fn bitmaps(
        &self,
        counted: &Counted,
        first: Day,
        last: Day,
    ) -> impl Iterator<Item = &RoaringBitmap> {
        // A range that ends before it begins would panic.
        let last = last.max(first);
        self.days.range(first..=last).flat_map(move |(_, reached)| reached.of(counted))
    }

    /// Forgets everything before this day; whether nothing is left.
    pub(super) fn forget_before(&mut self, day: Day) -> bool {
        self.days = self.days.split_off(&day);
        self.days.is_empty()
    }

    /// How many bitmaps there are, and their bytes.
    pub(super) fn footprint(&self) -> (usize, u64) {
        let all = self.days.values().flat_map(Reached::all);
        all.map(bytes).fold((0, 0), |(count, sum), bytes| (count + 1, sum + bytes))
    }
}

impl Reached {
    fn of(&self, counted: &Counted) -> Vec<&RoaringBitmap> {
        match counted {
            Counted::Everybody => vec![&self.people],
            Counted::Viewers => vec![&self.viewers],
            Counted::Of(categories) => {
                categories.iter().filter_map(|category| self.by_category.get(category)).collect()
            }
        }
    }

    fn all(&self) -> impl Iterator<Item = &RoaringBitmap> {
        [&self.people, &self.viewers].into_iter().chain(self.by_category.values())
    }
}

/// The distinct people of several bitmaps.
pub(super) fn union<'a>(bitmaps: impl Iterator<Item = &'a RoaringBitmap>) -> RoaringBitmap {
    bitmaps.union()
}

/// The bytes of a bitmap on the heap. `roaring` 0.12 tells the size of bitsets in bits and takes the numbers
/// in arrays, which have two bytes, for four; each container has a head besides.
fn bytes(bitmap: &RoaringBitmap) -> u64 {
    const BITSET_BYTES: u64 = 8_192;
    const HEAD_BYTES: u64 = 40;
    let found = bitmap.statistics();
    found.n_bytes_array_containers / 2
        + found.n_bytes_run_containers
        + BITSET_BYTES * u64::from(found.n_bitset_containers)
        + HEAD_BYTES * u64::from(found.n_containers)
}
