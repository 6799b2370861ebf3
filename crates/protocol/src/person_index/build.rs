//! Building an index from leaves in the order of their labels: the root in one pass that remembers at most
//! 256 hashes, and proofs from a slice.

use super::proof::{End, Proof, Step};
use super::{Label, Leaf, empty_index_root, node_hash};
use crate::merkle::Hash;

/// Leaves that make no index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IndexError {
    /// A label is not above the one before it.
    #[error(
        "leaf {leaf} is not above the one before it; sort the leaves by label, each label once"
    )]
    Order {
        /// Which leaf, counted from 0.
        leaf: u64,
    },
}

/// Computes the root of an index. What it remembers does not grow with the leaves.
#[derive(Clone, Debug, Default)]
pub struct IndexBuilder {
    /// INVARIANT: depths rise. The right edge of the tree: nodes whose right child is not complete yet.
    open: Vec<Open>,
    /// The last label, with the root of what is complete around it.
    last: Option<(Label, Hash)>,
    count: u64,
    /// How many nodes are complete.
    nodes: u64,
}

/// What is under a node, by its number among the leaves or among the nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Child {
    /// A leaf; they are numbered in the order of their labels, from 0.
    Leaf(u64),
    /// A node; see [`IndexBuilder::push_with`].
    Node(u64),
}

/// A node that is complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Node {
    /// The bit at which its children differ.
    pub depth: u8,
    /// Its children with their hashes, the left one first.
    pub children: [(Child, Hash); 2],
}

/// A node that has its left child.
#[derive(Clone, Copy, Debug)]
struct Open {
    depth: u8,
    left: (Child, Hash),
}

impl IndexBuilder {
    /// An index in which nobody is yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the leaf with the next label.
    ///
    /// # Errors
    /// [`IndexError::Order`]; the index is as it was.
    pub fn push(&mut self, leaf: Leaf) -> Result<(), IndexError> {
        self.push_with(leaf, |_| {})
    }

    /// Adds the leaf with the next label, and shows the nodes that are complete with it. They are numbered
    /// in the order in which they are shown, from 0, and the root is the last of them.
    ///
    /// # Errors
    /// [`IndexError::Order`]; the index is as it was.
    pub fn push_with(&mut self, leaf: Leaf, show: impl FnMut(Node)) -> Result<(), IndexError> {
        let out_of_order = IndexError::Order { leaf: self.count };
        if let Some((last, hash)) = self.last {
            let depth = last.common_bits(&leaf.label).filter(|_| last < leaf.label);
            let depth = depth.ok_or(out_of_order)?;
            let left = self.join(Some(depth), &last, hash, show);
            self.open.push(Open { depth, left });
        }
        self.last = Some((leaf.label, leaf.hash()));
        self.count += 1;
        Ok(())
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// The root of the index.
    #[must_use]
    pub fn root(self) -> Hash {
        self.root_with(|_| {})
    }

    /// The root of the index. Shows the nodes that were not complete before, as [`Self::push_with`] does.
    #[must_use]
    pub fn root_with(mut self, show: impl FnMut(Node)) -> Hash {
        let Some((last, hash)) = self.last else { return empty_index_root() };
        self.join(None, &last, hash, show).1
    }

    /// Completes the nodes deeper than `depth`, or all of them: nothing further comes under them. Gives the
    /// root of what is complete then.
    fn join(
        &mut self,
        depth: Option<u8>,
        last: &Label,
        hash: Hash,
        mut show: impl FnMut(Node),
    ) -> (Child, Hash) {
        let mut done = (Child::Leaf(self.count.saturating_sub(1)), hash);
        let is_over = |node: &mut Open| depth.is_none_or(|depth| node.depth > depth);
        while let Some(Open { depth, left }) = self.open.pop_if(is_over) {
            let hash = node_hash(depth, &last.prefix(depth), [&left.1, &done.1]);
            show(Node { depth, children: [left, done] });
            done = (Child::Node(self.nodes), hash);
            self.nodes += 1;
        }
        done
    }
}

/// The proof of what stands under a label, from all leaves in the order of their labels. It hashes each
/// leaf once, but the label's own.
///
/// # Errors
/// [`IndexError::Order`].
pub fn prove(leaves: &[Leaf], label: &Label) -> Result<Proof, IndexError> {
    let pairs = leaves.windows(2).zip(1..);
    for (pair, leaf) in pairs {
        if !pair.is_sorted_by(|one, next| one.label < next.label) {
            return Err(IndexError::Order { leaf });
        }
    }
    let mut steps = Vec::new();
    let mut rest = leaves;
    loop {
        let (first, last) = match rest {
            [] => return Ok(Proof { steps, end: End::Empty }),
            [leaf] => return Ok(Proof { steps, end: End::at_leaf(leaf, label) }),
            [first, .., last] => (first.label, last.label),
        };
        let depth = first.common_bits(&last).ok_or(IndexError::Order { leaf: 1 })?;
        let middle = rest.partition_point(|leaf| !leaf.label.bit(depth));
        let (left, right) = rest.split_at(middle);
        let prefix = first.prefix(depth);
        if label.prefix(depth) != prefix {
            let children = [root_of(left)?, root_of(right)?];
            return Ok(Proof { steps, end: End::OtherNode { depth, prefix, children } });
        }
        let (own, other) = if label.bit(depth) { (right, left) } else { (left, right) };
        steps.push(Step { depth, sibling: root_of(other)? });
        rest = own;
    }
}

fn root_of(leaves: &[Leaf]) -> Result<Hash, IndexError> {
    let mut builder = IndexBuilder::new();
    leaves.iter().try_for_each(|leaf| builder.push(*leaf))?;
    Ok(builder.root())
}
