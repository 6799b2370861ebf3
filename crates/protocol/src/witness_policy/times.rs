//! When a quorum saw a checkpoint: two moments, of which each answers another question.
//!
//! ```text
//! earliest   by then a quorum had cosigned it: nothing in its tree is later
//! latest     from then on a quorum still showed it as the newest: nothing larger had been shown to them before
//! ```
//!
//! A quiet log is cosigned anew, so the two may lie far apart. What it is not: the reader's own clock.

use countersign_domain::time::Timestamp;
use serde::Serialize;

/// When a quorum cosigned one checkpoint, by its witnesses' clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct QuorumTimes {
    /// The earliest time by which enough had cosigned it.
    pub earliest: Timestamp,
    /// The latest time such that enough have cosigned it then or later.
    pub latest: Timestamp,
}

impl std::fmt::Display for QuorumTimes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "first by {}, last at {}", self.earliest, self.latest)
    }
}
