//! RFC 6962 Merkle trees over SHA-256: hashes, roots, inclusion and consistency proofs, made and verified.
//!
//! What it is not: it knows neither tiles nor files (see [`tile`](mod@crate::tile)), and a root that
//! matches says nothing about who signed it (see [`checkpoint`](mod@crate::checkpoint)).
//!
//! Spec: RFC 6962 section 2.1; verification follows RFC 9162 sections 2.1.3.2 and 2.1.4.2.

use sha2::{Digest as _, Sha256};

/// A SHA-256 hash of a leaf, a node or a tree.
pub type Hash = [u8; 32];

const LEAF_PREFIX: [u8; 1] = [0];
const NODE_PREFIX: [u8; 1] = [1];

/// The hash of a leaf with these bytes.
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new_with_prefix(LEAF_PREFIX).chain_update(leaf).finalize().into()
}

/// The hash of a node with these children.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut message = [0; 65];
    let [prefix, children @ ..] = &mut message;
    *prefix = NODE_PREFIX[0];
    let (left_half, right_half) = children.split_at_mut(32);
    left_half.copy_from_slice(left);
    right_half.copy_from_slice(right);
    Sha256::digest(message).into()
}

/// The root of the tree without leaves.
#[must_use]
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root of the tree over these leaf hashes.
#[must_use]
pub fn root_of_leaves(leaf_hashes: impl IntoIterator<Item = Hash>) -> Hash {
    let mut frontier = Frontier::new();
    for hash in leaf_hashes {
        frontier.push(hash);
    }
    frontier.root()
}

/// The right edge of a growing tree: the roots of its largest complete subtrees. All that is needed
/// to append a leaf and to know the root, in at most 64 hashes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Frontier {
    size: u64,
    /// INVARIANT: one hash for each one-bit of `size`, the highest bit first; kept by `push_subtree`.
    roots: Vec<Hash>,
}

impl Frontier {
    /// The edge of the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, roots: Vec::new() }
    }

    /// Appends a leaf by its hash.
    pub fn push(&mut self, leaf_hash: Hash) {
        self.push_subtree(0, leaf_hash);
    }

    /// Appends the leaves up to the first `size` without looking at them: by the roots of complete subtrees,
    /// as few as there are. If what is read is wrong, so is the root.
    ///
    /// # Errors
    /// The reader's own; it has grown then as far as could be read.
    pub fn grow<N: Nodes>(&mut self, nodes: &N, size: u64) -> Result<(), N::Error> {
        while let Some(level) = size.checked_sub(self.size).and_then(u64::checked_ilog2) {
            let level = level.min(self.size.trailing_zeros());
            self.push_subtree(level, nodes.node(level, self.size >> level)?);
        }
        Ok(())
    }

    /// Appends a complete subtree of 2^`level` leaves. There are a multiple of that before it.
    fn push_subtree(&mut self, level: u32, root: Hash) {
        let mut hash = root;
        for _ in 0..(self.size >> level).trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1 << level;
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut roots = self.roots.iter().rev();
        let Some(last) = roots.next() else {
            return empty_root();
        };
        roots.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// Where the hashes of a tree can be read: the root of each complete subtree by its level and its
/// place on that level. The subtree at `(level, index)` covers the leaves from `index << level` to
/// before `(index + 1) << level`.
pub trait Nodes {
    /// Why a hash cannot be read.
    type Error;

    /// The root of a complete subtree.
    ///
    /// # Errors
    /// Whatever keeps it from being read.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// Why no proof can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// There is no such leaf.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    BeyondTree {
        /// The leaf asked for.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The sizes are not those of an earlier and a later tree.
    #[error("no consistency proof leads from size {size1} to size {size2}")]
    NoEarlierTree {
        /// The first size.
        size1: u64,
        /// The second size.
        size2: u64,
    },
    /// A hash could not be read.
    #[error(transparent)]
    Read(#[from] E),
}

/// The root of the tree of the first `size` leaves.
///
/// # Errors
/// The reader's own.
pub fn root<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    if size == 0 { Ok(empty_root()) } else { range_root(nodes, 0, size) }
}

/// Proves that leaf `index` is in the tree of the first `size` leaves.
///
/// # Errors
/// [`ProveError::BeyondTree`], or the reader's own.
pub fn prove_inclusion<N: Nodes>(
    nodes: &N,
    index: u64,
    size: u64,
) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if index >= size {
        return Err(ProveError::BeyondTree { index, size });
    }
    let (mut start, mut end) = (0, size);
    let mut path = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(nodes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Proves that the tree of the first `size1` leaves is the beginning of that of the first `size2`.
///
/// # Errors
/// [`ProveError::NoEarlierTree`] unless `0 < size1 <= size2`, or the reader's own.
pub fn prove_consistency<N: Nodes>(
    nodes: &N,
    size1: u64,
    size2: u64,
) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if size1 == 0 || size1 > size2 {
        return Err(ProveError::NoEarlierTree { size1, size2 });
    }
    let (mut start, mut end) = (0, size2);
    let mut path = Vec::new();
    // Down to the subtree at which the earlier tree ends.
    while end != size1 {
        let middle = start + split(end - start);
        if size1 <= middle {
            path.push(range_root(nodes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(nodes, start, middle)?);
            start = middle;
        }
    }
    // The verifier has the earlier root; where that is not the subtree itself, it has to be told.
    if start > 0 {
        path.push(range_root(nodes, start, end)?);
    }
    path.reverse();
    Ok(path)
}

/// The largest power of two below `width`, which is at least 2.
pub(crate) const fn split(width: u64) -> u64 {
    1 << (width - 1).ilog2()
}

/// The root over the leaves from `start` to before `end`, `start` being a multiple of the largest
/// power of two that fits.
pub(crate) fn range_root<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let width = end - start;
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return nodes.node(level, start >> level);
    }
    let middle = start + split(width);
    let right = range_root(nodes, middle, end)?;
    Ok(node_hash(&range_root(nodes, start, middle)?, &right))
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There can be no such leaf.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    BeyondTree {
        /// The leaf.
        index: u64,
        /// The size of the tree.
        size: u64,
    },
    /// The tree said to be later is smaller.
    #[error("a tree of {size2} leaves cannot continue one of {size1}")]
    Shrunk {
        /// The first size.
        size1: u64,
        /// The second size.
        size2: u64,
    },
    /// Everything continues the empty tree, so a proof of it says nothing.
    #[error("a consistency proof from the empty tree proves nothing")]
    FromEmpty,
    /// The proof has more or fewer hashes than trees of these sizes need.
    #[error("the proof has a wrong number of hashes: {found}")]
    WrongLength {
        /// How many it has.
        found: usize,
    },
    /// The proof does not lead to the root of the (later) tree.
    #[error("the proof does not lead to the root")]
    RootMismatch,
    /// The proof does not lead to the root of the earlier tree.
    #[error("the proof does not lead to the root of the earlier tree")]
    EarlierRootMismatch,
}

