//! What a check came to, in a word. A failure is not always something that the log did: what was given may be of
//! another kind or of another log, damaged, or an old copy. Neither holds, and neither accuses anybody.

use serde::Serialize;

/// What a check came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Everything holds.
    Holds,
    /// Something that bears the log's signature does not.
    Fails,
    /// It cannot be said, for this reason.
    Unsaid(Unsaid),
}

/// An outcome without its reason, as programs read it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeName {
    /// Everything holds.
    Holds,
    /// Something does not.
    Fails,
    /// It was not checked.
    NotChecked,
    /// What was given is old.
    OutOfDate,
}

/// Why it cannot be said whether something holds.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Unsaid {
    /// What was given is of another kind, of another log, under another key, or damaged; or it is not what the reader
    /// brought.
    #[error("Not checked: {0}.")]
    NotChecked(String),
    /// It is older than what it is held against, and contradicts nothing.
    #[error("Out of date: proves nothing after {until}: {why}.")]
    OutOfDate {
        /// The last moment, or the last entry, of which it says something.
        until: String,
        /// What it was held against.
        why: String,
    },
}

impl Unsaid {
    /// The reason alone.
    #[must_use]
    pub fn why(&self) -> &str {
        match self {
            Self::NotChecked(why) | Self::OutOfDate { why, .. } => why,
        }
    }
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

    /// The outcome without its reason.
    #[must_use]
    pub const fn name(&self) -> OutcomeName {
        match self {
            Self::Holds => OutcomeName::Holds,
            Self::Fails => OutcomeName::Fails,
            Self::Unsaid(Unsaid::NotChecked(_)) => OutcomeName::NotChecked,
            Self::Unsaid(Unsaid::OutOfDate { .. }) => OutcomeName::OutOfDate,
        }
    }
}
