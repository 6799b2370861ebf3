//! The ledger bundle: the file that a person is given.
//!
//! ```text
//! bundle   = "cs1ledg\n" ‖ version (4) ‖ checkpoint: blob ‖ account: blob ‖ history: blob ‖ vrf (32)
//!          ‖ many secret ‖ many close ‖ searched (8) ‖ many document ‖ many entry ‖ many item ‖ many hash
//! secret   = version (8) ‖ secret (32)
//! close    = index (8) ‖ epoch (8) ‖ directory root (32) ‖ people (8) ‖ person index (32) ‖ time (8) ‖ until (8)
//!          ‖ many shown
//! shown    = secret's place (2) ‖ proof: blob
//! document = blob
//! entry    = index (8) ‖ blob
//! item     = secret's place (2) ‖ index (8) ‖ position (4) ‖ count (4) ‖ salt (32) ‖ opening ‖ many hash
//! opening  = 0 (1) ‖ relation (1) ‖ fields (16)         a record
//!          | 1 (1) ‖ blob                               a consent record, in canonical form
//! blob     = length (4) ‖ bytes
//! many x   = count (4) ‖ count × x
//! ```
//!
//! Closes are those of the periods from 0 on. What a close says that is not here follows from the one
//! before it: its number, where it begins and what it calls its previous one.
//!
//! What it is not: to be believed. Reading it says no more than that it is one.

use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::person::Secret;
use countersign_domain::relation::Relation;
use countersign_domain::time::Timestamp;

use crate::merkle::Hash;
use crate::packed::{Kind, PackedError, Reader, begin, put_blob, put_hashes, put_many};

/// The version of the format.
pub const BUNDLE_VERSION: u32 = 1;
/// The longest bundle: some hundred years of a person's, and what a reader's memory takes.
pub const BUNDLE_BYTES_MAX: usize = 256 << 20;

const KIND: Kind = Kind {
    name: "ledger bundle",
    magic: *b"cs1ledg\n",
    version: BUNDLE_VERSION,
    bytes_max: BUNDLE_BYTES_MAX,
};

/// What a person is given.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// The signed note of the checkpoint that everything is proved against.
    pub checkpoint: Vec<u8>,
    /// The account, as the platform names it.
    pub account: String,
    /// The account's history in the directory, against the newest close's root of it.
    pub history: Vec<u8>,
    /// The public key under which the directory names accounts.
    pub vrf: Digest,
    /// The account's secrets, by their version in the directory.
    pub secrets: Vec<VersionedSecret>,
    /// The closes of all periods from the first one on.
    pub closes: Vec<ShownClose>,
    /// The first entry that was not searched for what is in no period yet.
    pub searched: u64,
    /// The documents that entries speak of: field schema and agreements.
    pub documents: Vec<Vec<u8>>,
    /// The entries that are shown, in the order of the log.
    pub entries: Vec<ShownEntry>,
    /// What the log holds about the person, in the order of the log.
    pub items: Vec<ShownItem>,
    /// The shared proof of all entries and of the newest close.
    pub proof: Vec<Hash>,
}

/// A secret of an account's.
#[derive(Clone)]
pub struct VersionedSecret {
    /// Which of the account's versions it is.
    pub version: u64,
    /// The secret.
    pub secret: Secret,
}

impl std::fmt::Debug for VersionedSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VersionedSecret({}, …)", self.version)
    }
}

/// What of a close does not follow from the close before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownClose {
    /// Where it stands in the log.
    pub index: u64,
    /// The directory's epoch.
    pub epoch: u64,
    /// The directory's root.
    pub directory: Digest,
    /// How many people the index has.
    pub people: u64,
    /// The root of the index.
    pub person_index: Digest,
    /// When it was appended.
    pub time: Timestamp,
    /// The first entry after its period.
    pub until: u64,
    /// What the index has of the person.
    pub shown: Vec<ShownProof>,
}

/// What an index has under the label of one of the person's secrets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownProof {
    /// The secret's place among those of the bundle.
    pub secret: u16,
    /// The proof, as [`Proof::to_bytes`](crate::person_index::Proof::to_bytes) writes it.
    pub proof: Vec<u8>,
}

/// An entry of the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownEntry {
    /// Where it stands.
    pub index: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// One record or consent record of the person's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ShownItem {
    /// The place of the secret that it is under.
    pub secret: u16,
    /// The entry that commits to it.
    pub index: u64,
    /// The commitment's place among those of the entry.
    pub position: u32,
    /// How many the entry has.
    pub count: u32,
    /// The salt of the commitment.
    pub salt: Hash,
    /// What the commitment is to.
    pub opening: Opening,
    /// The audit path from the commitment to the entry's root.
    pub path: Vec<Hash>,
}

/// What a commitment is to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opening {
    /// A record, without the pairwise id: that follows from secret and partner.
    Record {
        /// What the person was to the viewer.
        relation: Relation,
        /// The fields that were released.
        fields: FieldSet,
    },
    /// A consent record, in canonical form.
    Consent(Vec<u8>),
}

impl Opening {
    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, PackedError> {
        const PART: &str = "what an item is";
        match input.array(PART)? {
            [0] => {
                let relation = match input.array(PART)? {
                    [0] => Relation::Viewer,
                    [1] => Relation::Friend,
                    _ => return Err(input.unknown(PART)),
                };
                let fields = FieldSet::from_bits(u128::from_be_bytes(input.array(PART)?));
                Ok(Self::Record { relation, fields })
            }
            [1] => Ok(Self::Consent(input.blob(PART)?)),
            _ => Err(input.unknown(PART)),
        }
    }

