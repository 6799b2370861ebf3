//! The items of blinded lists in the order of the log, as many at once as fit into memory. Each window is one
//! reading of the lists, which are in the order of their labels.

use std::collections::{BTreeMap, VecDeque};
use std::io::{Read, Seek};

use countersign_protocol::blinded_lists::{BlindedLists, ListedItem, ListsTotal};
use countersign_protocol::closed_period::ClosedPeriod;
use countersign_protocol::person_index::Item;
use countersign_protocol::tile::TILE_WIDTH;

use super::{IndexCheckError, Step};

/// How often progress is told.
const TOLD_EVERY: u64 = 4_096;

/// How many entries outside of the period are told of.
const OUTSIDE_MAX: usize = 100;

/// An item, and the number of the list that it is in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Placed {
    pub(super) item: Item,
    pub(super) list: u64,
}

/// The items of lists, entry by entry.
pub(super) struct Windows {
    pub(super) period: ClosedPeriod,
    /// The windows that are to come, each by the entry before which it ends.
    ends: VecDeque<u64>,
    /// The items of this window, in the order of the log.
    items: Vec<Placed>,
    /// How many of them were given.
    given: usize,
    /// Where this window ends.
    end: u64,
    outside: BTreeMap<u64, u64>,
}

impl Windows {
    /// Reads the lists, computes what they come to, and says how often they have to be read.
    pub(super) fn plan<R: Read + Seek>(
        lists: &mut R,
        items_at_once: u64,
        progress: &mut dyn FnMut(Step),
    ) -> Result<(Self, ListsTotal), IndexCheckError> {
        let lists = open(lists)?;
        let (period, people) = (lists.period().clone(), lists.people());
        let (range, mut outside) = (period.from..period.until, BTreeMap::new());
        let mut bundles: BTreeMap<u64, u64> = BTreeMap::new();
        let mut told = 0;
        let total = lists.read(|ListedItem { list, item, .. }| {
            if list >= told {
                told = list + TOLD_EVERY;
                progress(Step::Lists(list, people));
            }
            if range.contains(&item.index) {
                *bundles.entry(item.index / TILE_WIDTH).or_default() += 1;
            } else if outside.len() < OUTSIDE_MAX || outside.contains_key(&item.index) {
                *outside.entry(item.index).or_default() += 1;
            }
        })?;
        progress(Step::Lists(people, people));
        let (mut ends, mut held) = (VecDeque::new(), 0);
        for (bundle, items) in bundles {
            let from = bundle * TILE_WIDTH;
            if items > items_at_once {
                return Err(IndexCheckError::TooMany { from, items, max: items_at_once });
            }
            held += items;
            if held > items_at_once {
                ends.push_back(from);
                held = items;
            }
        }
        ends.push_back(period.until);
        let end = period.from;
        Ok((Self { period, ends, items: Vec::new(), given: 0, end, outside }, total))
    }

    /// The entries outside of the period that lists have items of, and how many; the first hundred.
    pub(super) fn outside(&self) -> BTreeMap<u64, u64> {
        self.outside.clone()
    }

    /// The items of this entry, by their positions. Entries are asked for in their order.
    pub(super) fn of_entry<R: Read + Seek>(
        &mut self,
        index: u64,
        lists: &mut R,
        total: &ListsTotal,
    ) -> Result<&[Placed], IndexCheckError> {
        while index >= self.end
            && let Some(end) = self.ends.pop_front()
        {
            self.load(end, lists, total)?;
        }
        let rest = self.items.get(self.given..).unwrap_or_default();
        let count = rest.iter().take_while(|placed| placed.item.index == index).count();
        let from = self.given;
        self.given += count;
        Ok(self.items.get(from..self.given).unwrap_or_default())
    }

    fn load<R: Read + Seek>(
        &mut self,
        end: u64,
        lists: &mut R,
        total: &ListsTotal,
    ) -> Result<(), IndexCheckError> {
        let range = self.end..end;
        self.items.clear();
        let lists = open(lists)?;
        let read = lists.read(|ListedItem { list, item, .. }| {
            if range.contains(&item.index) {
                self.items.push(Placed { item: *item, list });
            }
        })?;
        if read != *total {
            return Err(IndexCheckError::Changed);
        }
        self.items.sort_unstable();
        (self.given, self.end) = (0, end);
        Ok(())
    }
}

/// Begins to read the lists, from their beginning.
pub(super) fn open<R: Read + Seek>(lists: &mut R) -> Result<BlindedLists<&mut R>, IndexCheckError> {
    lists.rewind().map_err(countersign_protocol::blinded_lists::ListsError::Io)?;
    Ok(BlindedLists::open(lists)?)
}
