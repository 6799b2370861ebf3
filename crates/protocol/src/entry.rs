//! Entries: the public leaves of the log, as section 3 of docs/protocol.md defines them. An entry is a JSON
//! object in canonical form (see [`crate::canonical`]); it names nobody.

use countersign_domain::act::{Act, Signer};
use countersign_domain::agreement::Delivery;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::Signature;
use countersign_domain::rounding::is_rounded;
use countersign_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::merkle::empty_root;

/// The version of the entry format.
pub const ENTRY_VERSION: u32 = 1;

/// The most bytes that an entry may have: an entry bundle gives its length two bytes.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// What act signatures begin with, so that they can be taken for nothing else.
const ACT_TAG: &str = "countersign/v1/act\n";

/// One leaf of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Entry {
    /// A governance act with the signatures of those who acted.
    Act(SignedAct),
    /// An answer to a client, which may have been released.
    Disclosure(Disclosure),
    /// What people chose.
    Consents(Consents),
    /// The end of a period.
    Close(Close),
}

/// A governance act with the signatures of those who acted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SignedAct {
    /// What was done.
    #[serde(flatten)]
    pub act: Act,
    /// When those who acted say that they did.
    pub time: Timestamp,
    /// Their signatures over [`SignedAct::message`].
    pub signatures: Vec<ActSignature>,
    /// [`ENTRY_VERSION`].
    pub v: u32,
}

/// One signature under an act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActSignature {
    /// Who signed.
    pub by: Signer,
    /// The Ed25519 signature.
    pub sig: Signature,
}

/// An answer to a client, without any person in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disclosure {
    /// The digests of the agreements that allowed it: those in force, in the order of their names.
    pub agreements: Vec<Digest>,
    /// How many entries of the log the decision had seen.
    pub as_of: u64,
    /// The build that asked.
    pub build: Identifier,
    /// Its client.
    pub client: Identifier,
    /// How many friends the answer says can be reached by paging, rounded up to a power of two; absent if it
    /// does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<u64>,
    /// How the answer was delivered.
    pub delivery: Delivery,
    /// The fields that were released of some friend, in the order of the schema.
    pub friend: Vec<String>,
    /// The kind of entry.
    pub kind: DisclosureKind,
    /// The recipient.
    pub partner: Identifier,
    /// How many people the answer is about, rounded up to a power of two.
    pub people: u64,
    /// What the data is for.
    pub purpose: Identifier,
    /// The root over the commitments to the records.
    pub records: Digest,
    /// The commitment to the request that was answered; see [`record`](crate::record).
    pub request: Digest,
    /// The fields that were released of the viewer, in the order of the schema.
    #[serde(rename = "self")]
    pub viewer: Vec<String>,
    /// When, to the second.
    pub time: Timestamp,
    /// [`ENTRY_VERSION`].
    pub v: u32,
}

/// What people chose, without any person in it; see [`consent`](crate::consent).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consents {
    /// The kind of entry.
    pub kind: ConsentsKind,
    /// The root over the commitments to the consent records.
    pub records: Digest,
    /// When it was appended, to the second.
    pub time: Timestamp,
    /// [`ENTRY_VERSION`].
    pub v: u32,
}

/// The end of a period: what it holds about everybody, as one root.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The directory at the end of the period.
    pub directory: DirectoryRoot,
    /// The first entry of the period; the first period begins at 0.
    pub from: u64,
    /// The kind of entry.
    pub kind: CloseKind,
    /// How many people the index has, which are those who have records or consent records in the period, rounded
    /// up to a power of two; 0 if there is nobody.
    pub people: u64,
    /// The number of the period, from 0.
    pub period: u64,
    /// The root of the [person index](crate::person_index).
    pub person_index: Digest,
    /// The close before; absent in the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousClose>,
    /// When it was appended, to the second.
    pub time: Timestamp,
    /// The first entry after the period. The close itself stands there or later.
    pub until: u64,
    /// [`ENTRY_VERSION`].
    pub v: u32,
}

/// The [directory](crate::directory) of accounts at some time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DirectoryRoot {
    /// Its epoch; 0 while nobody is in it.
    pub epoch: u64,
    /// Its root.
    pub root: Digest,
    /// The public key of its verifiable random function, under which accounts are named: one for ever. Zeros
    /// while nobody is in it.
    pub vrf: Digest,
}