    pub(crate) fn put(out: &mut Vec<u8>, opening: &Self) {
        match opening {
            Self::Record { relation, fields } => {
                let relation = match relation {
                    Relation::Viewer => 0,
                    Relation::Friend => 1,
                };
                out.extend_from_slice(&[0, relation]);
                out.extend_from_slice(&fields.bits().to_be_bytes());
            }
            Self::Consent(record) => {
                out.push(1);
                put_blob(out, record);
            }
        }
    }
}

impl ShownEntry {
    pub(crate) fn read(input: &mut Reader<'_>) -> Result<Self, PackedError> {
        let index = input.u64("an entry's index")?;
        Ok(Self { index, bytes: input.blob("an entry")? })
    }

    pub(crate) fn put(out: &mut Vec<u8>, Self { index, bytes }: &Self) {
        out.extend_from_slice(&index.to_be_bytes());
        put_blob(out, bytes);
    }
}

impl Bundle {
    /// The bundle as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = begin(&KIND);
        let out = &mut bytes;
        for part in [&self.checkpoint[..], self.account.as_bytes(), &self.history] {
            put_blob(out, part);
        }
        out.extend_from_slice(&self.vrf.0);
        put_many(out, &self.secrets, |out, VersionedSecret { version, secret }| {
            out.extend_from_slice(&version.to_be_bytes());
            out.extend_from_slice(&secret.0);
        });
        put_many(out, &self.closes, put_close);
        out.extend_from_slice(&self.searched.to_be_bytes());
        put_many(out, &self.documents, |out, document| put_blob(out, document));
        put_many(out, &self.entries, ShownEntry::put);
        put_many(out, &self.items, put_item);
        put_hashes(out, &self.proof);
        bytes
    }

    /// Reads a bundle, in its one spelling.
    ///
    /// # Errors
    /// [`PackedError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PackedError> {
        let mut input = Reader::begin(bytes, &KIND)?;
        let bundle = Self {
            checkpoint: input.blob("the checkpoint")?,
            account: input.text("the account")?,
            history: input.blob("the directory's history")?,
            vrf: input.digest("the directory's key")?,
            secrets: input.many("the secrets", 40, secret)?,
            closes: input.many("the closes", 108, close)?,
            searched: input.u64("the end of the search")?,
            documents: input.many("the documents", 4, |input| input.blob("a document"))?,
            entries: input.many("the entries", 12, ShownEntry::read)?,
            items: input.many("the items", 59, item)?,
            proof: input.hashes()?,
        };
        input.end()?;
        Ok(bundle)
    }
}

fn secret(input: &mut Reader<'_>) -> Result<VersionedSecret, PackedError> {
    let version = input.u64("a secret's version")?;
    Ok(VersionedSecret { version, secret: Secret(input.array("a secret")?) })
}

fn close(input: &mut Reader<'_>) -> Result<ShownClose, PackedError> {
    const PART: &str = "a close";
    Ok(ShownClose {
        index: input.u64(PART)?,
        epoch: input.u64(PART)?,
        directory: input.digest(PART)?,
        people: input.u64(PART)?,
        person_index: input.digest(PART)?,
        time: time(input, PART)?,
        until: input.u64(PART)?,
        shown: input.many("a close's proofs", 6, |input| {
            let secret = input.u16("a proof's secret")?;
            Ok(ShownProof { secret, proof: input.blob("a close's proof")? })
        })?,
    })
}

/// A time that is not cut: the entry would be another one.
fn time(input: &mut Reader<'_>, part: &'static str) -> Result<Timestamp, PackedError> {
    let seconds = input.u64(part)?;
    let time = Timestamp::from_seconds(seconds);
    if time.seconds() == seconds { Ok(time) } else { Err(input.unknown("a time")) }
}

fn item(input: &mut Reader<'_>) -> Result<ShownItem, PackedError> {
    const PART: &str = "an item";
    Ok(ShownItem {
        secret: input.u16(PART)?,
        index: input.u64(PART)?,
        position: input.u32(PART)?,
        count: input.u32(PART)?,
        salt: input.array(PART)?,
        opening: Opening::read(input)?,
        path: input.hashes()?,
    })
}

fn put_close(out: &mut Vec<u8>, close: &ShownClose) {
    for number in [close.index, close.epoch] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(&close.directory.0);
    out.extend_from_slice(&close.people.to_be_bytes());
    out.extend_from_slice(&close.person_index.0);
    for number in [close.time.seconds(), close.until] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    put_many(out, &close.shown, |out, ShownProof { secret, proof }| {
        out.extend_from_slice(&secret.to_be_bytes());
        put_blob(out, proof);
    });
}

fn put_item(out: &mut Vec<u8>, item: &ShownItem) {
    out.extend_from_slice(&item.secret.to_be_bytes());
    out.extend_from_slice(&item.index.to_be_bytes());
    for number in [item.position, item.count] {
        out.extend_from_slice(&number.to_be_bytes());
    }
    out.extend_from_slice(&item.salt);
    Opening::put(out, &item.opening);
    put_hashes(out, &item.path);
}
