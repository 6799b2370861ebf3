//! Why a field was withheld: a closed list, so that people and reviewers always get an answer.

use serde::{Deserialize, Serialize};

/// The one reason for which a field was withheld. Partners never see it; reviewers and the person do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The agreement does not give it for this purpose and relation, or is not in force.
    Agreement,
    /// The build did not declare it, or is not approved.
    Build,
    /// The viewer did not grant it.
    Grant,
    /// The person's own settings keep it closed on this route.
    Settings,
    /// A wind-down step ended it.
    WindDown,
    /// The partner's certification for it has lapsed.
    Certification,
    /// An obligation of the partner is overdue.
    Obligation,
    /// The partner or the client is suspended.
    Suspended,
    /// Screening of the partner is undecided, or went against it.
    Screening,
    /// A rule about the partner's country.
    Territory,
    /// A rule about minors.
    Minor,
    /// A rule about special categories of data (GDPR Art. 9).
    SpecialCategory,
    /// A budget is used up.
    Budget,
}
