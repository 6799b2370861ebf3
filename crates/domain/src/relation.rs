//! What a person in an answer is to the viewer.

use serde::{Deserialize, Serialize};

/// The relation of a person in an answer to the viewer. There is no friend-of-friend.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Relation {
    /// The viewer: the person on whose device or in whose app session the request is made.
    #[serde(rename = "self")]
    Viewer,
    /// A friend of the viewer.
    #[serde(rename = "friend")]
    Friend,
}

impl Relation {
    /// Both, the viewer first, as in every answer.
    pub const BOTH: [Self; 2] = [Self::Viewer, Self::Friend];

    /// The word for it in entries, agreements and pages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "self",
            Self::Friend => "friend",
        }
    }
}
