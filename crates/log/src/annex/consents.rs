//! The annex of a `consents` entry: whose consent records they are, and what the records say.
//!
//! ```text
//! consents    = seed (32) ‖ count (4) ‖ count × (handle (16) ‖ person (16) ‖ length (2) ‖ consent record)
//! ```
//!
//! Of an erased person, `person` and consent record are zeros.

use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, PairwiseId};
use countersign_protocol::consent::{commitments_root, consent_commitment};
use countersign_protocol::merkle::Hash;
use countersign_protocol::record::{Seed, salt};

use super::{AnnexError, Input};

/// The most consent records in one entry: with the longest records its annex stays below
/// [`ANNEX_BYTES_MAX`](super::ANNEX_BYTES_MAX).
pub const CONSENTS_MAX: usize = 4_096;

/// The most bytes of one consent record. Three identifiers, two field sets and four numbers take fewer.
pub const CONSENT_BYTES_MAX: usize = 960;

/// The private part of a `consents` entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentsAnnex {
    /// The seed of the records' salts.
    pub seed: Seed,
    /// The records, in the order of their commitments.
    pub records: Vec<AnnexConsent>,
}

/// One consent record, and whose it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AnnexConsent {
    /// The person; of an erased one what `erase` put there.
    pub handle: Handle,
    /// The person's own name when it was logged; see [`consent`](countersign_protocol::consent).
    pub person: PairwiseId,
    /// The record, in canonical form; zeros of an erased person.
    pub record: Vec<u8>,
}

impl AnnexConsent {
    /// Whether the person is erased, so that nobody can say any more what they chose.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.record.iter().all(|byte| *byte == 0)
    }
}

impl ConsentsAnnex {
    /// The commitments to the records, in their order. Those of erased people are none.
    pub fn commitments(&self) -> impl Iterator<Item = Hash> {
        self.records.iter().zip(0..).map(|(consent, position)| {
            consent_commitment(&salt(&self.seed, position), consent.person, &consent.record)
        })
    }

    /// The root over the commitments, as the entry has it.
    #[must_use]
    pub fn records_root(&self) -> Digest {
        commitments_root(self.commitments())
    }

    pub(super) fn push_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.seed.0);
        bytes.extend_from_slice(&(self.records.len() as u32).to_le_bytes());
        for consent in &self.records {
            bytes.extend_from_slice(&consent.handle.0);
            bytes.extend_from_slice(&consent.person.0);
            // Nothing longer than CONSENT_BYTES_MAX gets here.
            bytes.extend_from_slice(&(consent.record.len() as u16).to_le_bytes());
            bytes.extend_from_slice(&consent.record);
        }
    }
}

impl Input<'_> {
    pub(super) fn consents(&mut self) -> Result<ConsentsAnnex, AnnexError> {
        let seed = Seed(self.array("seed")?);
        let count = u32::from_le_bytes(self.array("consent records")?);
        let mut records = Vec::with_capacity((count as usize).min(CONSENTS_MAX));
        for _ in 0..count {
            let handle = Handle(self.array("handle")?);
            let person = PairwiseId(self.array("person")?);
            let length = u16::from_le_bytes(self.array("consent record")?);
            let record = self.take(length.into(), "consent record")?.to_vec();
            records.push(AnnexConsent { handle, person, record });
        }
        Ok(ConsentsAnnex { seed, records })
    }
}
