//! Whether the paths of a history proof are paths of a prefix trie, which `akd` 0.13 does not ask.
//!
//! It recomputes hashes, and would take a proof of absence that ends at any node above a label that is
//! there, and two leaves of one label in different places. An operator could then show an account's first
//! secret as its last. So each node has to lie where its label belongs: then one path leads from a root
//! towards a label, and it ends at the label or shows its absence.

use akd_core::{
    AzksElement, Direction, HistoryProof, MembershipProof, NodeLabel, NonMembershipProof,
    PrefixOrdering,
};

use super::empty_label;

/// Whether every path in the proof is one.
pub(super) fn are_paths(proof: &HistoryProof) -> bool {
    let updates = proof.update_proofs.iter();
    let own = updates.flat_map(|update| {
        std::iter::once(&update.existence_proof).chain(update.previous_version_proof.as_ref())
    });
    own.chain(&proof.existence_of_past_marker_proofs).all(is_path)
        && proof.non_existence_of_future_marker_proofs.iter().all(shows_absence)
}

/// Whether the path, from the node up, leads to the root through nodes that each lie on their own side.
fn is_path(proof: &MembershipProof) -> bool {
    let mut label = proof.label;
    if !is_label(label) {
        return false;
    }
    for step in proof.sibling_proofs.iter().rev() {
        let [sibling] = &step.siblings;
        let (own, other) = match step.direction {
            Direction::Left => (PrefixOrdering::WithZero, PrefixOrdering::WithOne),
            Direction::Right => (PrefixOrdering::WithOne, PrefixOrdering::WithZero),
        };
        let is_own_side = step.label.get_prefix_ordering(label) == own;
        if !is_own_side || !is_label(step.label) || !lies_at(sibling, step.label, other) {
            return false;
        }
        label = step.label;
    }
    label == NodeLabel::root()
}

/// Whether the path ends at a node both of whose children are elsewhere than the label.
fn shows_absence(proof: &NonMembershipProof) -> bool {
    let node = proof.longest_prefix;
    let [left, right] = &proof.longest_prefix_children;
    is_path(&proof.longest_prefix_membership_proof)
        && proof.longest_prefix_membership_proof.label == node
        && node.is_prefix_of(&proof.label)
        && lies_at(left, node, PrefixOrdering::WithZero)
        && lies_at(right, node, PrefixOrdering::WithOne)
        && [left, right]
            .into_iter()
            .all(|child| child.label == empty_label() || !child.label.is_prefix_of(&proof.label))
}

/// Whether a child lies on this side of a node.
fn lies_at(child: &AzksElement, node: NodeLabel, side: PrefixOrdering) -> bool {
    (node.get_prefix_ordering(child.label) == side && is_label(child.label))
        || (child.label == empty_label() && node == NodeLabel::root())
}

/// Whether nothing stands behind the label's bits: a node's name is hashed with all 32 bytes, so that it would be
/// another node.
fn is_label(label: NodeLabel) -> bool {
    label.get_prefix(label.label_len) == label
}
