//! The clock as a parameter: what time it is, is said at the outermost edge only.

use countersign_domain::time::Timestamp;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The current second by the machine's clock. Whoever sets that clock sets this.
    fn now(&self) -> Timestamp;

    /// For how many seconds the machine has run, sleep included: a clock that nobody can set. Without
    /// it nobody can tell that the other one jumped.
    fn uptime_s(&self) -> Option<u64> {
        None
    }

    /// Which run of the machine that is; another after each start of it.
    fn boot(&self) -> Option<String> {
        None
    }
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}
