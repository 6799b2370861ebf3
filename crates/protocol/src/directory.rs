//! The directory: which secret an account has, and had, committed to under the root that every close carries.
//!
//! ```text
//! label = the account, UTF-8                           one account, one history
//! value = SHA-256("cs1:secr" ‖ secret (32))            or GONE, after an erasure
//! ```
//!
//! It is an authenticated key directory of the crate `akd` 0.13, in the configuration `WhatsAppV1`; a history
//! proof is its `HistoryProof` in its own protobuf form. A secret is 256 random bits, and so its own salt.
//!
//! INVARIANT: under one root and key an account has one history, since the key gives each of its versions one
//! place in the tree. Kept by `akd_core`, which recomputes the hashes, and by `path`, which asks whether they
//! are those of a prefix trie.
//!
//! What it is not: a history does not say that what an earlier root had of the account is its beginning. That every
//! root goes on from the one before is `growth`, for auditors.
//!
//! Spec: docs/protocol.md, section 4.3.

use akd_core::configuration::{Configuration, WhatsAppV1Configuration};
use akd_core::proto::specs::types::HistoryProof as ProtobufProof;
use akd_core::verify::history::{HistoryVerificationParams, key_history_verify};
use akd_core::{AkdLabel, HistoryProof};
use countersign_domain::digest::Digest;
use countersign_domain::person::Secret;
use protobuf::Message as _;
use sha2::{Digest as _, Sha256};

use crate::entry::DirectoryRoot;

mod growth;
mod path;
mod spelling;

pub use growth::{GROWTH, Growth, GrowthError, Step};

const SECRET_TAG: &[u8; 8] = b"cs1:secr";

/// The longest history proof. One of a single version among 100,000 accounts has 3,500 bytes.
pub const HISTORY_BYTES_MAX: usize = 1 << 20;

/// What stands in a secret's place once it was destroyed.
pub const GONE: Digest = Digest([0; 32]);

/// One version of an account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version {
    /// Its number, from 1.
    pub version: u64,
    /// The epoch in which it was published.
    pub epoch: u64,
    /// The commitment to its secret, or [`GONE`].
    pub value: Digest,
}

/// Why bytes prove nothing of an account's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// Too many bytes to look at.
    #[error("a history proof of {found_bytes} bytes; the most are {HISTORY_BYTES_MAX}")]
    TooLong {
        /// How many there are.
        found_bytes: usize,
    },
    /// The bytes are no proof.
    #[error("the bytes are not a history proof of akd 0.13 in protobuf")]
    Form,
    /// There is no directory in which anybody could be.
    #[error("the directory is of epoch 0: nobody is in it")]
    Empty,
    /// It is not all versions.
    #[error(
        "the versions in the proof are not all from the last down to 1, each of an earlier epoch"
    )]
    Versions,
    /// A value is none of ours.
    #[error("version {version} is not a value of 32 bytes")]
    Value {
        /// Which.
        version: u64,
    },
    /// A path is none of a prefix trie.
    #[error("a path in the proof does not lead where its label belongs, or shows no absence")]
    Path,
    /// It is another root, key or account.
    #[error("the proof does not hold for this account under the directory's root and key")]
    Proof,
}

/// The commitment to a secret, which the directory has under its account.
#[must_use]
pub fn secret_commitment(secret: &Secret) -> Digest {
    let hash = Sha256::new().chain_update(SECRET_TAG).chain_update(secret.0);
    Digest(hash.finalize().into())
}

/// Reads a proof of an account's whole history and checks it against a directory; gives its versions, the
/// first one first.
///
/// # Errors
/// [`DirectoryError`]: then it proves nothing.
pub fn verify_history(
    account: &str,
    proof: &[u8],
    directory: &DirectoryRoot,
) -> Result<Vec<Version>, DirectoryError> {
    if directory.epoch == 0 {
        return Err(DirectoryError::Empty);
    }
    let proof = parse(proof)?;
    let versions = versions(&proof, directory.epoch)?;
    if !spelling::is_point(&directory.vrf.0) {
        return Err(DirectoryError::Proof);
    }
    if !path::are_paths(&proof) {
        return Err(DirectoryError::Path);
    }
    // Nothing of the error is told: it repeats the account.
    key_history_verify::<WhatsAppV1Configuration>(
        &directory.vrf.0,
        directory.root.0,
        directory.epoch,
        AkdLabel::from(account),
        proof,
        HistoryVerificationParams::default(),
    )
    .map_err(|_| DirectoryError::Proof)?;
    Ok(versions)
}

/// A history proof as it is written.
///
/// # Errors
/// [`DirectoryError::Form`] if it cannot be.
pub fn history_bytes(proof: &HistoryProof) -> Result<Vec<u8>, DirectoryError> {
    ProtobufProof::from(proof).write_to_bytes().map_err(|_| DirectoryError::Form)
}

fn parse(bytes: &[u8]) -> Result<HistoryProof, DirectoryError> {
    if bytes.len() > HISTORY_BYTES_MAX {
        return Err(DirectoryError::TooLong { found_bytes: bytes.len() });
    }
    let message = ProtobufProof::parse_from_bytes(bytes).map_err(|_| DirectoryError::Form)?;
    let proof = HistoryProof::try_from(&message).map_err(|_| DirectoryError::Form)?;
    // The encoding has many spellings of one proof, and room for anything that nobody asked for.
    if history_bytes(&proof)? != bytes || !spelling::is_only(&proof) {
        return Err(DirectoryError::Form);
    }
    Ok(proof)
}

/// What the proof says, the first version first. Numbers are held against their places before anything
/// computes with them.
fn versions(proof: &HistoryProof, epoch: u64) -> Result<Vec<Version>, DirectoryError> {
    let mut versions = Vec::with_capacity(proof.update_proofs.len());
    let mut last_epoch = 0;
    for (update, version) in proof.update_proofs.iter().rev().zip(1..) {
        if update.version != version || update.epoch <= last_epoch || update.epoch > epoch {
            return Err(DirectoryError::Versions);
        }
        last_epoch = update.epoch;
        let value = update.value.as_slice().try_into();
        let value = value.map_err(|_| DirectoryError::Value { version })?;
        versions.push(Version { version, epoch: update.epoch, value: Digest(value) });
    }
    if versions.is_empty() { Err(DirectoryError::Versions) } else { Ok(versions) }
}

/// The label of a child that is not there, which only the root can lack.
fn empty_label() -> akd_core::NodeLabel {
    WhatsAppV1Configuration::empty_label()
}
