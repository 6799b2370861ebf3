//! Consent records: what a person chose, committed to in the log under their own name there.
//!
//! ```text
//! person       = SHA-256("cs1:pair" ‖ secret)[..16]        a pairwise id toward a partner without a name
//! salt_i       = SHA-256("cs1:salt" ‖ seed ‖ i)            as for records, see [`record`](crate::record)
//! commitment_i = SHA-256("cs1:cons" ‖ salt_i ‖ person (16) ‖ consent record_i, canonical JSON)
//! records      = RFC 6962 root over the commitments, which a `consents` entry carries
//! ```
//!
//! A person's consent records are numbered from 1, without a gap; number 0 says what they began with,
//! unless that is [`Settings::DEFAULT`], and may stand behind the first disclosures about them. A record may stand
//! in the log twice, equal both times, when a crash came between: the second says nothing new. Until a person's first
//! settings record they have what they began with. What closes something is in force before its
//! entry, what opens something only after. Behind an erasure there are none but holds.
//!
//! What it is not: a consent record does not say who chose, but what the platform says was chosen. A
//! person who did not choose it sees it in their ledger.

use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::grant::Grant;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{PairwiseId, Secret};
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::canonical::{self, CanonicalError};
use crate::merkle::{self, Frontier, Hash};
use crate::record::{Seed, own_id, salt};

const CONSENT_TAG: &[u8; 8] = b"cs1:cons";

/// One choice of a person's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentRecord {
    /// Its number among the person's own, from 1; 0 is what they began with.
    pub number: u64,
    /// When it was made.
    pub time: Timestamp,
    /// What was chosen.
    pub choice: Choice,
}

/// What a person chose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Choice {
    /// What is open, on all routes, until the next such record.
    Settings(OpenFields),
    /// A grant to a client, which holds until it ends.
    Grant(GrantGiven),
    /// The end of a grant before its time.
    GrantEnded {
        /// Its name.
        grant: GrantName,
    },
    /// Erasure: everything is closed and every grant ended from here on, and what is kept of the person is
    /// destroyed after a close of its period, or later if a hold says so. Only holds may follow.
    Erased {},
    /// A legal hold, in place of the one before: erasure destroys no record of the person before its end.
    Hold {
        /// The first second in which it no longer holds; one that is past ends the hold before.
        until: Timestamp,
    },
}

/// The open fields of each route.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenFields {
    /// See [`Route::FriendsApp`].
    pub friends_app: Fields,
    /// See [`Route::FriendsDevice`].
    pub friends_device: Fields,
    /// See [`Route::MyApp`].
    pub my_app: Fields,
    /// See [`Route::MyDevice`].
    pub my_device: Fields,
}

/// A grant as it was given.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantGiven {
    /// The client that may ask.
    pub client: Identifier,
    /// The fields of friends.
    pub friend: Fields,
    /// Its name.
    pub grant: GrantName,
    /// For what.
    pub purpose: Identifier,
    /// The first second in which it no longer holds.
    pub until: Timestamp,
    /// The fields of the viewer's own.
    pub viewer: Fields,
}

/// A field set in a consent record: 32 lower-case hexadecimal digits, big-endian, bit n is field n.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fields(pub FieldSet);

/// A grant's random name: 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrantName(pub [u8; 16]);

/// Text that is not 16 bytes in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found_chars} characters that are not 32 lower-case hexadecimal digits")]
pub struct NotHex {
    found_chars: usize,
}

impl std::fmt::Debug for GrantName {
    /// Says nothing: it names what one person agreed to.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GrantName(…)")
    }
}

impl TryFrom<String> for Fields {
    type Error = NotHex;

    fn try_from(text: String) -> Result<Self, NotHex> {
        Ok(Self(FieldSet::from_bits(u128::from_be_bytes(from_hex(&text)?))))
    }
}

impl From<Fields> for String {
    fn from(fields: Fields) -> Self {
        const_hex::encode(fields.0.bits().to_be_bytes())
    }
}

impl TryFrom<String> for GrantName {
    type Error = NotHex;

    fn try_from(text: String) -> Result<Self, NotHex> {
        Ok(Self(from_hex(&text)?))
    }
}

impl From<GrantName> for String {
    fn from(name: GrantName) -> Self {
        const_hex::encode(name.0)
    }
}

fn from_hex(text: &str) -> Result<[u8; 16], NotHex> {
    let mut bytes = [0; 16];
    let not_hex = || NotHex { found_chars: text.chars().count() };
    const_hex::decode_to_slice(text, &mut bytes).map_err(|_| not_hex())?;
    // One spelling: no prefix, no upper case.
    if const_hex::encode(bytes) == text { Ok(bytes) } else { Err(not_hex()) }
}

impl From<Settings> for OpenFields {
    fn from(settings: Settings) -> Self {
        let open = |route| Fields(settings.open(route));
        Self {
            friends_app: open(Route::FriendsApp),
            friends_device: open(Route::FriendsDevice),
            my_app: open(Route::MyApp),
            my_device: open(Route::MyDevice),
        }
    }
}

impl From<OpenFields> for Settings {
    fn from(open: OpenFields) -> Self {
        Self::CLOSED
            .with(Route::FriendsApp, open.friends_app.0)
            .with(Route::FriendsDevice, open.friends_device.0)
            .with(Route::MyApp, open.my_app.0)
            .with(Route::MyDevice, open.my_device.0)
    }
}

impl GrantGiven {
    /// A grant under its name.
    #[must_use]
    pub fn of(name: GrantName, grant: &Grant) -> Self {
        Self {
            client: grant.client.clone(),
            friend: Fields(grant.friend),
            grant: name,
            purpose: grant.purpose.clone(),
            until: grant.until,
            viewer: Fields(grant.viewer),
        }
    }
}

