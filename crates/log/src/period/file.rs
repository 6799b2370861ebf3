//! The files of one period, in a folder of its number.
//!
//! ```text
//! lists  = "cs1list\n" (8) ‖ version (4) ‖ people × (label (32) ‖ count (4) ‖ count × item)      big-endian
//! item   = index (8) ‖ position (4) ‖ commitment (32)
//! leaves = "cs1leaf\n" (8) ‖ version (4) ‖ people × (label (32) ‖ list (32) ‖ offset in lists (8))
//! nodes  = "cs1node\n" (8) ‖ version (4) ‖ (people − 1) × (depth (1) ‖ 2 × (child (8) ‖ hash (32)))
//! places = see `places`
//! head   = see `head`
//! ```
//!
//! Leaves are in the order of their labels, and so are the lists, which are *blinded*: they name nobody to
//! whoever has no secret, and auditors who are given them (see `lists`) rebuild the index. Nodes are in the
//! order in which they became complete, the root last. A child is a leaf's number, or a node's with the
//! highest bit set.

use std::io::Write;

use countersign_protocol::index_sample::Draw;
use countersign_protocol::merkle::Hash;
use countersign_protocol::person_index::{
    Child, IndexBuilder, Item, Label, Leaf, Node, Proof, Stored, list_commitment, prove_stored,
};

use super::buffered::FileWriter;
use super::lists::{DrawnItem, Lists};
use super::places::{Places, read_pair};
use super::sort::Row;
use super::{PeriodError, PeriodHead, folder};
use crate::backend::{Backend, File};
use crate::batch::take;
use crate::stream::{Position, Stream};

/// The version of these files.
const FILES_VERSION: u32 = 1;

const HEAD_BYTES: u64 = 12;
const LIST_HEAD_BYTES: usize = 36;
const ITEM_BYTES: usize = 44;
const LEAF_BYTES: usize = 72;
const NODE_BYTES: usize = 81;

const LISTS: (&str, &[u8; 8]) = ("lists", b"cs1list\n");
const LEAVES: (&str, &[u8; 8]) = ("leaves", b"cs1leaf\n");
const NODES: (&str, &[u8; 8]) = ("nodes", b"cs1node\n");

/// The files of a period, but for the head, which says that they are complete.
pub(super) const NAMES: [&str; 4] = [LISTS.0, LEAVES.0, NODES.0, super::places::NAME.0];

/// Of a child: it is a node.
const NODE_BIT: u64 = 1 << 63;

/// Where the head of a period is.
pub(super) fn head_path(number: u64) -> String {
    format!("{}/head", folder(number))
}

/// Writes the files of a period from its items in their order.
pub(super) struct PeriodWriter {
    lists: FileWriter,
    leaves: FileWriter,
    nodes: FileWriter,
    index: IndexBuilder,
    /// The person whose items come, with those that came.
    person: Option<Label>,
    items: Vec<Item>,
    items_count: u64,
}

impl PeriodWriter {
    /// Begins them in this folder.
    pub(super) fn create(backend: &dyn Backend, folder: &str) -> Result<Self, PeriodError> {
        Ok(Self {
            lists: create_named(backend, folder, LISTS)?,
            leaves: create_named(backend, folder, LEAVES)?,
            nodes: create_named(backend, folder, NODES)?,
            index: IndexBuilder::new(),
            person: None,
            items: Vec::new(),
            items_count: 0,
        })
    }

    /// Takes the next item.
    pub(super) fn push(&mut self, row: Row) -> Result<(), PeriodError> {
        let label = row.label();
        if self.person != Some(label) {
            self.end_person()?;
            self.person = Some(label);
        }
        self.items.push(row.item());
        Ok(())
    }

    /// Makes the files durable and says in the head what they hold.
    pub(super) fn finish(mut self, head: &mut PeriodHead) -> Result<(), PeriodError> {
        self.end_person()?;
        (head.people, head.items) = (self.index.count(), self.items_count);
        let mut made = Vec::new();
        head.root = self.index.root_with(|node| made.push(node));
        made.iter().try_for_each(|node| self.nodes.push(&node_bytes(node)))?;
        for file in [self.lists, self.leaves, self.nodes] {
            file.finish(true)?;
        }
        Ok(())
    }

