//! Why a task stopped, in words for the person who started it.

use std::fmt;

/// A sentence that says what went wrong and what to do.
#[derive(Debug)]
pub(crate) struct Failure(String);

/// What tasks return.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Adds what was being done to an error of the system.
pub(crate) trait While<T> {
    /// `doing` completes the sentence "while …".
    fn during(self, doing: impl FnOnce() -> String) -> Outcome<T>;
}

impl<T, E: fmt::Display> While<T> for Result<T, E> {
    fn during(self, doing: impl FnOnce() -> String) -> Outcome<T> {
        self.map_err(|error| Failure(format!("while {}: {error}", doing())))
    }
}
