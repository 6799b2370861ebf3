//! That a directory goes on from an earlier one: each epoch has everything that the one before had, unchanged, and
//! leaves of its own. Without this an operator could show an account another secret for a while and take it back.
//!
//! ```text
//! growth    = "cs1grow\n" ‖ version (4, which is 1) ‖ first epoch (8) ‖ many step
//! step      = many unchanged ‖ many added                            to the next epoch
//! unchanged = length of the label in bits (2) ‖ label (32) ‖ value (32)
//! added     = label (32) ‖ commitment (32)
//! ```
//!
//! The nodes that are unchanged are a cut through the whole tree of the earlier epoch, and come to its root; with the
//! leaves that are added they come to the next one. INVARIANT: no label among them is another's beginning, so that
//! nothing of the earlier tree lies below or in the place of what is added. Kept by [`root_of`].
//!
//! What it is not: it knows nobody. Labels come of the directory's VRF, and values are commitments.
//!
//! Spec: docs/protocol.md, section 4.3; the tree and its hashes are those of the crate `akd` 0.13 in the configuration
//! `WhatsAppV1`.

use akd_core::configuration::{Configuration, WhatsAppV1Configuration as Hashes};
use akd_core::{AzksElement, AzksValue, NodeLabel, SingleAppendOnlyProof};
use countersign_domain::digest::Digest;

use super::empty_label;
use crate::packed::{self, Kind, PackedError, Reader, put_many};

/// What the file is.
pub const GROWTH: Kind =
    Kind { name: "directory's growth", magic: *b"cs1grow\n", version: 1, bytes_max: 1 << 30 };

/// The bits of a leaf's label.
const LEAF_BITS: u32 = 256;

/// How a directory grew, epoch by epoch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Growth {
    /// The epoch from which it is shown.
    pub first: u64,
    /// The steps from each epoch to the next one.
    pub steps: Vec<Step>,
}

/// What an epoch has of the one before, and what it has beside that.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    unchanged: Vec<AzksElement>,
    added: Vec<AzksElement>,
}

/// An epoch that does not go on from the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrowthError {
    /// Labels that cannot stand in one tree.
    #[error("epoch {epoch}: a label is another's beginning, or longer than it says")]
    Labels {
        /// Which.
        epoch: u64,
    },
    /// What is said to be unchanged is not what was there.
    #[error(
        "epoch {epoch}: what is said to be unchanged comes to {found}, and the directory before to {expected}"
    )]
    Changed {
        /// Which.
        epoch: u64,
        /// The root of what is unchanged.
        found: Digest,
        /// The root of the epoch before.
        expected: Digest,
    },
}

impl From<SingleAppendOnlyProof> for Step {
    fn from(proof: SingleAppendOnlyProof) -> Self {
        Self { unchanged: proof.unchanged_nodes, added: proof.inserted }
    }
}

