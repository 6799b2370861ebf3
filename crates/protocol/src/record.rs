//! Records: what one answer says about one person, and the commitments to them that an entry carries.
//!
//! ```text
//! pairwise id  = SHA-256("cs1:pair" ‖ secret ‖ partner)[..16]
//! salt_i       = SHA-256("cs1:salt" ‖ seed ‖ i)                 i as 4 bytes, big-endian
//! commitment_i = SHA-256("cs1:reco" ‖ salt_i ‖ record_i)
//! record       = pairwise id (16) ‖ relation (1) ‖ fields (16, big-endian; bit n is field n)
//! records      = RFC 6962 root over the commitments
//! request      = SHA-256("cs1:requ" ‖ seed ‖ digest of the request)   see [`receipt`](crate::receipt)
//! ```
//!
//! Tags are eight bytes, and everything after them has a fixed length or comes last, so no two inputs
//! can be confused. The seed goes to the recipient alone; to everybody else a commitment says nothing.

use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{PairwiseId, Secret};
use countersign_domain::relation::Relation;
use sha2::{Digest as _, Sha256};

use crate::merkle::{self, Frontier, Hash};

const PAIRWISE_TAG: &[u8; 8] = b"cs1:pair";
const SALT_TAG: &[u8; 8] = b"cs1:salt";
const RECORD_TAG: &[u8; 8] = b"cs1:reco";
const REQUEST_TAG: &[u8; 8] = b"cs1:requ";

/// The bytes of an encoded record.
pub const RECORD_BYTES: usize = 33;

/// 32 random bytes, fresh for every disclosure, from which the salts of its records derive.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub [u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(…)")
    }
}

/// What an answer says about one person.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record {
    /// The person's name toward the partner.
    pub pairwise: PairwiseId,
    /// What they are to the viewer.
    pub relation: Relation,
    /// The fields of theirs that are in the answer.
    pub fields: FieldSet,
}

/// A person's name toward a partner.
#[must_use]
pub fn pairwise_id(secret: &Secret, partner: &Identifier) -> PairwiseId {
    id_toward(secret, partner.as_str())
}

/// A person's own name, toward nobody: no partner's name is empty. See [`consent`](crate::consent).
#[must_use]
pub fn own_id(secret: &Secret) -> PairwiseId {
    id_toward(secret, "")
}

fn id_toward(secret: &Secret, partner: &str) -> PairwiseId {
    let hash: Hash = Sha256::new()
        .chain_update(PAIRWISE_TAG)
        .chain_update(secret.0)
        .chain_update(partner)
        .finalize()
        .into();
    let (id, _) = hash.split_at(16);
    PairwiseId(std::array::from_fn(|i| id.get(i).copied().unwrap_or_default()))
}

impl Record {
    /// The record as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; RECORD_BYTES] {
        let mut bytes = [0; RECORD_BYTES];
        let (id, rest) = bytes.split_at_mut(16);
        id.copy_from_slice(&self.pairwise.0);
        let (relation, fields) = rest.split_at_mut(1);
        relation.copy_from_slice(&[match self.relation {
            Relation::Viewer => 0,
            Relation::Friend => 1,
        }]);
        fields.copy_from_slice(&self.fields.bits().to_be_bytes());
        bytes
    }

    /// The commitment to this record as the `position`th of a disclosure.
    #[must_use]
    pub fn commitment(&self, seed: &Seed, position: u32) -> Hash {
        record_commitment(&salt(seed, position), self)
    }
}

/// The commitment to a record under its salt.
#[must_use]
pub fn record_commitment(salt: &Hash, record: &Record) -> Hash {
    Sha256::new()
        .chain_update(RECORD_TAG)
        .chain_update(salt)
        .chain_update(record.to_bytes())
        .finalize()
        .into()
}

/// The salt of the `position`th commitment under a seed. Given alone, it opens that one and no other.
#[must_use]
pub fn salt(seed: &Seed, position: u32) -> Hash {
    Sha256::new()
        .chain_update(SALT_TAG)
        .chain_update(seed.0)
        .chain_update(position.to_be_bytes())
        .finalize()
        .into()
}

/// The commitment to the request that a disclosure answers, which an entry carries as `request`: one
/// entry vouches for the answer to one request, its nonce included, and for no other.
#[must_use]
pub fn request_commitment(seed: &Seed, request: &Digest) -> Digest {
    let hash = Sha256::new()
        .chain_update(REQUEST_TAG)
        .chain_update(seed.0)
        .chain_update(request.0)
        .finalize();
    Digest(hash.into())
}

/// The root over the commitments to these records, which an entry carries as `records`.
#[must_use]
pub fn records_root(seed: &Seed, records: impl IntoIterator<Item = Record>) -> Digest {
    let mut tree = Frontier::new();
    for (record, position) in records.into_iter().zip(0..) {
        tree.push(merkle::leaf_hash(&record.commitment(seed, position)));
    }
    Digest(tree.root())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(fields: u128) -> Record {
        Record {
            pairwise: PairwiseId([7; 16]),
            relation: Relation::Friend,
            fields: FieldSet::from_bits(fields),
        }
    }

    /// Computed with Python's hashlib from the formulas above.
    #[test]
    fn the_formats_are_what_the_header_says() {
        let partner = Identifier::parse("aurora").unwrap();
        let pairwise = pairwise_id(&Secret([1; 32]), &partner);
        assert_eq!(pairwise.to_string(), include_str!("../vectors/pairwise.txt").trim());
        let root = records_root(&Seed([2; 32]), [record(0b101), record(0b111)]);
        assert_eq!(root.to_string(), include_str!("../vectors/records.txt").trim());
        let request = request_commitment(&Seed([2; 32]), &Digest([3; 32]));
        assert_eq!(request.to_string(), include_str!("../vectors/request.txt").trim());
    }

    proptest! {
        #[test]
        fn property_an_answer_that_says_more_has_another_root(fields: u128, bit in 0u32..128, seed: [u8; 32]) {
            let seed = Seed(seed);
            let said = records_root(&seed, [record(fields)]);
            prop_assert_ne!(records_root(&seed, [record(fields ^ 1 << bit)]), said);
            prop_assert_ne!(records_root(&seed, [record(fields), record(fields)]), said);
        }
    }
}
