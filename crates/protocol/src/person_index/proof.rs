//! Proofs of what stands under a label, presence and absence alike.
//!
//! ```text
//! proof       = count (2) ‖ count × (depth (1) ‖ sibling (32)) ‖ end       from the root down
//! end         = 0 (1)                                                     nobody is in the index
//!             | 1 (1) ‖ list (32)                                         the label's own leaf
//!             | 2 (1) ‖ label (32) ‖ list (32)                            another leaf, where it would be
//!             | 3 (1) ‖ depth (1) ‖ prefix (32) ‖ left (32) ‖ right (32)   a node of other labels, likewise
//! ```

use super::{Label, Leaf, empty_index_root, node_hash};
use crate::merkle::Hash;

/// What stands under a label, provable with the root alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proof {
    /// The nodes on the path of the label, from the root down.
    pub steps: Vec<Step>,
    /// What is at the end of the path.
    pub end: End,
}

/// A node on the path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// The bit at which its children differ.
    pub depth: u8,
    /// The child that the path does not take.
    pub sibling: Hash,
}

/// What is at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// Nothing: nobody is in the index.
    Empty,
    /// The label's own leaf, with this list.
    Own {
        /// The commitment to the list.
        list: Hash,
    },
    /// A leaf of another label.
    OtherLeaf(Leaf),
    /// A node whose labels all begin otherwise.
    OtherNode {
        /// How many bits they have in common.
        depth: u8,
        /// Those bits, the rest zero.
        prefix: Label,
        /// The hashes of its left and right child.
        children: [Hash; 2],
    },
}

/// Why a proof proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The bytes are no proof.
    #[error("the bytes are not a proof of the person index: {what}")]
    Form {
        /// What is wrong with them.
        what: &'static str,
    },
    /// Nodes on a path stand for ever more bits.
    #[error("step {step} of the path is not deeper than the one before it")]
    Depth {
        /// Which step, counted from 0.
        step: usize,
    },
    /// What is at the end stands nowhere where the label would be, or does not differ from it.
    #[error("what the path ends at does not show that the label is absent")]
    End,
    /// It is another root.
    #[error("the path does not lead to the root of the index")]
    Root,
}

impl End {
    pub(super) fn at_leaf(leaf: &Leaf, label: &Label) -> Self {
        if leaf.label == *label { Self::Own { list: leaf.list } } else { Self::OtherLeaf(*leaf) }
    }
}

impl Proof {
    /// Checks the proof for a label against the root of an index, and says what it proves: the commitment to
    /// the label's list, or with `None` that there is none.
    ///
    /// # Errors
    /// [`ProofError`]: then it proves nothing, neither presence nor absence.
    pub fn verify(&self, root: &Hash, label: &Label) -> Result<Option<Hash>, ProofError> {
        let (found, list) = self.leads_to(label)?;
        if found == *root { Ok(list) } else { Err(ProofError::Root) }
    }

    /// The root that the proof leads to for a label, and what it proves under that.
    ///
    /// # Errors
    /// [`ProofError`] but [`ProofError::Root`].
    pub fn leads_to(&self, label: &Label) -> Result<(Hash, Option<Hash>), ProofError> {
        let mut least = 0;
        for (step, Step { depth, .. }) in self.steps.iter().enumerate() {
            if u16::from(*depth) < least {
                return Err(ProofError::Depth { step });
            }
            least = u16::from(*depth) + 1;
        }
        let (mut hash, list) = self.end_hash(label, least)?;
        for Step { depth, sibling } in self.steps.iter().rev() {
            let children = if label.bit(*depth) { [sibling, &hash] } else { [&hash, sibling] };
            hash = node_hash(*depth, &label.prefix(*depth), children);
        }
        Ok((hash, list))
    }

    /// The hash of what is at the end, and the list that it proves. Everything under the last step has its
    /// first `least` bits in common with the label.
    fn end_hash(&self, label: &Label, least: u16) -> Result<(Hash, Option<Hash>), ProofError> {
        let differs_late = |other: &Label| {
            let common = label.common_bits(other);
            common.is_some_and(|common| u16::from(common) >= least)
        };
        match &self.end {
            End::Empty if self.steps.is_empty() => Ok((empty_index_root(), None)),
            End::Own { list } => Ok((Leaf { label: *label, list: *list }.hash(), Some(*list))),
            End::OtherLeaf(leaf) if differs_late(&leaf.label) => Ok((leaf.hash(), None)),
            End::OtherNode { depth, prefix, children: [left, right] }
                if prefix.prefix(*depth) == *prefix
                    && label.prefix(*depth) != *prefix
                    && differs_late(prefix) =>
            {
                Ok((node_hash(*depth, prefix, [left, right]), None))
            }
            End::Empty | End::OtherLeaf(_) | End::OtherNode { .. } => Err(ProofError::End),
        }
    }

    /// The proof as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // Depths rise below 256, so there are at most 256 steps.
        let count = u16::try_from(self.steps.len()).unwrap_or(u16::MAX);
        let mut bytes = count.to_be_bytes().to_vec();
        for Step { depth, sibling } in &self.steps {
            bytes.push(*depth);
            bytes.extend_from_slice(sibling);
        }
        match &self.end {
            End::Empty => bytes.push(0),
            End::Own { list } => extend(&mut bytes, 1, &[list]),
            End::OtherLeaf(leaf) => extend(&mut bytes, 2, &[&leaf.label.0, &leaf.list]),
            End::OtherNode { depth, prefix, children: [left, right] } => {
                bytes.push(3);
                extend(&mut bytes, *depth, &[&prefix.0, left, right]);
            }
        }
        bytes
    }

    /// Reads a proof, in its one spelling.
    ///
    /// # Errors
    /// [`ProofError::Form`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ProofError> {
        let mut rest = bytes;
        let count = u16::from_be_bytes(take(&mut rest)?);
        if count > 256 {
            return Err(ProofError::Form { what: "more than 256 steps" });
        }
        let step = |_| -> Result<Step, ProofError> {
            let [depth] = take(&mut rest)?;
            Ok(Step { depth, sibling: take(&mut rest)? })
        };
        let steps = (0..count).map(step).collect::<Result<_, _>>()?;
        let end = match take(&mut rest)? {
            [0] => End::Empty,
            [1] => End::Own { list: take(&mut rest)? },
            [2] => {
                let label = Label(take(&mut rest)?);
                End::OtherLeaf(Leaf { label, list: take(&mut rest)? })
            }
            [3] => {
                let [depth] = take(&mut rest)?;
                let prefix = Label(take(&mut rest)?);
                End::OtherNode { depth, prefix, children: [take(&mut rest)?, take(&mut rest)?] }
            }
            _ => return Err(ProofError::Form { what: "an end of an unknown kind" }),
        };
        if rest.is_empty() {
            Ok(Self { steps, end })
        } else {
            Err(ProofError::Form { what: "something follows its end" })
        }
    }
}

fn extend(bytes: &mut Vec<u8>, first: u8, hashes: &[&Hash]) {
    bytes.push(first);
    for hash in hashes {
        bytes.extend_from_slice(*hash);
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], ProofError> {
    let (taken, left) =
        rest.split_first_chunk().ok_or(ProofError::Form { what: "it is cut off" })?;
    *rest = left;
    Ok(*taken)
}
