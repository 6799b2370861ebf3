//! The clock as a parameter: what time it is, is said at the outermost edge only.

use countersign_domain::time::Timestamp;

/// Says what time it is.
pub trait Clock: Send + Sync {
    /// The current second.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}
