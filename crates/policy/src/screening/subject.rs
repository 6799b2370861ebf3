//! Whom screening is about: a partner, its ultimate parent, and everybody who owns a share of it.

use countersign_domain::partner::{Country, Partner};
use serde::{Deserialize, Serialize};

/// A partner with those behind it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// The partner's legal name.
    pub name: String,
    /// The country of its seat.
    pub country: Country,
    /// Its ultimate parent, if it has one.
    pub parent: Option<Parent>,
    /// Who owns it, as far as the platform was told.
    pub owners: Vec<Owner>,
}

/// A partner's ultimate parent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// Its legal name; without it, only its country counts.
    pub name: Option<String>,
    /// The country of its seat.
    pub country: Country,
}

/// An owner: an organisation or a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The legal name.
    pub name: String,
    /// The country of seat or nationality.
    pub country: Country,
    /// The share held, in percent, rounded down.
    pub percent: u8,
    /// Who owns the owner, as far as the platform was told.
    #[serde(default)]
    pub owners: Vec<Owner>,
}

/// In what part somebody is screened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The partner itself.
    Partner,
    /// Its ultimate parent.
    Parent,
    /// An owner, or an owner's owner.
    Owner,
}

/// Somebody who is screened.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Party<'a> {
    /// In what part.
    pub role: Role,
    /// The legal name.
    pub name: &'a str,
    /// The country of seat or nationality.
    pub country: Country,
}

impl Subject {
    /// Everybody who has to be screened.
    #[must_use]
    pub fn parties(&self) -> Vec<Party<'_>> {
        let mut parties =
            vec![Party { role: Role::Partner, name: &self.name, country: self.country }];
        if let Some(Parent { name: Some(name), country }) = &self.parent {
            parties.push(Party { role: Role::Parent, name, country: *country });
        }
        // A list of those still to visit, not recursion: owners nest as deep as somebody writes them.
        let mut unvisited: Vec<&Owner> = self.owners.iter().collect();
        while let Some(owner) = unvisited.pop() {
            parties.push(Party { role: Role::Owner, name: &owner.name, country: owner.country });
            unvisited.extend(&owner.owners);
        }
        parties.sort();
        parties.dedup();
        parties
    }
}

impl Role {
    /// The role as it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Parent => "parent",
            Self::Owner => "owner",
        }
    }
}

impl From<&Partner> for Subject {
    /// What the register knows: owners without theirs.
    fn from(partner: &Partner) -> Self {
        let owner = |owner: &countersign_domain::partner::Owner| Owner {
            name: owner.name.clone(),
            country: owner.country,
            percent: owner.percent,
            owners: Vec::new(),
        };
        Self {
            name: partner.name.clone(),
            country: partner.country,
            parent: Some(Parent { name: partner.parent.clone(), country: partner.parent_country }),
            owners: partner.owners.iter().map(owner).collect(),
        }
    }
}
