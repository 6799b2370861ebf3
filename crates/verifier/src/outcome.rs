//! What a check came to, in a word. A failure is not always something that the log did: what was given may be of
//! another kind or of another log, or an old copy. Neither holds, and neither accuses anybody.

/// What a check came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Everything holds.
    Holds,
    /// Something does not.
    Fails,
    /// It cannot be said, for this reason.
    Unsaid(Unsaid),
}

/// Why it cannot be said whether something holds.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsaid {
    /// What was given is of another kind, of another log or under another key.
    #[error("Not checked: {0}.")]
    NotChecked(String),
    /// It is older than what it is held against, and contradicts nothing.
    #[error("Out of date: {0}.")]
    OutOfDate(String),
}

impl Outcome {
    /// Whether it holds, if that can be said.
    #[must_use]
    pub const fn holds(&self) -> Option<bool> {
        match self {
            Self::Holds => Some(true),
            Self::Fails => Some(false),
            Self::Unsaid(_) => None,
        }
    }
}