impl DirectoryRoot {
    /// Of a directory in which nobody is.
    pub const EMPTY: Self = Self { epoch: 0, root: Digest([0; 32]), vrf: Digest([0; 32]) };
}

/// Where the close before stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PreviousClose {
    /// Its index in the log.
    pub index: u64,
    /// Its leaf hash.
    pub leaf: Digest,
}

/// The word that marks an entry as consents.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConsentsKind {
    /// `"kind":"consents"`.
    Consents,
}

/// The word that marks an entry as a close.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseKind {
    /// `"kind":"close"`.
    Close,
}

/// The word that marks an entry as a disclosure.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisclosureKind {
    /// `"kind":"disclosure"`.
    Disclosure,
}

/// Bytes that are not an entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Longer than an entry may be.
    #[error("{found_bytes} bytes are too many for an entry: {ENTRY_BYTES_MAX} are allowed")]
    TooLong {
        /// Its length.
        found_bytes: usize,
    },
    /// A version that this program does not know.
    #[error("entry version {found} is not known; this program reads version {ENTRY_VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// A root over no commitments at all.
    #[error(
        "`records` is the root of an empty tree; an entry of kind {kind} commits to one record or more"
    )]
    NoRecords {
        /// The kind of entry.
        kind: &'static str,
    },
    /// A number that is published exactly.
    #[error("`people` of the close is {found}; it is 0 or rounded up to a power of two")]
    NotRounded {
        /// The number found.
        found: u64,
    },
    /// Not of the form.
    #[error(transparent)]
    Form(#[from] CanonicalError),
}

impl SignedAct {
    /// An act that nobody has signed yet.
    #[must_use]
    pub const fn unsigned(act: Act, time: Timestamp) -> Self {
        Self { act, time, signatures: Vec::new(), v: ENTRY_VERSION }
    }

    /// What each of those who act signs: tag ‖ origin ‖ newline ‖ the entry without its signatures.
    ///
    /// # Errors
    /// [`CanonicalError`] if the act holds something that an entry cannot.
    pub fn message(&self, origin: &str) -> Result<Vec<u8>, CanonicalError> {
        let unsigned = Self { signatures: Vec::new(), ..self.clone() };
        let mut value = serde_json::to_value(&unsigned)
            .map_err(|error| CanonicalError::Shape { reason: error.to_string() })?;
        if let Some(members) = value.as_object_mut() {
            members.remove("signatures");
        }
        let mut message = [ACT_TAG, origin, "\n"].concat().into_bytes();
        message.extend(canonical::to_bytes(&value)?);
        Ok(message)
    }
}

impl Entry {
    /// The entry as bytes.
    ///
    /// # Errors
    /// [`EntryError`] if it holds something that an entry cannot, or is too long.
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        let bytes = match self {
            Self::Act(act) => canonical::to_bytes(act)?,
            Self::Disclosure(disclosure) => canonical::to_bytes(disclosure)?,
            Self::Consents(consents) => canonical::to_bytes(consents)?,
            Self::Close(close) => canonical::to_bytes(close)?,
        };
        check_length(&bytes)?;
        Ok(bytes)
    }

    /// Reads an entry, in its one spelling.
    ///
    /// # Errors
    /// [`EntryError`]: too long, of another version, of an unknown kind or key, not canonical, without a record
    /// where there has to be one, or with an exact number of people in a close.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        /// What is read first, whatever else there is.
        #[derive(Deserialize)]
        struct Head {
            kind: String,
            v: u32,
        }
        check_length(bytes)?;
        let head: Head = serde_json::from_slice(bytes)
            .map_err(|error| CanonicalError::Shape { reason: error.to_string() })?;
        if head.v != ENTRY_VERSION {
            return Err(EntryError::UnknownVersion { found: head.v });
        }
        let entry = match head.kind.as_str() {
            "disclosure" => Self::Disclosure(canonical::from_bytes(bytes)?),
            "consents" => Self::Consents(canonical::from_bytes(bytes)?),
            "close" => Self::Close(canonical::from_bytes(bytes)?),
            _ => Self::Act(canonical::from_bytes(bytes)?),
        };
        entry.check_values()?;
        Ok(entry)
    }

    /// What the form asks of values beyond their types.
    ///
    /// # Errors
    /// [`EntryError::NoRecords`], [`EntryError::NotRounded`].
    pub fn check_values(&self) -> Result<(), EntryError> {
        let records = match self {
            Self::Disclosure(disclosure) => disclosure.records,
            Self::Consents(consents) => consents.records,
            Self::Close(Close { people, .. }) if !is_rounded(*people) => {
                return Err(EntryError::NotRounded { found: *people });
            }
            Self::Act(_) | Self::Close(_) => return Ok(()),
        };
        if records.0 == empty_root() {
            return Err(EntryError::NoRecords { kind: self.kind() });
        }
        Ok(())
    }

    /// The word for its kind, as the entry has it.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Act(act) => act.act.kind(),
            Self::Disclosure(_) => "disclosure",
            Self::Consents(_) => "consents",
            Self::Close(_) => "close",
        }
    }

    /// When it happened, as the entry says.
    #[must_use]
    pub const fn time(&self) -> Timestamp {
        match self {
            Self::Act(act) => act.time,
            Self::Disclosure(disclosure) => disclosure.time,
            Self::Consents(consents) => consents.time,
            Self::Close(close) => close.time,
        }
    }
}

