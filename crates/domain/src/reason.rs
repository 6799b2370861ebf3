//! Why a field was withheld: a closed list, so that people and reviewers always see one.

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

impl Reason {
    /// All of them. A reason's place is its code in stored annexes and in evidence packs, so none ever moves.
    pub const ALL: [Self; 13] = [
        Self::Agreement,
        Self::Build,
        Self::Grant,
        Self::Settings,
        Self::WindDown,
        Self::Certification,
        Self::Obligation,
        Self::Suspended,
        Self::Screening,
        Self::Territory,
        Self::Minor,
        Self::SpecialCategory,
        Self::Budget,
    ];

    /// Its name, as documents and metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Build => "build",
            Self::Grant => "grant",
            Self::Settings => "settings",
            Self::WindDown => "wind_down",
            Self::Certification => "certification",
            Self::Obligation => "obligation",
            Self::Suspended => "suspended",
            Self::Screening => "screening",
            Self::Territory => "territory",
            Self::Minor => "minor",
            Self::SpecialCategory => "special_category",
            Self::Budget => "budget",
        }
    }

    /// Its place in [`Reason::ALL`].
    #[must_use]
    pub fn code(self) -> u8 {
        Self::ALL
            .iter()
            .zip(0..)
            .find(|(known, _)| **known == self)
            .map_or(u8::MAX, |(_, code)| code)
    }

    /// The reason of this code.
    #[must_use]
    pub fn of_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_named_as_it_is_written() {
        for reason in Reason::ALL {
            let written = serde_json::to_string(&reason).unwrap();
            assert_eq!(written, format!("{:?}", reason.name()));
        }
    }
}