    fn end_person(&mut self) -> Result<(), PeriodError> {
        let Some(label) = self.person.take() else { return Ok(()) };
        let leaf = Leaf { label, list: list_commitment(&self.items) };
        for part in [&label.0[..], &leaf.list, &self.lists.length_bytes().to_be_bytes()] {
            self.leaves.push(part)?;
        }
        self.lists.push(&label.0)?;
        // As many as the commitment counts.
        let count = u32::try_from(self.items.len()).unwrap_or(u32::MAX);
        self.lists.push(&count.to_be_bytes())?;
        for item in self.items.drain(..) {
            self.lists.push(&item.index.to_be_bytes())?;
            self.lists.push(&item.position.to_be_bytes())?;
            self.lists.push(&item.commitment)?;
        }
        self.items_count += u64::from(count);
        let mut made = Vec::new();
        self.index.push_with(leaf, |node| made.push(node))?;
        made.iter().try_for_each(|node| self.nodes.push(&node_bytes(node)))
    }
}

/// The files of one period, for whoever wants to show somebody what it holds about them.
pub struct Period {
    head: PeriodHead,
    lists: Named,
    leaves: Named,
    nodes: Named,
    places: Places,
}

/// An open file, with its name for errors.
pub(super) type Named = (String, Box<dyn File>);

/// What a period holds under a label.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shown {
    /// The proof for the label.
    pub proof: Proof,
    /// The label's list; `None` if it has none, which the proof proves then.
    pub items: Option<Vec<Item>>,
}

impl Period {
    /// Opens the files of a period, which may be in use by a server.
    ///
    /// # Errors
    /// [`PeriodError`] if there are none, or they are damaged.
    pub fn open(backend: &dyn Backend, number: u64) -> Result<Self, PeriodError> {
        let path = head_path(number);
        let bytes = backend.read(&path).map_err(|error| PeriodError::io(&path, error))?;
        let head = PeriodHead::parse(&bytes.ok_or(PeriodError::NotClosed { number })?, &path)?;
        let folder = folder(number);
        let open = |name| open_named(backend, &folder, name);
        let places = Places::open(backend, number, &head)?;
        let (lists, leaves, nodes) = (open(LISTS)?, open(LEAVES)?, open(NODES)?);
        let (people, items) = (head.people, head.items);
        has_length(&lists, people * LIST_HEAD_BYTES as u64 + items * ITEM_BYTES as u64)?;
        has_length(&leaves, people * LEAF_BYTES as u64)?;
        has_length(&nodes, people.saturating_sub(1) * NODE_BYTES as u64)?;
        Ok(Self { lists, leaves, nodes, places, head })
    }

    /// What is known of the period.
    #[must_use]
    pub const fn head(&self) -> &PeriodHead {
        &self.head
    }

    /// Writes the blinded lists as auditors of the log of this origin are given them. `progress` is told of
    /// how many people they have been written, now and then.
    ///
    /// # Errors
    /// [`PeriodError::Damaged`] if they do not come to the index any more: then what was written is no good.
    pub fn write_lists(
        &self,
        origin: &str,
        out: &mut dyn Write,
        progress: &mut dyn FnMut(u64),
    ) -> Result<(), PeriodError> {
        let (name, file) = (&self.lists.0, &*self.lists.1);
        let lists = Lists { file, at: HEAD_BYTES, head: &self.head };
        let root = lists.write(origin, out, progress);
        let root = root.map_err(|error| PeriodError::Lists { file: name.clone(), error })?;
        if root == self.head.root {
            return Ok(());
        }
        Err(damaged(&self.lists, "the lists do not come to the index"))
    }

    /// The items that are drawn for an auditor, by their numbers. It reads all lists.
    ///
    /// # Errors
    /// [`PeriodError::Damaged`] if the lists do not come to the index any more.
    pub fn drawn(&self, draw: &Draw) -> Result<Vec<DrawnItem>, PeriodError> {
        let (name, file) = (&self.lists.0, &*self.lists.1);
        let lists = Lists { file, at: HEAD_BYTES, head: &self.head };
        let read = lists.drawn(&draw.numbers(self.head.items));
        let (root, drawn) =
            read.map_err(|error| PeriodError::Lists { file: name.clone(), error })?;
        if root == self.head.root {
            return Ok(drawn);
        }
        Err(damaged(&self.lists, "the lists do not come to the index"))
    }

