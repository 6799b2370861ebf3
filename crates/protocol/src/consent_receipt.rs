//! Consent receipts: the platform's signature, for the person, on what they chose and where in the log
//! it stands. With the log's public files it proves that the choice is there; alone, that it was promised.
//!
//! ```text
//! base64url(receipt) "." base64url(signature)
//! receipt   = JSON in canonical form, see ConsentReceipt
//! signature = Ed25519 over "countersign/v1/consent-receipt" ‖ newline ‖ receipt, by the key `receipts` of the log's keys entry
//! ```

use std::convert::Infallible;

use countersign_domain::digest::Digest;
use countersign_domain::key::{PublicKey, Signature};
use countersign_domain::person::PairwiseId;
use countersign_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::canonical::{self, CanonicalError};
use crate::consent::{ConsentRecord, consent_commitment};
use crate::entry::{Consents, ConsentsKind, ENTRY_VERSION, Entry, EntryError};
use crate::merkle::{self, Hash, Nodes, ProofError, leaf_hash, node_hash, prove_inclusion};
use crate::{replay, signed_text};

/// The version of the format.
pub const CONSENT_RECEIPT_VERSION: u32 = 1;
/// The header that carries a consent receipt.
pub const CONSENT_RECEIPT_HEADER: &str = "countersign-consent-receipt";

const TAG: &[u8] = b"countersign/v1/consent-receipt\n";

/// What a consent receipt says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentReceipt {
    /// How many consent records the entry commits to.
    pub count: u32,
    /// By when the entry will be in a published checkpoint.
    pub deadline: Timestamp,
    /// Where in the log the entry stands.
    pub index: u64,
    /// The log.
    pub origin: String,
    /// From the commitment to `records`: the RFC 6962 audit path.
    pub path: Vec<Digest>,
    /// The person's own name; see [`consent`](crate::consent).
    pub person: String,
    /// The place of the commitment among those of the entry.
    pub position: u32,
    /// What was chosen.
    pub record: ConsentRecord,
    /// The root over the commitments, as the entry has it.
    pub records: Digest,
    /// The salt of the commitment.
    pub salt: Digest,
    /// The entry's time.
    pub time: Timestamp,
    /// [`CONSENT_RECEIPT_VERSION`].
    pub v: u32,
}

