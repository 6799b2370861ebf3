//! One proof for many leaves of a tree, in which no hash stands twice.
//!
//! ```text
//! range(start, end) = the next hash of the proof                    no leaf that is proved is in it
//!                   | the leaf's hash                               end − start is 1
//!                   | node(range(start, k), range(k, end))          k − start: the largest power of two below end − start
//! root              = range(0, size)
//! ```
//!
//! So the hashes stand in the order of the tree, from left to right, and there are as many as that takes.
//! For one leaf they are those of its RFC 6962 audit path, in another order.

use crate::merkle::{Hash, Nodes, ProofError, ProveError, node_hash, range_root, split};

/// A leaf that is proved: its place and its hash.
pub type PlacedLeaf = (u64, Hash);

/// Proves that the leaves at these places are in the tree of the first `size` leaves. `indices` rise.
///
/// # Errors
/// [`ProveError::BeyondTree`], or the reader's own.
pub fn prove_shared<N: Nodes>(
    nodes: &N,
    indices: &[u64],
    size: u64,
) -> Result<Vec<Hash>, ProveError<N::Error>> {
    if let Some(&index) = indices.last().filter(|index| **index >= size) {
        return Err(ProveError::BeyondTree { index, size });
    }
    let mut proof = Vec::new();
    if size > 0 {
        prove_range(nodes, indices, (0, size), &mut proof)?;
    }
    Ok(proof)
}

fn prove_range<N: Nodes>(
    nodes: &N,
    indices: &[u64],
    (start, end): (u64, u64),
    proof: &mut Vec<Hash>,
) -> Result<(), N::Error> {
    if indices.is_empty() {
        proof.push(range_root(nodes, start, end)?);
        return Ok(());
    }
    if end - start == 1 {
        return Ok(());
    }
    let middle = start + split(end - start);
    let (left, right) = indices.split_at(indices.partition_point(|index| *index < middle));
    prove_range(nodes, left, (start, middle), proof)?;
    prove_range(nodes, right, (middle, end), proof)
}

/// Verifies that these leaves stand in the tree of `size` leaves with this root. Their places rise.
///
/// # Errors
/// [`ProofError`], saying what is wrong; of leaves that do not rise, that there can be no such leaf.
pub fn verify_shared(
    leaves: &[PlacedLeaf],
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    let beyond = |index| ProofError::BeyondTree { index, size };
    if let Some([_, (index, _)]) = leaves.array_windows().find(|[one, next]| next.0 <= one.0) {
        return Err(beyond(*index));
    }
    let last = leaves.last().map_or(0, |leaf| leaf.0);
    if last >= size {
        return Err(beyond(last));
    }
    let wrong = ProofError::WrongLength { found: proof.len() };
    let mut rest = proof.iter();
    let found = range_of_proof(leaves, (0, size), &mut rest).ok_or(wrong)?;
    if !rest.as_slice().is_empty() {
        return Err(wrong);
    }
    if found == *root { Ok(()) } else { Err(ProofError::RootMismatch) }
}

/// The root of a range, as leaves and proof have it; `None` if the proof ends before. It goes no deeper
/// than 64 levels, whatever the size.
fn range_of_proof<'a>(
    leaves: &[PlacedLeaf],
    (start, end): (u64, u64),
    proof: &mut impl Iterator<Item = &'a Hash>,
) -> Option<Hash> {
    match leaves {
        [] => proof.next().copied(),
        [(_, leaf)] if end - start == 1 => Some(*leaf),
        _ => {
            let middle = start + split(end - start);
            let (left, right) = leaves.split_at(leaves.partition_point(|leaf| leaf.0 < middle));
            let left = range_of_proof(left, (start, middle), proof)?;
            Some(node_hash(&left, &range_of_proof(right, (middle, end), proof)?))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::consent_receipt::CommitmentTree;
    use crate::merkle::{leaf_hash, prove_inclusion, root};

    fn leaf(index: u64) -> Hash {
        leaf_hash(&index.to_be_bytes())
    }

    fn tree(size: u64) -> CommitmentTree {
        // Its leaves are hashes of what it is given, as those of `leaf` are.
        CommitmentTree::of_leaves((0..size).map(leaf))
    }

    fn placed(indices: &[u64]) -> Vec<PlacedLeaf> {
        indices.iter().map(|index| (*index, leaf(*index))).collect()
    }

    #[test]
    fn for_one_leaf_it_has_the_hashes_of_the_audit_path() {
        for size in 1..40 {
            for index in 0..size {
                let mut shared = prove_shared(&tree(size), &[index], size).unwrap();
                let mut path = prove_inclusion(&tree(size), index, size).unwrap();
                shared.sort_unstable();
                path.sort_unstable();
                assert_eq!(shared, path);
            }
        }
    }

    #[test]
    fn leaves_that_there_cannot_be_are_refused() {
        let (tree, root) = (tree(5), root(&tree(5), 5).unwrap());
        assert_eq!(
            prove_shared(&tree, &[2, 5], 5),
            Err(ProveError::BeyondTree { index: 5, size: 5 })
        );
        let proof = prove_shared(&tree, &[2], 5).unwrap();
        for (leaves, index) in [(placed(&[2, 2]), 2), (placed(&[3, 2]), 2), (placed(&[5]), 5)] {
            let refused = verify_shared(&leaves, 5, &proof, &root);
            assert_eq!(refused, Err(ProofError::BeyondTree { index, size: 5 }));
        }
        assert!(verify_shared(&[], 0, &[], &root).is_err());
    }

    proptest! {
        #[test]
        fn property_leaves_are_proved_and_no_other_leaf_in_their_place(
            size in 1u64..200,
            picks in prop::collection::btree_set(0u64..200, 1..20),
            changed: prop::sample::Index,
        ) {
            let indices: Vec<u64> = picks.into_iter().filter(|index| *index < size).collect();
            prop_assume!(!indices.is_empty());
            let (tree, mut leaves) = (tree(size), placed(&indices));
            let root = root(&tree, size).unwrap();
            let proof = prove_shared(&tree, &indices, size).unwrap();
            prop_assert_eq!(verify_shared(&leaves, size, &proof, &root), Ok(()));
            let longer = [&proof[..], &[[0; 32]]].concat();
            prop_assert!(verify_shared(&leaves, size, &longer, &root).is_err());
            if let [shorter @ .., _] = &proof[..] {
                prop_assert!(verify_shared(&leaves, size, shorter, &root).is_err());
            }
            leaves[changed.index(indices.len())].1[0] ^= 1;
            prop_assert_eq!(
                verify_shared(&leaves, size, &proof, &root),
                Err(ProofError::RootMismatch)
            );
        }
    }
}
