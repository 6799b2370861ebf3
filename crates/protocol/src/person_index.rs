//! The person index of a close: a compressed binary prefix trie over people's labels, whose root says of
//! every label what list stands under it, or that none does.
//!
//! ```text
//! label = SHA-256("cs1:labe" ‖ secret (32) ‖ period (8))
//! list  = SHA-256("cs1:list" ‖ count (4) ‖ count × (index (8) ‖ position (4) ‖ commitment (32)))
//! leaf  = SHA-256("cs1:leaf" ‖ label ‖ list)
//! node  = SHA-256("cs1:node" ‖ depth (1) ‖ prefix (32) ‖ left ‖ right)
//! empty = SHA-256("cs1:none")
//! ```
//!
//! Integers are big-endian. A node of depth d stands for the first d bits that all labels under it have in
//! common: `prefix` is these bits, the rest zero; the labels with bit d unset are on its left. Only
//! nodes with two children are there, so a set of labels has one tree.
//!
//! INVARIANT: under one root a label has one verdict. A path is led by the bits of the label alone, and
//! every node on it is hashed with the label's own prefix; so whoever shows that a label is absent has
//! followed the path on which it would have been, to something else at its end. A sorted hash tree would
//! not do: its root does not prove its order. Kept by [`Proof::verify`], whatever tree the root was made of.
//!
//! What it is not: it does not say whether a list is what the log's entries say. Whoever is given the
//! blinded lists rebuilds the index with [`IndexBuilder`]; see [`blinded_lists`](crate::blinded_lists).

use countersign_domain::person::Secret;
use sha2::{Digest as _, Sha256};

use crate::merkle::Hash;

pub use self::build::{Child, IndexBuilder, IndexError, Node, prove};
pub use self::proof::{End, Proof, ProofError, Step};
pub use self::stored::{Stored, prove_stored};

mod build;
mod proof;
mod stored;

const LABEL_TAG: &[u8; 8] = b"cs1:labe";
const LIST_TAG: &[u8; 8] = b"cs1:list";
const LEAF_TAG: &[u8; 8] = b"cs1:leaf";
const NODE_TAG: &[u8; 8] = b"cs1:node";
const EMPTY_TAG: &[u8; 8] = b"cs1:none";

/// A person's name in the index of one period. Without the secret it tells nothing, and no two of a
/// person's labels can be seen to be one person's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(pub Hash);

impl std::fmt::Debug for Label {
    /// Says nothing: debug output ends in logs, and whoever has the secret finds the person by it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Label(…)")
    }
}

/// One leaf: a label, and the commitment to the complete list of what the period holds about its person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leaf {
    /// Whose list it is.
    pub label: Label,
    /// The commitment to the list.
    pub list: Hash,
}

/// One thing that a period holds about a person: a record or a consent record.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Item {
    /// The entry's index in the log.
    pub index: u64,
    /// The commitment's place among those of the entry.
    pub position: u32,
    /// The commitment.
    pub commitment: Hash,
}

impl Label {
    /// The label of the person with this secret in the period that the close of this number ends.
    #[must_use]
    pub fn of(secret: &Secret, period: u64) -> Self {
        let hash = Sha256::new()
            .chain_update(LABEL_TAG)
            .chain_update(secret.0)
            .chain_update(period.to_be_bytes());
        Self(hash.finalize().into())
    }

    /// The bit of this place; the first one, bit 0, is the highest of the first byte.
    const fn bit(&self, place: u8) -> bool {
        // A u8 divided by eight is below 32.
        self.0[(place / 8) as usize] & (0x80 >> (place % 8)) != 0
    }

    /// The first `depth` bits, the rest zero.
    fn prefix(&self, depth: u8) -> Self {
        let mut prefix = *self;
        let (whole, left_over) = (usize::from(depth / 8), depth % 8);
        for (place, byte) in prefix.0.iter_mut().enumerate().skip(whole) {
            *byte = if place == whole { *byte & !(0xff >> left_over) } else { 0 };
        }
        prefix
    }

    /// How many bits both begin with; `None` if they are equal.
    fn common_bits(&self, other: &Self) -> Option<u8> {
        let mut bits = 0;
        for (mine, theirs) in self.0.iter().zip(&other.0) {
            let equal = (mine ^ theirs).leading_zeros();
            bits += equal;
            if equal < 8 {
                return u8::try_from(bits).ok();
            }
        }
        None
    }
}

/// The commitment to a list that comes item by item, in the order of the log.
#[derive(Clone, Debug)]
pub struct ListHash(Sha256);

impl ListHash {
    /// Begins a list of so many items.
    #[must_use]
    pub fn new(count: u32) -> Self {
        Self(Sha256::new().chain_update(LIST_TAG).chain_update(count.to_be_bytes()))
    }

    /// Takes the next item.
    pub fn push(&mut self, item: &Item) {
        self.0.update(item.index.to_be_bytes());
        self.0.update(item.position.to_be_bytes());
        self.0.update(item.commitment);
    }

    /// The commitment.
    #[must_use]
    pub fn finish(self) -> Hash {
        self.0.finalize().into()
    }
}

impl Leaf {
    fn hash(&self) -> Hash {
        let hash = Sha256::new().chain_update(LEAF_TAG).chain_update(self.label.0);
        hash.chain_update(self.list).finalize().into()
    }
}

/// The commitment to a person's complete list. `items` are in the order of the log.
#[must_use]
pub fn list_commitment(items: &[Item]) -> Hash {
    // 2^32 items are more than fit into memory; beyond that the items would still tell lists apart.
    let mut hash = ListHash::new(u32::try_from(items.len()).unwrap_or(u32::MAX));
    items.iter().for_each(|item| hash.push(item));
    hash.finish()
}

/// The root of the index in which nobody is.
#[must_use]
pub fn empty_index_root() -> Hash {
    Sha256::digest(EMPTY_TAG).into()
}

fn node_hash(depth: u8, prefix: &Label, [left, right]: [&Hash; 2]) -> Hash {
    let mut message = [0; 105];
    let (tag, rest) = message.split_at_mut(8);
    tag.copy_from_slice(NODE_TAG);
    let (place, rest) = rest.split_at_mut(1);
    place.copy_from_slice(&[depth]);
    for (part, hash) in rest.chunks_exact_mut(32).zip([&prefix.0, left, right]) {
        part.copy_from_slice(hash);
    }
    Sha256::digest(message).into()
}

#[cfg(test)]
mod tests;
