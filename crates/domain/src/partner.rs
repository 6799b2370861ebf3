//! A partner: a legal entity that may receive data.

use serde::{Deserialize, Serialize};

use crate::identifier::Identifier;
use crate::key::PublicKey;

/// A partner as the register knows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// The name under which entries speak of it.
    pub id: Identifier,
    /// The legal name.
    pub name: String,
    /// The country of its seat.
    pub country: Country,
    /// The legal name of its ultimate parent, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The country of its ultimate parent; its own, if it has none.
    pub parent_country: Country,
    /// Who owns it, as far as the platform was told.
    pub owners: Vec<Owner>,
    /// The key with which it signs agreements and builds.
    pub key: PublicKey,
}

impl Partner {
    /// Whether both are the same as far as screening goes: name, seat, parent and owners.
    #[must_use]
    pub fn is_same_entity(&self, other: &Self) -> bool {
        let entity =
            |partner: &Self| Self { key: self.key, id: self.id.clone(), ..partner.clone() };
        entity(self) == entity(other)
    }

    /// Whether it is in a country of concern, or controlled from one: by its ultimate parent, or by owners
    /// there who hold this share together (28 CFR 202.211).
    #[must_use]
    pub fn is_of_concern(&self, percent_min: u32) -> bool {
        let owned = self.owners.iter().filter(|owner| owner.country.is_of_concern());
        let percent: u32 = owned.map(|owner| u32::from(owner.percent)).sum();
        self.country.is_of_concern()
            || self.parent_country.is_of_concern()
            || percent >= percent_min
    }
}

/// An owner of a partner.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The owner's legal name.
    pub name: String,
    /// The country of its seat.
    pub country: Country,
    /// The share that it holds, in percent, rounded down.
    pub percent: u8,
}

/// An ISO 3166-1 alpha-2 country code, as `DE`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Country([u8; 2]);

/// A text that is not a [`Country`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a country code: two capital letters (ISO 3166-1) are expected")]
pub struct NotACountry {
    /// The text as it came.
    pub found: String,
}

impl Country {
    /// The countries of concern of 28 CFR 202.601. China includes Hong Kong and Macau, which have codes of
    /// their own. PADFA names four of them: CN (with HK and MO), IR, KP and RU.
    const OF_CONCERN: [Self; 8] = [
        Self(*b"CN"),
        Self(*b"CU"),
        Self(*b"HK"),
        Self(*b"IR"),
        Self(*b"KP"),
        Self(*b"MO"),
        Self(*b"RU"),
        Self(*b"VE"),
    ];

    /// Whether it is a country of concern under 28 CFR 202.601.
    #[must_use]
    pub fn is_of_concern(self) -> bool {
        Self::OF_CONCERN.contains(&self)
    }

    /// Reads two capital letters.
    ///
    /// # Errors
    /// [`NotACountry`] for any other text.
    pub fn parse(text: &str) -> Result<Self, NotACountry> {
        match *text.as_bytes() {
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Ok(Self([a, b])),
            _ => Err(NotACountry { found: text.to_owned() }),
        }
    }
}

impl std::fmt::Display for Country {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl TryFrom<String> for Country {
    type Error = NotACountry;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Country> for String {
    fn from(country: Country) -> Self {
        country.to_string()
    }
}