/// A text that is not a consent receipt, or one that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentReceiptError {
    /// Not `base64url.base64url`.
    #[error("a consent receipt is two base64url texts with a dot between them")]
    Shape,
    /// Another version.
    #[error(
        "consent receipt version {found} is not known; this program reads version {CONSENT_RECEIPT_VERSION}"
    )]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// Not in canonical form.
    #[error(transparent)]
    Form(#[from] CanonicalError),
    /// The person's name is none.
    #[error("the person's name in the receipt is not 32 hexadecimal digits")]
    Person,
    /// The signature does not hold.
    #[error("the consent receipt's signature does not hold under the log's receipt key")]
    Signature,
    /// The record is not under the root that the receipt names.
    #[error("the receipt does not prove that its record is in the entry: {0}")]
    Path(#[from] ProofError),
    /// The entry cannot be written.
    #[error(transparent)]
    Entry(#[from] EntryError),
}

impl ConsentReceiptError {
    /// Whether the text is no receipt for a choice that this program reads.
    #[must_use]
    pub const fn is_of_another(&self) -> bool {
        matches!(self, Self::Shape | Self::UnknownVersion { .. } | Self::Form(_))
    }
}

impl ConsentReceipt {
    /// The bytes that are signed.
    ///
    /// # Errors
    /// [`CanonicalError`] if a number is too large for the form.
    pub fn message(&self) -> Result<Vec<u8>, CanonicalError> {
        Ok([TAG, &canonical::to_bytes(self)?].concat())
    }

    /// The receipt as text, given the signature over [`ConsentReceipt::message`].
    ///
    /// # Errors
    /// [`CanonicalError`] if a number is too large for the form.
    pub fn to_text(&self, signature: &Signature) -> Result<String, CanonicalError> {
        Ok(signed_text::write(&canonical::to_bytes(self)?, signature))
    }

    /// Reads a receipt, checks its signature, and that its record is under the root of its entry.
    ///
    /// # Errors
    /// [`ConsentReceiptError`].
    pub fn from_text(text: &str, key: &PublicKey) -> Result<Self, ConsentReceiptError> {
        let (receipt, signature) = Self::parse(text)?;
        receipt.check_signature(&signature, key)?;
        receipt.check_path()?;
        Ok(receipt)
    }

    /// Reads a receipt and its signature. Neither is believed yet.
    ///
    /// # Errors
    /// [`ConsentReceiptError`], about the form.
    pub fn parse(text: &str) -> Result<(Self, Signature), ConsentReceiptError> {
        let read = signed_text::read(text);
        let (bytes, signature) = read.ok_or(ConsentReceiptError::Shape)?;
        let receipt: Self = canonical::from_bytes(&bytes)?;
        if receipt.v != CONSENT_RECEIPT_VERSION {
            return Err(ConsentReceiptError::UnknownVersion { found: receipt.v });
        }
        Ok((receipt, signature))
    }

    /// Checks that the platform signed it, with the key of its receipts.
    ///
    /// # Errors
    /// [`ConsentReceiptError::Signature`].
    pub fn check_signature(
        &self,
        signature: &Signature,
        key: &PublicKey,
    ) -> Result<(), ConsentReceiptError> {
        let holds = replay::verify(key, &self.message()?, signature);
        if holds { Ok(()) } else { Err(ConsentReceiptError::Signature) }
    }

    /// Whether the platform signed this text, receipt or not.
    pub fn is_signed(text: &str, key: &PublicKey) -> bool {
        signed_text::read(text).is_some_and(|(bytes, signature)| {
            replay::verify(key, &[TAG, &bytes].concat(), &signature)
        })
    }

    /// Reads a receipt whose signature cannot be checked here, and checks that its record is under the root of its
    /// entry.
    ///
    /// # Errors
    /// [`ConsentReceiptError`].
    pub fn read(text: &str) -> Result<Self, ConsentReceiptError> {
        let (receipt, _) = Self::parse(text)?;
        receipt.check_path()?;
        Ok(receipt)
    }

    /// The person's own name, as the secret gives it.
    ///
    /// # Errors
    /// [`ConsentReceiptError::Person`].
    pub fn person(&self) -> Result<PairwiseId, ConsentReceiptError> {
        PairwiseId::parse(&self.person).ok_or(ConsentReceiptError::Person)
    }

    /// The commitment to the record, which is under the entry's root.
    ///
    /// # Errors
    /// [`ConsentReceiptError`] if it cannot be made of what the receipt says.
    pub fn commitment(&self) -> Result<Hash, ConsentReceiptError> {
        Ok(consent_commitment(&self.salt.0, self.person()?, &self.record.to_bytes()?))
    }

    /// The hash of the leaf at `index`, if the log keeps what the receipt says.
    ///
    /// # Errors
    /// [`EntryError`] if no entry can be of this time.
    pub fn leaf(&self) -> Result<Hash, EntryError> {
        let entry = Entry::Consents(Consents {
            kind: ConsentsKind::Consents,
            records: self.records,
            time: self.time,
            v: ENTRY_VERSION,
        });
        Ok(leaf_hash(&entry.to_bytes()?))
    }

    /// Checks that its record, as this person's, is under the root of the entry.
    ///
    /// # Errors
    /// [`ConsentReceiptError`].
    pub fn check_path(&self) -> Result<(), ConsentReceiptError> {
        let commitment = self.commitment()?;
        let (at, count) = (u64::from(self.position), u64::from(self.count));
        let path: Vec<Hash> = self.path.iter().map(|hash| hash.0).collect();
        merkle::verify_inclusion(&leaf_hash(&commitment), at, count, &path, &self.records.0)?;
        Ok(())
    }
}

/// The tree over the commitments of one entry, from which paths are taken.
pub struct CommitmentTree {
    /// The roots of complete subtrees, by level.
    levels: Vec<Vec<Hash>>,
}

impl CommitmentTree {
    /// The tree over these commitments.
    #[must_use]
    pub fn new(commitments: impl IntoIterator<Item = Hash>) -> Self {
        Self::of_leaves(commitments.into_iter().map(|commitment| leaf_hash(&commitment)))
    }

    /// The tree over leaves of these hashes.
    #[must_use]
    pub fn of_leaves(leaves: impl IntoIterator<Item = Hash>) -> Self {
        let mut levels = vec![leaves.into_iter().collect::<Vec<_>>()];
        while let Some(below) = levels.last().filter(|level| level.len() > 1) {
            let (pairs, _) = below.as_chunks();
            let above = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
            levels.push(above);
        }
        Self { levels }
    }

    /// How many commitments there are. No entry has 2^32.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.levels.first().map_or(0, Vec::len) as u32
    }

    /// The audit path of the commitment at this position; empty if there is none.
    #[must_use]
    pub fn path(&self, position: u32) -> Vec<Digest> {
        let path = prove_inclusion(self, position.into(), self.count().into()).unwrap_or_default();
        path.into_iter().map(Digest).collect()
    }
}

impl Nodes for CommitmentTree {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        // Only complete subtrees of this tree are asked for, and they are all here.
        let level = self.levels.get(level as usize);
        Ok(level.and_then(|level| level.get(index as usize)).copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::person::Secret;
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;
    use crate::consent::{Choice, GrantName, commitments_root};
    use crate::record::{Seed, own_id, salt};

    fn signed(receipt: &ConsentReceipt) -> (String, PublicKey) {
        let key = SigningKey::from_bytes(&[7; 32]);
        let signature = Signature(key.sign(&receipt.message().unwrap()).to_bytes());
        (receipt.to_text(&signature).unwrap(), PublicKey(key.verifying_key().to_bytes()))
    }

    /// The receipt for the consent record at this position of so many.
    fn receipt(position: u32, count: u32) -> ConsentReceipt {
        let (seed, person) = (Seed([2; 32]), own_id(&Secret([1; 32])));
        let record = |number: u32| ConsentRecord {
            number: u64::from(number) + 1,
            time: Timestamp::from_seconds(1_528_070_400),
            choice: Choice::GrantEnded { grant: GrantName([3; 16]) },
        };
        let commitments: Vec<Hash> = (0..count)
            .map(|i| consent_commitment(&salt(&seed, i), person, &record(i).to_bytes().unwrap()))
            .collect();
        ConsentReceipt {
            count,
            deadline: Timestamp::from_seconds(1_528_070_460),
            index: 9,
            origin: "log.example".to_owned(),
            path: CommitmentTree::new(commitments.iter().copied()).path(position),
            person: person.to_string(),
            position,
            record: record(position),
            records: commitments_root(commitments),
            salt: Digest(salt(&seed, position)),
            time: Timestamp::from_seconds(1_528_070_400),
            v: CONSENT_RECEIPT_VERSION,
        }
    }

    #[test]
    fn every_record_of_an_entry_of_any_size_is_proved() {
        for count in 1..20 {
            for position in 0..count {
                let receipt = receipt(position, count);
                let (text, key) = signed(&receipt);
                assert_eq!(ConsentReceipt::from_text(&text, &key), Ok(receipt));
            }
        }
    }

    #[test]
    fn another_record_person_salt_place_or_key_is_refused() {
        let good = receipt(2, 5);
        let (text, key) = signed(&good);
        assert!(matches!(
            ConsentReceipt::from_text(&text, &PublicKey([1; 32])),
            Err(ConsentReceiptError::Signature)
        ));
        let changes: [fn(&mut ConsentReceipt); 5] = [
            |receipt| receipt.record.number += 1,
            |receipt| receipt.person = own_id(&Secret([2; 32])).to_string(),
            |receipt| receipt.salt.0[0] ^= 1,
            |receipt| receipt.position += 1,
            |receipt| receipt.records.0[31] ^= 1,
        ];
        for change in changes {
            let mut changed = good.clone();
            change(&mut changed);
            let refused = ConsentReceipt::from_text(&signed(&changed).0, &key);
            assert!(matches!(refused, Err(ConsentReceiptError::Path(_))), "{refused:?}");
        }
        let (later, _) = signed(&ConsentReceipt { v: 2, ..good });
        assert_eq!(
            ConsentReceipt::from_text(&later, &key),
            Err(ConsentReceiptError::UnknownVersion { found: 2 })
        );
    }
}
