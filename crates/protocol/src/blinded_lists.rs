//! The blinded lists of a period: what it holds about everybody, under labels that name nobody to whoever has
//! no secret. Auditors are given them, and rebuild the person index from them.
//!
//! ```text
//! lists = head ‖ \n ‖ people × (label (32) ‖ count (4) ‖ count × (index (8) ‖ position (4) ‖ commitment (32)))
//! head  = the closed period, whose first line is "countersign-lists/v1"; see `closed_period`      big-endian
//!       ‖ "people " ‖ how many lists there are ‖ \n
//! ```
//!
//! Labels rise, no list is empty, and the items of each are in the order of the log. A file in any other
//! form is refused, as one is that is cut off or goes on. It is read in one pass, an item at a time: whatever
//! somebody hands over, reading it needs no more memory.
//!
//! What it is not: it is not believed. That the lists are those of a close, and hold what the entries hold, is
//! for the verifier to say.

use std::io::{self, BufRead as _, BufReader, Read};

use crate::closed_period::{ClosedPeriod, field, push_field};
use crate::merkle::Hash;
use crate::person_index::{IndexBuilder, Item, Label, Leaf, ListHash};

/// The first line of the format up to its version.
const FORMAT: &str = "countersign-lists/v";

/// The first line.
const FIRST_LINE: &str = "countersign-lists/v1";

/// The most bytes that a head may have.
const HEAD_BYTES_MAX: u64 = 4_096;

const BUFFER_BYTES: usize = 64 << 10;

/// The bytes of one list before its items.
const LIST_HEAD_BYTES: usize = 36;

/// The bytes of an item.
const ITEM_BYTES: usize = 44;

/// Lists that were begun to be read.
pub struct BlindedLists<R> {
    input: BufReader<R>,
    period: ClosedPeriod,
    people: u64,
}

/// An item as its list has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListedItem<'a> {
    /// The number of its list, from 0.
    pub list: u64,
    /// Its own number among the items of all lists, from 0.
    pub number: u64,
    /// The label of its list.
    pub label: &'a Label,
    /// The item.
    pub item: &'a Item,
}

/// What lists come to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ListsTotal {
    /// The root of the person index over them.
    pub person_index: Hash,
    /// How many lists there are, one of each person.
    pub people: u64,
    /// How many items they have.
    pub items: u64,
}

/// Why bytes are not the lists of a period.
#[derive(Debug, thiserror::Error)]
pub enum ListsError {
    /// They cannot be read.
    #[error("the lists cannot be read: {0}")]
    Io(#[from] io::Error),
    /// They do not begin as lists do.
    #[error("this is no file of blinded lists; `countersign audit lists` writes one")]
    Head,
    /// Another version of the format.
    #[error("lists of the format {found:?} are not known; this program reads {FIRST_LINE}")]
    UnknownVersion {
        /// The first line.
        found: String,
    },
    /// They end too early.
    #[error(
        "the lists are cut off in list {list} of {people}; have the file sent again, and compare its length"
    )]
    CutOff {
        /// In which list, counted from 0.
        list: u64,
        /// How many there should be.
        people: u64,
    },
    /// They go on.
    #[error("something follows the last of {people} lists")]
    Extra {
        /// How many lists there should be.
        people: u64,
    },
    /// Labels do not rise.
    #[error("the label of list {list} is not above the one before it")]
    Order {
        /// Which list, counted from 0.
        list: u64,
    },
    /// A list without items.
    #[error("list {list} is empty")]
    Empty {
        /// Which list, counted from 0.
        list: u64,
    },
    /// The items of a list do not rise.
    #[error("in list {list}, the item of entry {index} is not above the one before it")]
    ItemOrder {
        /// Which list, counted from 0.
        list: u64,
        /// The entry.
        index: u64,
    },
}

/// What the lists of a period begin with, of which there are so many.
#[must_use]
pub fn head(period: &ClosedPeriod, people: u64) -> Vec<u8> {
    let mut head = head_text(period, people).into_bytes();
    head.push(b'\n');
    head
}

