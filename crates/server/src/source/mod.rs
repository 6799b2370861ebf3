//! Where people's data comes from. A source answers a question with people under guard: whoever
//! holds them can have them decided about, and only the log opens them.

pub mod image;

use countersign_domain::identifier::Identifier;
use countersign_domain::person::{Handle, PairwiseId};

/// Whose data is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The person on whose device or in whose app session it is asked.
    pub viewer: Handle,
    /// The partner that would receive it, toward which ids are made.
    pub partner: &'a Identifier,
    /// About whom it is.
    pub about: About,
}

/// About whom a question is. The viewer is in every answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum About {
    /// The viewer alone.
    Viewer,
    /// The viewer's friends in the order of their ids, after this one.
    Friends {
        /// The last id of the page before.
        after: Option<PairwiseId>,
    },
    /// The friend of this id, if the viewer has one. There is no way to ask about anybody else.
    Friend(PairwiseId),
}

/// A source cannot answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Nobody has this handle.
    #[error("there is no such person")]
    UnknownPerson,
    /// What the source holds does not fit together.
    #[error("the image of the people is damaged: run `countersign people image` and start again")]
    Damaged,
}
