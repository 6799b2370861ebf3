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
//! place in the tree. Kept by `akd_core`, which alone verifies here.
//!
//! What it is not: it does not say that the history of an earlier root is the beginning of this one. `akd`
//! has proofs of that, for auditors.
//!
//! Spec: docs/protocol.md, section 4.3.

use akd_core::configuration::WhatsAppV1Configuration;
use akd_core::proto::specs::types::HistoryProof as ProtobufProof;
use akd_core::verify::history::{HistoryVerificationParams, key_history_verify};
use akd_core::{AkdLabel, HistoryProof};
use countersign_domain::digest::Digest;
use countersign_domain::person::Secret;
use protobuf::Message as _;
use sha2::{Digest as _, Sha256};

use crate::entry::DirectoryRoot;

const SECRET_TAG: &[u8; 8] = b"cs1:secr";

/// The longest history proof. One of a single version has some ten thousand bytes.
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

/// Why a history proof proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// It is too long to be looked at.
    #[error("a history proof has at most {HISTORY_BYTES_MAX} bytes, and this has {found}")]
    TooLong {
        /// How many bytes it has.
        found: usize,
    },
    /// The bytes are no history proof.
    #[error("the bytes are no history proof: {reason}")]
    Form {
        /// What the reader says.
        reason: String,
    },
    /// The proof does not hold.
    #[error("the history proof does not hold: {reason}")]
    Proof {
        /// What the verifier says.
        reason: String,
    },
    /// A value is nothing that a directory of this kind has.
    #[error("version {version} of the account has a value of {found_bytes} bytes, expected 32")]
    Value {
        /// The version.
        version: u64,
        /// How many bytes its value has.
        found_bytes: usize,
    },
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
    if proof.len() > HISTORY_BYTES_MAX {
        return Err(DirectoryError::TooLong { found: proof.len() });
    }
    let form = |reason: String| DirectoryError::Form { reason };
    let proof = ProtobufProof::parse_from_bytes(proof).map_err(|error| form(error.to_string()))?;
    let proof = HistoryProof::try_from(&proof).map_err(|error| form(format!("{error:?}")))?;
    let versions = key_history_verify::<WhatsAppV1Configuration>(
        &directory.vrf.0,
        directory.root.0,
        directory.epoch,
        AkdLabel::from(account),
        proof,
        HistoryVerificationParams::default(),
    );
    let versions = versions.map_err(|error| DirectoryError::Proof { reason: error.to_string() })?;
    let version = |found: &akd_core::VerifyResult| {
        let value = <[u8; 32]>::try_from(&found.value.0[..]);
        let value = value.map_err(|_| DirectoryError::Value {
            version: found.version,
            found_bytes: found.value.0.len(),
        })?;
        Ok(Version { version: found.version, epoch: found.epoch, value: Digest(value) })
    };
    // The newest comes first.
    versions.iter().rev().map(version).collect()
}

/// A history proof as it is written.
///
/// # Errors
/// [`DirectoryError::Form`] if it cannot be.
pub fn history_bytes(proof: &HistoryProof) -> Result<Vec<u8>, DirectoryError> {
    let bytes = ProtobufProof::from(proof).write_to_bytes();
    bytes.map_err(|error| DirectoryError::Form { reason: error.to_string() })
}