fn head_text(period: &ClosedPeriod, people: u64) -> String {
    let mut text = period.text(FIRST_LINE);
    push_field(&mut text, "people", people);
    text
}

impl<R: Read> BlindedLists<R> {
    /// Reads the head.
    ///
    /// # Errors
    /// [`ListsError`] if there is none, or of another version.
    pub fn open(input: R) -> Result<Self, ListsError> {
        let mut input = BufReader::with_capacity(BUFFER_BYTES, input);
        let mut head = Vec::new();
        while !head.ends_with(b"\n\n") {
            let left = HEAD_BYTES_MAX.saturating_sub(head.len() as u64);
            let read = (&mut input).take(left).read_until(b'\n', &mut head)?;
            if read == 0 || !head.ends_with(b"\n") {
                return Err(ListsError::Head);
            }
        }
        head.pop();
        let text = String::from_utf8(head).map_err(|_| ListsError::Head)?;
        let (period, people) = parse_head(&text)?;
        Ok(Self { input, period, people })
    }

    /// Which period they say that they are of.
    #[must_use]
    pub const fn period(&self) -> &ClosedPeriod {
        &self.period
    }

    /// How many lists there are, as they say.
    #[must_use]
    pub const fn people(&self) -> u64 {
        self.people
    }

    /// Reads all lists, and shows each item.
    ///
    /// # Errors
    /// [`ListsError`] if they are not of the form. What was shown before then counts for nothing.
    pub fn read(mut self, mut show: impl FnMut(ListedItem<'_>)) -> Result<ListsTotal, ListsError> {
        let mut index = IndexBuilder::new();
        let mut items = 0;
        for list in 0..self.people {
            let head: [u8; LIST_HEAD_BYTES] = self.piece(list)?;
            let (label, count) = (Label(part(&head, 0)), u32::from_be_bytes(part(&head, 32)));
            if count == 0 {
                return Err(ListsError::Empty { list });
            }
            let (mut hash, mut last) = (ListHash::new(count), None);
            for _ in 0..count {
                let bytes: [u8; ITEM_BYTES] = self.piece(list)?;
                let item = Item {
                    index: u64::from_be_bytes(part(&bytes, 0)),
                    position: u32::from_be_bytes(part(&bytes, 8)),
                    commitment: part(&bytes, 12),
                };
                let place = Some((item.index, item.position));
                if last >= place {
                    return Err(ListsError::ItemOrder { list, index: item.index });
                }
                last = place;
                hash.push(&item);
                show(ListedItem { list, number: items, label: &label, item: &item });
                items += 1;
            }
            let leaf = Leaf { label, list: hash.finish() };
            index.push(leaf).map_err(|_| ListsError::Order { list })?;
        }
        if !self.input.fill_buf()?.is_empty() {
            return Err(ListsError::Extra { people: self.people });
        }
        Ok(ListsTotal { person_index: index.root(), people: self.people, items })
    }

    fn piece<const N: usize>(&mut self, list: u64) -> Result<[u8; N], ListsError> {
        let mut piece = [0; N];
        self.input.read_exact(&mut piece).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ListsError::CutOff { list, people: self.people },
            _ => ListsError::Io(error),
        })?;
        Ok(piece)
    }
}

fn parse_head(text: &str) -> Result<(ClosedPeriod, u64), ListsError> {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    if first != FIRST_LINE && first.starts_with(FORMAT) {
        return Err(ListsError::UnknownVersion { found: first.to_owned() });
    }
    let mut parsed = || {
        let period = ClosedPeriod::take(&mut lines)?;
        let people = field(lines.next()?, "people")?.parse().ok()?;
        (head_text(&period, people) == text).then_some((period, people))
    };
    parsed().ok_or(ListsError::Head)
}

/// So many bytes from a place within a piece that has them.
fn part<const N: usize>(piece: &[u8], from: usize) -> [u8; N] {
    std::array::from_fn(|at| piece.get(from + at).copied().unwrap_or_default())
}