    /// What the period holds under a label, with its proof.
    ///
    /// # Errors
    /// [`PeriodError::Damaged`] if the files do not come to the root any more.
    pub fn show(&self, label: &Label) -> Result<Shown, PeriodError> {
        let root = match self.head.people {
            0 => None,
            1 => Some(Child::Leaf(0)),
            people => Some(Child::Node(people - 2)),
        };
        let (proof, number) = prove_stored(self, root, label)?;
        let holds = proof.verify(&self.head.root, label);
        let list = holds.map_err(|_| damaged(&self.nodes, "it does not lead to the root"))?;
        let items = number.map(|number| self.items(number)).transpose()?;
        if items.as_deref().map(list_commitment) != list {
            return Err(damaged(&self.lists, "a list is not the one that the index has"));
        }
        Ok(Shown { proof, items })
    }

    /// The entry of this index with its annex, from the stream; it is one of the period's.
    pub(crate) fn pair(
        &self,
        stream: &Stream,
        index: u64,
    ) -> Result<(Vec<u8>, Vec<u8>), PeriodError> {
        read_pair(stream, self.places.of(index)?, index)
    }

    /// A batch before or at an entry of the period.
    pub(super) fn place(&self, index: u64) -> Result<Position, PeriodError> {
        self.places.of(index)
    }

    /// The list under the one label that begins with these bytes; `None` if no label does.
    pub(super) fn items_from(&self, begin: &[u8]) -> Result<Option<Vec<Item>>, PeriodError> {
        let (mut low, mut high) = (0, self.head.people);
        while low < high {
            let middle = low + (high - low) / 2;
            let label = self.leaf(middle)?.label;
            if label.0.starts_with(begin) {
                return self.items(middle).map(Some);
            }
            if label.0[..] < *begin { low = middle + 1 } else { high = middle }
        }
        Ok(None)
    }

    /// The list of the leaf of this number.
    fn items(&self, number: u64) -> Result<Vec<Item>, PeriodError> {
        let leaf: [u8; LEAF_BYTES] = self.piece(&self.leaves, number)?;
        let offset = leaf.last_chunk().map_or(0, |offset| u64::from_be_bytes(*offset));
        let head: [u8; LIST_HEAD_BYTES] = read_at(&self.lists, offset)?;
        let count = head.last_chunk().map_or(0, |count| u32::from_be_bytes(*count));
        let items_bytes = ITEM_BYTES as u64 * u64::from(count);
        let length = self.lists.1.length_bytes();
        let length = length.map_err(|error| PeriodError::io(&self.lists.0, error))?;
        let begin = offset + LIST_HEAD_BYTES as u64;
        if length.saturating_sub(begin) < items_bytes {
            return Err(damaged(&self.lists, "a list is cut off"));
        }
        let mut bytes = vec![0; items_bytes as usize];
        read_into(&self.lists, begin, &mut bytes)?;
        let (pieces, _) = bytes.as_chunks::<ITEM_BYTES>();
        let item = |mut piece: &[u8]| {
            let input = &mut piece;
            Some(Item {
                index: take(input).map(u64::from_be_bytes)?,
                position: take(input).map(u32::from_be_bytes)?,
                commitment: take(input)?,
            })
        };
        Ok(pieces.iter().filter_map(|piece| item(piece)).collect())
    }

    fn piece<const N: usize>(&self, file: &Named, number: u64) -> Result<[u8; N], PeriodError> {
        if number >= self.head.people {
            return Err(damaged(file, "something in it points outside"));
        }
        read_at(file, HEAD_BYTES + number * N as u64)
    }
}

impl Stored for Period {
    type Error = PeriodError;