/// Verifies that the leaf with this hash stands at `index` in the tree of `size` leaves with this root.
///
/// ```
/// use countersign_protocol::merkle::{leaf_hash, node_hash, root_of_leaves, verify_inclusion};
///
/// let leaves = [leaf_hash(b"zero"), leaf_hash(b"one"), leaf_hash(b"two")];
/// let root = root_of_leaves(leaves);
/// // The path from leaf 2 to the root: it stands alone, beside the node over the other two.
/// let proof = [node_hash(&leaves[0], &leaves[1])];
///
/// assert!(verify_inclusion(&leaves[2], 2, 3, &proof, &root).is_ok());
/// assert!(verify_inclusion(&leaf_hash(b"another"), 2, 3, &proof, &root).is_err());
/// ```
///
/// # Errors
/// [`ProofError`], saying what is wrong.
pub fn verify_inclusion(
    leaf_hash: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::BeyondTree { index, size });
    }
    let found = proof.len();
    let mut place = Place { at: index, last: size - 1 };
    let mut hash = *leaf_hash;
    for sibling in proof {
        hash = match place.ascend().ok_or(ProofError::WrongLength { found })? {
            Side::Left => node_hash(sibling, &hash),
            Side::Right => node_hash(&hash, sibling),
        };
    }
    if place.last != 0 {
        return Err(ProofError::WrongLength { found });
    }
    if hash == *root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// Verifies that the tree of `size1` leaves with `root1` is the beginning of that of `size2` with `root2`.
