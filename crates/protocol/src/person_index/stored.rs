//! Proofs from an index that is stored: as many reads as the proof has steps, and one leaf.
//!
//! Nodes are stored without their prefixes: the path that a label's bits lead to ends at a leaf, and this
//! has the prefix of every node on it. Where that leaf and the label differ, the path of the proof ends.

use super::build::{Child, Node};
use super::proof::{End, Proof, Step};
use super::{Label, Leaf};

/// The leaves and nodes of an index, by the numbers that [`IndexBuilder`](super::IndexBuilder) gives them.
pub trait Stored {
    /// Why one cannot be read.
    type Error;

    /// The leaf of this number.
    ///
    /// # Errors
    /// If it cannot be read.
    fn leaf(&self, number: u64) -> Result<Leaf, Self::Error>;

    /// The node of this number.
    ///
    /// # Errors
    /// If it cannot be read.
    fn node(&self, number: u64) -> Result<Node, Self::Error>;
}

/// The proof of what stands under a label, from the root of a stored index, `None` if nobody is in it; and
/// the number of the label's own leaf, if there is one. What is stored wrongly gives a proof that proves nothing.
///
/// # Errors
/// Those of `stored`.
pub fn prove_stored<S: Stored>(
    stored: &S,
    root: Option<Child>,
    label: &Label,
) -> Result<(Proof, Option<u64>), S::Error> {
    let Some(mut child) = root else {
        return Ok((Proof { steps: Vec::new(), end: End::Empty }, None));
    };
    let mut path = Vec::new();
    let (leaf, number) = loop {
        match child {
            Child::Leaf(number) => break (stored.leaf(number)?, number),
            // More steps than a label has bits are no path.
            Child::Node(_) if path.len() > 255 => {
                return Ok((Proof { steps: Vec::new(), end: End::Empty }, None));
            }
            Child::Node(number) => {
                let node = stored.node(number)?;
                let [left, right] = node.children;
                let (own, other) =
                    if label.bit(node.depth) { (right, left) } else { (left, right) };
                child = own.0;
                path.push((node, other.1));
            }
        }
    };
    let common = label.common_bits(&leaf.label);
    let is_on_path = |node: &Node| common.is_none_or(|common| node.depth < common);
    let end = match path.iter().find(|(node, _)| !is_on_path(node)) {
        Some((Node { depth, children: [left, right] }, _)) => End::OtherNode {
            depth: *depth,
            prefix: leaf.label.prefix(*depth),
            children: [left.1, right.1],
        },
        None => End::at_leaf(&leaf, label),
    };
    let steps = path.iter().take_while(|(node, _)| is_on_path(node));
    let steps =
        steps.map(|(node, sibling)| Step { depth: node.depth, sibling: *sibling }).collect();
    Ok((Proof { steps, end }, common.is_none().then_some(number)))
}