    fn leaf(&self, number: u64) -> Result<Leaf, PeriodError> {
        let bytes: [u8; LEAF_BYTES] = self.piece(&self.leaves, number)?;
        let mut rest = &bytes[..];
        let label = Label(take(&mut rest).unwrap_or_default());
        Ok(Leaf { label, list: take(&mut rest).unwrap_or_default() })
    }

    fn node(&self, number: u64) -> Result<Node, PeriodError> {
        let bytes: [u8; NODE_BYTES] = self.piece(&self.nodes, number)?;
        let mut rest = &bytes[..];
        let [depth] = take(&mut rest).unwrap_or_default();
        let mut child = || {
            let number = take(&mut rest).map_or(0, u64::from_be_bytes);
            let hash: Hash = take(&mut rest).unwrap_or_default();
            let node = Child::Node(number & !NODE_BIT);
            (if number & NODE_BIT == 0 { Child::Leaf(number) } else { node }, hash)
        };
        Ok(Node { depth, children: [child(), child()] })
    }
}

fn node_bytes(node: &Node) -> [u8; NODE_BYTES] {
    let mut bytes = [node.depth; NODE_BYTES];
    let (_, rest) = bytes.split_at_mut(1);
    for (place, (child, hash)) in rest.chunks_exact_mut(40).zip(&node.children) {
        let number = match child {
            Child::Leaf(number) => *number,
            Child::Node(number) => number | NODE_BIT,
        };
        let (of_number, of_hash) = place.split_at_mut(8);
        of_number.copy_from_slice(&number.to_be_bytes());
        of_hash.copy_from_slice(hash);
    }
    bytes
}

/// Begins a file of a period.
pub(super) fn create_named(
    backend: &dyn Backend,
    folder: &str,
    (name, magic): (&str, &[u8; 8]),
) -> Result<FileWriter, PeriodError> {
    let mut file = FileWriter::create(backend, format!("{folder}/{name}"))?;
    file.push(magic)?;
    file.push(&FILES_VERSION.to_be_bytes())?;
    Ok(file)
}

/// Opens a file of a period.
pub(super) fn open_named(
    backend: &dyn Backend,
    folder: &str,
    (name, magic): (&str, &[u8; 8]),
) -> Result<Named, PeriodError> {
    let name = format!("{folder}/{name}");
    let io = |error| PeriodError::io(&name, error);
    // What is opened is made if it is not there.
    if !backend.exists(&name).map_err(io)? {
        return Err(PeriodError::Damaged { file: name, reason: "it is missing" });
    }
    let file = backend.open(&name).map_err(io)?;
    let named = (name, file);
    let head: [u8; HEAD_BYTES as usize] = read_at(&named, 0)?;
    let mut rest = &head[..];
    if take(&mut rest) != Some(*magic) {
        return Err(damaged(&named, "it does not begin as it should"));
    }
    let found = take(&mut rest).map_or(0, u32::from_be_bytes);
    if found == FILES_VERSION {
        return Ok(named);
    }
    Err(PeriodError::UnknownVersion { file: named.0, found, known: FILES_VERSION })
}

/// Refuses a file that has not so many bytes behind its beginning.
pub(super) fn has_length(file: &Named, rest_bytes: u64) -> Result<(), PeriodError> {
    let length = file.1.length_bytes().map_err(|error| PeriodError::io(&file.0, error))?;
    if length == HEAD_BYTES + rest_bytes {
        return Ok(());
    }
    Err(damaged(file, "it is not as long as its head says"))
}

pub(super) fn read_at<const N: usize>(file: &Named, offset: u64) -> Result<[u8; N], PeriodError> {
    let mut bytes = [0; N];
    read_into(file, offset, &mut bytes)?;
    Ok(bytes)
}

fn read_into(file: &Named, offset: u64, bytes: &mut [u8]) -> Result<(), PeriodError> {
    let read = file.1.read_at(offset, bytes).map_err(|error| PeriodError::io(&file.0, error))?;
    if read == bytes.len() { Ok(()) } else { Err(damaged(file, "it is cut off")) }
}

pub(super) fn damaged(file: &Named, reason: &'static str) -> PeriodError {
    PeriodError::Damaged { file: file.0.clone(), reason }
}
