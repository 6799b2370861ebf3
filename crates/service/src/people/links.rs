//! Friendships on their way into the store: pairs of numbers, then a flat list per person.

use countersign_people::store::{Import, StoreError};

use super::progress::Progress;

/// Friendships between people of one import, by person number.
#[derive(Default)]
pub struct Links {
    /// The people of this import.
    imported: Vec<bool>,
    pairs: Vec<(u32, u32)>,
}

impl Links {
    /// With room for so many.
    #[must_use]
    pub fn with_capacity(pairs: usize) -> Self {
        Self { imported: Vec::new(), pairs: Vec::with_capacity(pairs) }
    }

    /// This import says everything about this person's friendships with others of the import.
    pub fn imported(&mut self, number: u32) {
        let at = number as usize;
        if self.imported.len() <= at {
            self.imported.resize(at + 1, false);
        }
        self.imported[at] = true;
    }

    /// Two people are friends. The same pair may come again, either way round.
    pub fn add(&mut self, one: u32, other: u32) {
        self.pairs.push((one, other));
    }

    /// Writes them; friendships with people outside of this import stay. How many the import has.
    pub fn write(self, import: &mut Import<'_>, progress: Progress) -> Result<u64, StoreError> {
        let people = import.people_count();
        let bar = progress.step("writing friendships", people.into());
        let Self { mut imported, pairs } = self;
        imported.resize(people as usize, false);
        let lists = Lists::of(people, pairs);
        let mut count = 0;
        let mut merged = Vec::new();
        for number in 0..people {
            let found = lists.of_person(number);
            count += found.len() as u64;
            let is_imported = imported[number as usize];
            if !is_imported && found.is_empty() {
                continue;
            }
            let kept = import.friends_of(number)?;
            merged.clear();
            merged.extend_from_slice(found);
            merged.extend(kept.into_iter().filter(|f| !(is_imported && imported[*f as usize])));
            merged.sort_unstable();
            merged.dedup();
            import.set_friends(number, &merged)?;
            if number % 1_024 == 0 {
                bar.at(number.into());
            }
        }
        Ok(count / 2)
    }
}

/// The friends of everybody in one flat vector, which for a million people is all that fits.
struct Lists {
    starts: Vec<u64>,
    ends: Vec<u64>,
    flat: Vec<u32>,
}

impl Lists {
    /// Sorted lists without doubles. The pairs name people below `people`, never one with themselves.
    fn of(people: u32, pairs: Vec<(u32, u32)>) -> Self {
        let mut ends = vec![0_u64; people as usize];
        for (one, other) in &pairs {
            ends[*one as usize] += 1;
            ends[*other as usize] += 1;
        }
        let mut total = 0;
        let mut starts = Vec::with_capacity(ends.len());
        for end in &mut ends {
            starts.push(total);
            total += *end;
            *end = total - *end;
        }
        let mut flat = vec![0_u32; total as usize];
        for (one, other) in pairs {
            for (from, to) in [(one, other), (other, one)] {
                let end = &mut ends[from as usize];
                flat[*end as usize] = to;
                *end += 1;
            }
        }
        for (start, end) in starts.iter().zip(&mut ends) {
            let list = &mut flat[*start as usize..*end as usize];
            list.sort_unstable();
            *end = *start + dedup(list) as u64;
        }
        Self { starts, ends, flat }
    }

    fn of_person(&self, number: u32) -> &[u32] {
        let at = number as usize;
        &self.flat[self.starts[at] as usize..self.ends[at] as usize]
    }
}

/// Moves the different numbers of a sorted list to its front; how many they are.
fn dedup(list: &mut [u32]) -> usize {
    let mut kept = 0;
    for at in 0..list.len() {
        if kept == 0 || list[at] != list[kept - 1] {
            list[kept] = list[at];
            kept += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn property_lists_are_the_pairs_both_ways(
            pairs in proptest::collection::vec((0_u32..20, 0_u32..20), 0..120)
        ) {
            let pairs: Vec<_> = pairs.into_iter().filter(|(a, b)| a != b).collect();
            let lists = Lists::of(20, pairs.clone());
            for person in 0..20 {
                let mut expected: Vec<u32> = pairs
                    .iter()
                    .flat_map(|(a, b)| [(*a, *b), (*b, *a)])
                    .filter(|(from, _)| *from == person)
                    .map(|(_, to)| to)
                    .collect();
                expected.sort_unstable();
                expected.dedup();
                prop_assert_eq!(lists.of_person(person), expected);
            }
        }
    }
}