impl ConsentRecord {
    /// The record as bytes, in canonical form.
    ///
    /// # Errors
    /// [`CanonicalError::Number`] for a number or a time beyond 2^53.
    pub fn to_bytes(&self) -> Result<Vec<u8>, CanonicalError> {
        canonical::to_bytes(self)
    }

    /// Reads a record, in its one spelling.
    ///
    /// # Errors
    /// [`CanonicalError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, CanonicalError> {
        canonical::from_bytes(bytes)
    }
}

impl std::fmt::Display for ConsentRecord {
    /// What it says in a line, for the person.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "choice {}: ", self.number)?;
        match &self.choice {
            Choice::Settings(_) => f.write_str("settings"),
            Choice::Grant(given) => write!(f, "a grant to {} for {}", given.client, given.purpose),
            Choice::GrantEnded { .. } => f.write_str("the end of a grant"),
            Choice::Erased {} => f.write_str("erasure"),
            Choice::Hold { until } => write!(f, "a legal hold until {until}"),
        }
    }
}

/// The commitment to a consent record, given as its bytes, of the person of this name.
#[must_use]
pub fn consent_commitment(salt: &Hash, person: PairwiseId, record: &[u8]) -> Hash {
    Sha256::new()
        .chain_update(CONSENT_TAG)
        .chain_update(salt)
        .chain_update(person.0)
        .chain_update(record)
        .finalize()
        .into()
}

/// The commitments to a batch of consent records, each of the person with this secret, in their order.
pub fn commitments<'a>(
    seed: &'a Seed,
    records: impl IntoIterator<Item = (&'a Secret, &'a [u8])> + 'a,
) -> impl Iterator<Item = Hash> + 'a {
    records.into_iter().zip(0..).map(|((secret, record), position)| {
        consent_commitment(&salt(seed, position), own_id(secret), record)
    })
}

/// The root over commitments, which an entry carries as `records`.
#[must_use]
pub fn commitments_root(commitments: impl IntoIterator<Item = Hash>) -> Digest {
    let mut tree = Frontier::new();
    for commitment in commitments {
        tree.push(merkle::leaf_hash(&commitment));
    }
    Digest(tree.root())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> ConsentRecord {
        let open = Settings::CLOSED.with(Route::FriendsApp, FieldSet::from_bits(0b101));
        ConsentRecord {
            number: 1,
            time: Timestamp::from_seconds(1_528_070_400),
            choice: Choice::Settings(open.into()),
        }
    }

    fn grant() -> ConsentRecord {
        let grant = Grant {
            client: Identifier::parse("home").unwrap(),
            purpose: Identifier::parse("contacts").unwrap(),
            viewer: FieldSet::from_bits(7),
            friend: FieldSet::from_bits(1 << 127),
            until: Timestamp::from_seconds(1_528_074_000),
        };
        let given = GrantGiven::of(GrantName([0xab; 16]), &grant);
        let time = Timestamp::from_seconds(1_528_070_401);
        ConsentRecord { number: 2, time, choice: Choice::Grant(given) }
    }

    /// The root was computed with Python's hashlib and json from the header's formulas; see
    /// vectors/README.md.
    #[test]
    fn the_formats_are_what_the_header_says() {
        let ended = Choice::GrantEnded { grant: GrantName([0xab; 16]) };
        let ended = ConsentRecord { number: 3, choice: ended, ..grant() };
        let bytes = [settings(), grant(), ended].map(|record| record.to_bytes().unwrap());
        let secret = Secret([1; 32]);
        let records = bytes.iter().map(|record| (&secret, record.as_slice()));
        let root = commitments_root(commitments(&Seed([2; 32]), records));
        assert_eq!(root.to_string(), include_str!("../vectors/consents.txt").trim());
    }

    #[test]
    fn a_record_is_its_bytes_and_has_one_spelling() {
        for record in [settings(), grant()] {
            let bytes = record.to_bytes().unwrap();
            assert_eq!(ConsentRecord::parse(&bytes), Ok(record));
        }
        let text = String::from_utf8(grant().to_bytes().unwrap()).unwrap();
        for (from, to) in [("abab", "ABab"), ("\"number\":2", "\"number\":2.0"), ("8000", "080")] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text);
            assert!(ConsentRecord::parse(changed.as_bytes()).is_err(), "{changed} was read");
        }
    }

    #[test]
    fn erasure_and_holds_have_one_spelling() {
        let record = |choice: &str| {
            format!("{{\"choice\":{choice},\"number\":3,\"time\":1528070401}}").into_bytes()
        };
        let hold = Choice::Hold { until: Timestamp::from_seconds(1_528_074_000) };
        for (choice, text) in
            [(Choice::Erased {}, r#"{"erased":{}}"#), (hold, r#"{"hold":{"until":1528074000}}"#)]
        {
            let read = ConsentRecord::parse(&record(text)).unwrap();
            assert_eq!(read, ConsentRecord { number: 3, choice, ..grant() });
            assert_eq!(read.to_bytes().unwrap(), record(text));
        }
        for other in [
            r#""erased""#,
            r#"{"erased":null}"#,
            r#"{"erased":[]}"#,
            r#"{"erased":{"until":1}}"#,
            r#"{"hold":{}}"#,
            r#"{"hold":{"until":1,"why":"x"}}"#,
            r#"{"erased":{},"hold":{"until":1}}"#,
        ] {
            assert!(ConsentRecord::parse(&record(other)).is_err(), "{other} was read");
        }
    }

    #[test]
    fn every_route_of_the_settings_is_kept() {
        for route in Route::ALL {
            let settings = Settings::CLOSED.with(route, FieldSet::from_bits(9));
            assert_eq!(Settings::from(OpenFields::from(settings)), settings);
        }
    }
}
