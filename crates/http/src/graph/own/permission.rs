//! A permission of the Graph API, and what the viewer said to it.

use serde::Serialize;

/// One permission and what the viewer said to it.
#[derive(Clone, PartialEq, Eq, Serialize, Debug)]
pub(super) struct Permission {
    #[serde(rename = "permission")]
    pub(super) name: String,
    pub(super) status: Status,
}

/// What the viewer said.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Granted,
    Declined,
}

impl Status {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Declined => "declined",
        }
    }
}
