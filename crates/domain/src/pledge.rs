//! A pledge: what an agreement promises about every request that could ever be made. `countersign
//! agreement prove` proves it, or shows a request that breaks it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identifier::Identifier;
use crate::partner::Country;
use crate::time::Timestamp;

/// A promise about every request.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PledgeDocument {
    /// A build that is not approved, or was revoked, gets nothing.
    ApprovedBuilds,
    /// Outside of its validity nothing is released, and after a wind-down step nothing of what ended.
    Validity,
    /// No field of a friend without that friend's setting and the viewer's grant.
    Consent,
    /// This purpose never opens a special category of data (GDPR Art. 9).
    NoSpecialCategories(Identifier),
    /// Of friends who are minors nothing but these fields.
    Minors(Vec<String>),
    /// Nothing unless the seats of partner and ultimate parent are in these countries.
    Territory(Vec<Country>),
    /// Nothing from this instant on.
    EndsBy(Timestamp),
    /// Nothing of friends from this instant on.
    FriendsEndBy(Timestamp),
    /// Never any of these fields, of anybody.
    Never(Vec<String>),
    /// Nothing that was not certified within so many days.
    CertifiedWithinDays(u32),
}

impl PledgeDocument {
    /// The names that pledges have in files.
    pub const NAMES: [&'static str; 10] = [
        "approved_builds",
        "validity",
        "consent",
        "no_special_categories",
        "minors",
        "territory",
        "ends_by",
        "friends_end_by",
        "never",
        "certified_within_days",
    ];
}

impl fmt::Display for PledgeDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ApprovedBuilds => {
                f.write_str("a build that is not approved, or was revoked, gets nothing")
            }
            Self::Validity => f.write_str(
                "outside of its validity nothing is released, and after a wind-down step nothing of what ended",
            ),
            Self::Consent => f.write_str(
                "no field of a friend is released without that friend's setting and the viewer's grant",
            ),
            Self::NoSpecialCategories(purpose) => {
                write!(f, "purpose {purpose} never opens a special category of data")
            }
            Self::Minors(fields) => {
                write!(f, "of friends who are minors nothing is released but: {}", listed(fields))
            }
            Self::Territory(countries) => write!(
                f,
                "nothing is released unless partner and ultimate parent are in: {}",
                listed(countries)
            ),
            Self::EndsBy(at) => write!(f, "nothing is released from {at} on"),
            Self::FriendsEndBy(at) => write!(f, "nothing of friends is released from {at} on"),
            Self::Never(fields) => write!(f, "never released: {}", listed(fields)),
            Self::CertifiedWithinDays(days) => {
                write!(f, "nothing is released that was not certified within {days} days")
            }
        }
    }
}

fn listed<T: fmt::Display>(items: &[T]) -> String {
    if items.is_empty() {
        return "nothing".to_owned();
    }
    items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
}
