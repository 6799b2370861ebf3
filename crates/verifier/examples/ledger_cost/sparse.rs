//! A tree of billions of leaves of which a few are known; all hashes that stand over none of these are made up.

use std::convert::Infallible;

use countersign_protocol::merkle::{Hash, Nodes, node_hash};

use crate::made_up;

pub(crate) struct Sparse {
    /// Rising.
    pub(crate) leaves: Vec<(u64, Hash)>,
}

impl Nodes for Sparse {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let (start, end) = (index << level, (index + 1) << level);
        let first = self.leaves.partition_point(|leaf| leaf.0 < start);
        match self.leaves.get(first).filter(|leaf| leaf.0 < end) {
            None => Ok(made_up("node", start.wrapping_mul(64).wrapping_add(u64::from(level)))),
            Some((_, leaf)) if level == 0 => Ok(*leaf),
            Some(_) => {
                let left = self.node(level - 1, index * 2)?;
                Ok(node_hash(&left, &self.node(level - 1, index * 2 + 1)?))
            }
        }
    }
}