const fn check_length(bytes: &[u8]) -> Result<(), EntryError> {
    if bytes.len() > ENTRY_BYTES_MAX {
        return Err(EntryError::TooLong { found_bytes: bytes.len() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use countersign_domain::act::{Subject, Suspension};

    use super::*;

    fn suspension() -> SignedAct {
        let subject = Subject::Partner(Identifier::parse("aurora").unwrap());
        let act = Act::Suspension(Suspension { subject, reason: "audit".to_owned() });
        SignedAct::unsigned(act, Timestamp::from_seconds(1_528_070_400))
    }

    #[test]
    fn an_entry_is_its_bytes() {
        let entry = Entry::Act(suspension());
        let bytes = entry.to_bytes().unwrap();
        assert_eq!(
            String::from_utf8(bytes.clone()).unwrap(),
            r#"{"kind":"suspension","reason":"audit","signatures":[],"subject":"partner:aurora","time":1528070400,"v":1}"#
        );
        assert_eq!(Entry::parse(&bytes), Ok(entry));
    }

    #[test]
    fn unknown_kinds_keys_and_versions_are_refused() {
        let bytes = String::from_utf8(Entry::Act(suspension()).to_bytes().unwrap()).unwrap();
        for (from, to) in [
            ("\"kind\":\"suspension\"", "\"kind\":\"suspicion\""),
            ("\"time\"", "\"note\":1,\"time\""),
            ("\"v\":1", "\"v\":2"),
            ("\"v\":1", "\"v\":1.0"),
            ("{", "{ "),
        ] {
            let changed = bytes.replacen(from, to, 1);
            assert_ne!(changed, bytes);
            assert!(Entry::parse(changed.as_bytes()).is_err(), "{changed} was read");
        }
    }

    #[test]
    fn an_entry_without_records_and_a_close_with_an_exact_number_are_refused() {
        let (time, v) = (Timestamp::from_seconds(1_528_070_400), ENTRY_VERSION);
        let consents =
            |records| Entry::Consents(Consents { kind: ConsentsKind::Consents, records, time, v });
        let parsed = |entry: &Entry| Entry::parse(&entry.to_bytes().unwrap()).map(drop);
        assert_eq!(parsed(&consents(Digest([1; 32]))), Ok(()));
        let refused = parsed(&consents(Digest(empty_root())));
        assert_eq!(refused, Err(EntryError::NoRecords { kind: "consents" }));
        let close = |people| {
            Entry::Close(Close {
                directory: DirectoryRoot::EMPTY,
                from: 0,
                kind: CloseKind::Close,
                people,
                period: 0,
                person_index: Digest([1; 32]),
                previous: None,
                time,
                until: 1,
                v,
            })
        };
        for people in [0, 1, 2, 4, 1 << 40] {
            assert_eq!(parsed(&close(people)), Ok(()), "{people}");
        }
        for found in [3, 7, (1 << 40) + 1] {
            assert_eq!(parsed(&close(found)), Err(EntryError::NotRounded { found }));
        }
    }

    #[test]
    fn signatures_cover_origin_and_act_and_not_themselves() {
        let act = suspension();
        let message = String::from_utf8(act.message("log.example").unwrap()).unwrap();
        assert_eq!(
            message,
            "countersign/v1/act\nlog.example\n{\"kind\":\"suspension\",\"reason\":\"audit\",\"subject\":\"partner:aurora\",\"time\":1528070400,\"v\":1}"
        );
    }
}