impl Growth {
    /// Reads it, in its one spelling.
    ///
    /// # Errors
    /// [`PackedError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut input = Reader::begin(bytes, &GROWTH)?;
        let first = input.u64("the first epoch")?;
        let steps = input.many("steps", 8, |input| {
            let unchanged = input.many("unchanged nodes", 66, |input| {
                let bits = input.u16("a label")?;
                element(input, bits.into())
            })?;
            let added = input.many("leaves", 64, |input| element(input, LEAF_BITS))?;
            Ok(Step { unchanged, added })
        })?;
        input.end()?;
        if first.checked_add(steps.len() as u64).is_none() {
            return Err(input.unknown("an epoch after the last one"));
        }
        Ok(Self { first, steps })
    }

    /// The file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = packed::begin(&GROWTH);
        bytes.extend(self.first.to_be_bytes());
        put_many(&mut bytes, &self.steps, |out, Step { unchanged, added }| {
            put_many(out, unchanged, |out, AzksElement { label, value }| {
                out.extend((label.label_len as u16).to_be_bytes());
                out.extend(label.label_val.iter().chain(&value.0));
            });
            put_many(out, added, |out, AzksElement { label, value }| {
                out.extend(label.label_val.iter().chain(&value.0));
            });
        });
        bytes
    }

    /// The last epoch that is shown.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first.saturating_add(self.steps.len() as u64)
    }

    /// The root of each epoch from the first one shown to the last.
    ///
    /// # Errors
    /// [`GrowthError`], of the first epoch that does not go on from the one before.
    pub fn roots(&self) -> Result<Vec<Digest>, GrowthError> {
        let mut roots: Vec<Digest> = Vec::with_capacity(self.steps.len() + 1);
        for (step, number) in self.steps.iter().zip(1..) {
            let epoch = self.first.saturating_add(number);
            let labels = || GrowthError::Labels { epoch };
            let before = root_of(step.unchanged.clone()).ok_or_else(labels)?;
            match roots.last() {
                Some(expected) if *expected != before => {
                    return Err(GrowthError::Changed { epoch, found: before, expected: *expected });
                }
                Some(_) => {}
                None => roots.push(before),
            }
            let added = step.added.iter().map(|AzksElement { label, value }| AzksElement {
                label: *label,
                value: AzksValue(Hashes::hash_leaf_with_commitment(*value, epoch).0),
            });
            let both = step.unchanged.iter().copied().chain(added).collect();
            roots.push(root_of(both).ok_or_else(labels)?);
        }
        Ok(roots)
    }
}

fn element(input: &mut Reader<'_>, label_len: u32) -> Result<AzksElement, PackedError> {
    let label = NodeLabel { label_val: input.array("a label")?, label_len };
    Ok(AzksElement { label, value: AzksValue(input.array("a value")?) })
}

/// The root over these nodes; `None` if they cannot stand in one tree.
fn root_of(mut nodes: Vec<AzksElement>) -> Option<Digest> {
    nodes.sort_unstable_by_key(|node| (node.label.label_val, node.label.label_len));
    let is_label = |label: NodeLabel| {
        (1..=LEAF_BITS).contains(&label.label_len) && label.get_prefix(label.label_len) == label
    };
    // In this order a beginning stands right before something that it begins.
    let begins = |pair: &[AzksElement]| match pair {
        [one, next] => one.label.is_prefix_of(&next.label),
        _ => false,
    };
    if !nodes.iter().all(|node| is_label(node.label)) || nodes.windows(2).any(begins) {
        return None;
    }
    if nodes.is_empty() {
        return Some(Digest(Hashes::compute_root_hash_from_val(&Hashes::empty_root_value())));
    }
    let (left, right) = sides(&nodes, 0);
    let nobody = AzksElement { label: empty_label(), value: Hashes::empty_node_hash() };
    let [left, right] = [left, right].map(|side| top_of(side).unwrap_or(nobody));
    Some(Digest(Hashes::compute_root_hash_from_val(&parent(left, right))))
}

/// The node above all of these, which are in order.
fn top_of(nodes: &[AzksElement]) -> Option<AzksElement> {
    let (first, last) = (nodes.first()?, nodes.last()?);
    if nodes.len() == 1 {
        return Some(*first);
    }
    let label = first.label.get_longest_common_prefix::<Hashes>(last.label);
    let (left, right) = sides(nodes, label.label_len);
    Some(AzksElement { label, value: parent(top_of(left)?, top_of(right)?) })
}

/// Those whose bit at this place is 0, and those whose bit is 1.
fn sides(nodes: &[AzksElement], bit: u32) -> (&[AzksElement], &[AzksElement]) {
    let is_left = |node: &AzksElement| {
        let byte = node.label.label_val.get(bit as usize / 8).copied().unwrap_or_default();
        byte & (0x80 >> (bit % 8)) == 0
    };
    nodes.split_at(nodes.partition_point(is_left))
}

fn parent(left: AzksElement, right: AzksElement) -> AzksValue {
    let [of_left, of_right] = [left, right].map(|child| child.label.value::<Hashes>());
    Hashes::compute_parent_hash_from_children(&left.value, &of_left, &right.value, &of_right)
}