///
/// # Errors
/// [`ProofError`], saying what is wrong. Two empty trees are consistent; nothing is proved about an
/// empty and another one.
pub fn verify_consistency(
    size1: u64,
    size2: u64,
    root1: &Hash,
    root2: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    let found = proof.len();
    if size1 > size2 {
        return Err(ProofError::Shrunk { size1, size2 });
    }
    if size1 == size2 {
        if found > 0 {
            return Err(ProofError::WrongLength { found });
        }
        return if root1 == root2 { Ok(()) } else { Err(ProofError::RootMismatch) };
    }
    if size1 == 0 {
        return Err(ProofError::FromEmpty);
    }
    let (seed, path) = match proof {
        [] => return Err(ProofError::WrongLength { found }),
        whole if size1.is_power_of_two() => (root1, whole),
        [seed, path @ ..] => (seed, path),
    };
    let shift = size1.trailing_zeros();
    let mut place = Place { at: (size1 - 1) >> shift, last: (size2 - 1) >> shift };
    let (mut earlier, mut later) = (*seed, *seed);
    for sibling in path {
        match place.ascend().ok_or(ProofError::WrongLength { found })? {
            Side::Left => {
                earlier = node_hash(sibling, &earlier);
                later = node_hash(sibling, &later);
            }
            Side::Right => later = node_hash(&later, sibling),
        }
    }
    if place.last != 0 {
        return Err(ProofError::WrongLength { found });
    }
    if earlier != *root1 {
        return Err(ProofError::EarlierRootMismatch);
    }
    if later == *root2 { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// On which side of a node its sibling is.
enum Side {
    Left,
    Right,
}

/// A node on the way up, with the last node of its level.
struct Place {
    at: u64,
    last: u64,
}

impl Place {
    /// Goes up to the parent in which the node is one of two children, and says where the other one
    /// is; `None` at the root.
    fn ascend(&mut self) -> Option<Side> {
        if self.last == 0 {
            return None;
        }
        // The last node of a level without a sibling is its own parent.
        while self.at == self.last && self.at & 1 == 0 {
            self.halve();
        }
        let side = if self.at & 1 == 1 { Side::Left } else { Side::Right };
        self.halve();
        Some(side)
    }

    const fn halve(&mut self) {
        self.at >>= 1;
        self.last >>= 1;
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// RFC 6962 section 2.1 as it is written, for small trees.
    struct Naive(Vec<Hash>);

    impl Naive {
        fn of(size: u64) -> Self {
            Self((0..size).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect())
        }

        fn mth(leaves: &[Hash]) -> Hash {
            match leaves {
                [] => empty_root(),
                [leaf] => *leaf,
                _ => {
                    let (left, right) = leaves.split_at(k(leaves.len()));
                    node_hash(&Self::mth(left), &Self::mth(right))
                }
            }
        }

        fn path(m: usize, leaves: &[Hash]) -> Vec<Hash> {
            if leaves.len() == 1 {
                return Vec::new();
            }
            let (left, right) = leaves.split_at(k(leaves.len()));
            let (mut path, other) = if m < left.len() {
                (Self::path(m, left), Self::mth(right))
            } else {
                (Self::path(m - left.len(), right), Self::mth(left))
            };
            path.push(other);
            path
        }

        fn subproof(m: usize, leaves: &[Hash], whole: bool) -> Vec<Hash> {
            if m == leaves.len() {
                return if whole { Vec::new() } else { vec![Self::mth(leaves)] };
            }
            let (left, right) = leaves.split_at(k(leaves.len()));
            let (mut proof, other) = if m <= left.len() {
                (Self::subproof(m, left, whole), Self::mth(right))
            } else {
                (Self::subproof(m - left.len(), right, false), Self::mth(left))
            };
            proof.push(other);
            proof
        }
    }

    fn k(n: usize) -> usize {
        let mut k = 1;
        while k * 2 < n {
            k *= 2;
        }
        k
    }

    impl Nodes for Naive {
        type Error = Infallible;

        fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
            let start = (index << level) as usize;
            Ok(Self::mth(&self.0[start..start + (1 << level)]))
        }
    }

    #[test]
    fn golden_roots_of_the_rfc_6962_test_tree() {
        // From the test data of Certificate Transparency (RFC 6962 implementations share them).
        let leaves: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let root = |count| {
            const_hex::encode(root_of_leaves(leaves.iter().take(count).map(|leaf| leaf_hash(leaf))))
        };
        for (count, expected) in [
            (0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            (1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
            (3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
            (8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"),
        ] {
            assert_eq!(root(count), expected);
        }
    }

    #[test]
    fn edge_cases_are_decided_as_everybody_else_decides_them() {
        let tree = Naive::of(5);
        let (root1, root5) = (Naive::mth(&tree.0[..1]), Naive::mth(&tree.0));
        let nobody = [0; 32];
        assert_eq!(verify_consistency(0, 0, &nobody, &nobody, &[]), Ok(()));
        assert_eq!(
            verify_consistency(0, 5, &empty_root(), &root5, &[]),
            Err(ProofError::FromEmpty)
        );
        assert_eq!(verify_consistency(5, 5, &root5, &root5, &[]), Ok(()));
        assert_eq!(verify_consistency(5, 5, &root5, &root1, &[]), Err(ProofError::RootMismatch));
        let too_long = Err(ProofError::WrongLength { found: 1 });
        assert_eq!(verify_consistency(5, 5, &root5, &root5, &[nobody]), too_long);
        let shrunk = Err(ProofError::Shrunk { size1: 5, size2: 1 });
        assert_eq!(verify_consistency(5, 1, &root5, &root1, &[]), shrunk);
        let empty = Err(ProofError::WrongLength { found: 0 });
        assert_eq!(verify_consistency(1, 5, &root1, &root5, &[]), empty);
        let beyond = Err(ProofError::BeyondTree { index: 0, size: 0 });
        assert_eq!(verify_inclusion(&nobody, 0, 0, &[], &empty_root()), beyond);
        assert_eq!(verify_inclusion(&root1, 0, 1, &[], &root1), Ok(()));
        let too_long = Err(ProofError::WrongLength { found: 1 });
        assert_eq!(verify_inclusion(&root1, 0, 1, &[nobody], &root1), too_long);
        // The largest sizes there are neither overflow nor loop.
        assert!(verify_inclusion(&nobody, u64::MAX - 1, u64::MAX, &[nobody; 64], &nobody).is_err());
        assert!(
            verify_consistency(u64::MAX - 1, u64::MAX, &nobody, &root1, &[nobody; 65]).is_err()
        );
        assert!(prove_consistency(&tree, 0, 5).is_err());
        assert!(prove_inclusion(&tree, 5, 5).is_err());
    }

    proptest! {
        #[test]
        fn property_proofs_are_those_of_the_rfc(size in 1_u64..200, at: prop::sample::Index) {
            let tree = Naive::of(size);
            let index = at.index(size as usize);
            let root_now = Naive::mth(&tree.0);
            prop_assert_eq!(root_of_leaves(tree.0.iter().copied()), root_now);
            prop_assert_eq!(root(&tree, size), Ok(root_now));

            let proof = prove_inclusion(&tree, index as u64, size).unwrap();
            prop_assert_eq!(&proof, &Naive::path(index, &tree.0));
            prop_assert_eq!(
                verify_inclusion(&tree.0[index], index as u64, size, &proof, &root_now), Ok(()));

            let size1 = index as u64 + 1;
            let root1 = Naive::mth(&tree.0[..=index]);
            let proof = prove_consistency(&tree, size1, size).unwrap();
            prop_assert_eq!(&proof, &Naive::subproof(index + 1, &tree.0, true));
            prop_assert_eq!(verify_consistency(size1, size, &root1, &root_now, &proof), Ok(()));
        }

        #[test]
        fn property_leaves_that_nobody_looked_at_grow_the_same_tree(
            size in 0_u64..200, mut steps: [u64; 4],
        ) {
            let tree = Naive::of(size);
            steps.iter_mut().for_each(|step| *step %= size + 1);
            steps.sort_unstable();
            let [begin, seen, between, end] = steps;
            let mut frontier = Frontier::new();
            prop_assert_eq!(frontier.grow(&tree, begin), Ok(()));
            tree.0[begin as usize..seen as usize].iter().for_each(|leaf| frontier.push(*leaf));
            for until in [between, begin, end] {
                prop_assert_eq!(frontier.grow(&tree, until), Ok(()));
            }
            prop_assert_eq!((frontier.size(), frontier.root()), (end, Naive::mth(&tree.0[..end as usize])));
        }

        #[test]
        fn property_a_changed_proof_proves_nothing(
            size in 2_u64..120, at: prop::sample::Index, which: prop::sample::Index, bit in 0_u8..=255,
        ) {
            let tree = Naive::of(size);
            let index = at.index(size as usize - 1);
            let root_now = Naive::mth(&tree.0);
            let flip = |proof: &[Hash]| {
                let mut changed = proof.to_vec();
                changed[which.index(proof.len())][usize::from(bit) / 8] ^= 1 << (bit % 8);
                changed
            };
            let proof = prove_inclusion(&tree, index as u64, size).unwrap();
            let leaf = &tree.0[index];
            let inclusion = |index: u64, size: u64, proof: &[Hash]| {
                verify_inclusion(leaf, index, size, proof, &root_now)
            };
            prop_assert!(inclusion(index as u64, size, &flip(&proof)).is_err());
            prop_assert!(inclusion(index as u64, size, &proof[1..]).is_err());
            prop_assert!(inclusion(index as u64, size, &[&proof[..], &[root_now]].concat()).is_err());
            prop_assert!(inclusion(index as u64 ^ 1, size, &proof).is_err());

            let size1 = index as u64 + 1;
            let root1 = Naive::mth(&tree.0[..=index]);
            let proof = prove_consistency(&tree, size1, size).unwrap();
            let consistency = |root1: &Hash, root2: &Hash, proof: &[Hash]| {
                verify_consistency(size1, size, root1, root2, proof)
            };
            prop_assert!(consistency(&root1, &root_now, &flip(&proof)).is_err());
            prop_assert!(consistency(&root1, &root_now, &proof[1..]).is_err());
            prop_assert!(consistency(&root1, &root_now, &[&proof[..], &[root1]].concat()).is_err());
            prop_assert!(consistency(&root_now, &root_now, &proof).is_err());
            prop_assert!(consistency(&root1, &root1, &proof).is_err());
        }
    }
}
