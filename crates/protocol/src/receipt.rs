//! Receipts: the platform's signature, in every answer, on what was sent, to whom, and where in the
//! log it stands.
//!
//! ```text
//! countersign-receipt: base64url(receipt) "." base64url(signature)
//! receipt   = JSON in canonical form, see Receipt
//! signature = Ed25519 over "countersign/v1/receipt" ‖ newline ‖ receipt, by the key `receipts` of the log's keys entry
//! request   = SHA-256("countersign/v1/request" ‖ newline ‖ method ‖ newline ‖ path and query as sent ‖ newline
//!             ‖ hex SHA-256 of the request's body ‖ newline ‖ the client's nonce)
//!             of an operation of a batch: … the client's nonce ‖ newline ‖ the operation's number)
//! ```

use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::key::{PublicKey, Signature};
use countersign_domain::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::canonical::{self, CanonicalError};
use crate::{replay, signed_text};

/// The version of the receipt format.
pub const RECEIPT_VERSION: u32 = 1;
/// The header that carries a receipt.
pub const RECEIPT_HEADER: &str = "countersign-receipt";
/// The header beside a clear answer that carries the seed of its records, base64url.
pub const SEED_HEADER: &str = "countersign-seed";
/// The header beside a clear answer that carries the viewer's pairwise id.
pub const VIEWER_HEADER: &str = "countersign-viewer";
/// The header in which a client sends a nonce of its own, at most [`NONCE_BYTES_MAX`] bytes.
pub const NONCE_HEADER: &str = "countersign-nonce";
/// The header of an answer in a batch that tells the operation's path and query, where the client wrote
/// references to another operation's answer in it.
pub const OPERATION_URL_HEADER: &str = "countersign-operation-url";
/// The same of the operation's body.
pub const OPERATION_BODY_HEADER: &str = "countersign-operation-body";
/// The longest nonce.
pub const NONCE_BYTES_MAX: usize = 128;

/// The longest that a receipt may promise a published checkpoint for, in seconds after its time: a promise
/// for some day would never be broken.
pub const PROMISE_S_MAX: u64 = 86_400;

const RECEIPT_TAG: &[u8] = b"countersign/v1/receipt\n";
const REQUEST_TAG: &[u8] = b"countersign/v1/request\n";

/// What a receipt says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The digests of the agreements under which it was sent, as in the entry.
    pub agreements: Vec<Digest>,
    /// SHA-256 of the answer's body as sent; absent where the platform sends the answer itself, having
    /// only had it decided and logged.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub body: Option<Digest>,
    /// The build to which it was sent.
    pub build: Identifier,
    /// By when the leaf will be in a published checkpoint: at most [`PROMISE_S_MAX`] after `time`.
    pub deadline: Timestamp,
    /// Where in the log the disclosure stands.
    pub index: u64,
    /// The RFC 6962 hash of its leaf.
    pub leaf: Digest,
    /// The log.
    pub origin: String,
    /// The digest of the request; see [`request_digest`].
    pub request: Digest,
    /// When the disclosure was logged.
    pub time: Timestamp,
    /// [`RECEIPT_VERSION`].
    pub v: u32,
}

/// A text that is not a receipt, or one that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// Not `base64url.base64url`.
    #[error("a receipt is two base64url texts with a dot between them")]
    Shape,
    /// Another version.
    #[error("receipt version {found} is not known; this program reads version {RECEIPT_VERSION}")]
    UnknownVersion {
        /// The version found.
        found: u32,
    },
    /// Not in canonical form.
    #[error(transparent)]
    Form(#[from] CanonicalError),
    /// The signature does not hold.
    #[error("the receipt's signature does not hold under the log's receipt key")]
    Signature,
}

impl Receipt {
    /// The bytes that are signed.
    ///
    /// # Errors
    /// [`CanonicalError`] if a number is too large for the form.
    pub fn message(&self) -> Result<Vec<u8>, CanonicalError> {
        Ok([RECEIPT_TAG, &canonical::to_bytes(self)?].concat())
    }

    /// The header's value, given the signature over [`Receipt::message`].
    ///
    /// # Errors
    /// [`CanonicalError`] if a number is too large for the form.
    pub fn to_header(&self, signature: &Signature) -> Result<String, CanonicalError> {
        Ok(signed_text::write(&canonical::to_bytes(self)?, signature))
    }

    /// Reads a header's value and checks its signature.
    ///
    /// # Errors
    /// [`ReceiptError`].
    pub fn from_header(header: &str, key: &PublicKey) -> Result<Self, ReceiptError> {
        let (bytes, signature) = signed_text::read(header).ok_or(ReceiptError::Shape)?;
        let receipt: Self = canonical::from_bytes(&bytes)?;
        if receipt.v != RECEIPT_VERSION {
            return Err(ReceiptError::UnknownVersion { found: receipt.v });
        }
        let message = [RECEIPT_TAG, &bytes].concat();
        if replay::verify(key, &message, &signature) {
            Ok(receipt)
        } else {
            Err(ReceiptError::Signature)
        }
    }
}

/// The digest of a request, which binds an answer to what was asked.
#[must_use]
pub fn request_digest(method: &str, path_and_query: &str, body: &[u8], nonce: &[u8]) -> Digest {
    let body = Digest(Sha256::digest(body).into());
    request_digest_of(method, path_and_query, body, nonce)
}

/// What stands for the nonce in the digest of an operation of a batch, counted from 0: two equal operations
/// are two requests, and neither is one that came alone, since no nonce has a newline (see [`is_nonce`]).
#[must_use]
pub fn operation_nonce(nonce: &[u8], number: usize) -> Vec<u8> {
    [nonce, b"\n", number.to_string().as_bytes()].concat()
}

/// Whether a client can have sent this as its nonce: it is not too long and, as any header, has no newline.
#[must_use]
pub fn is_nonce(nonce: &[u8]) -> bool {
    nonce.len() <= NONCE_BYTES_MAX && !nonce.contains(&b'\n')
}

/// The digest of a request of whose body only the digest is at hand.
#[must_use]
pub fn request_digest_of(method: &str, path_and_query: &str, body: Digest, nonce: &[u8]) -> Digest {
    let body = body.to_string();
    let hash = Sha256::new()
        .chain_update(REQUEST_TAG)
        .chain_update(method)
        .chain_update(b"\n")
        .chain_update(path_and_query)
        .chain_update(b"\n")
        .chain_update(body)
        .chain_update(b"\n")
        .chain_update(nonce)
        .finalize();
    Digest(hash.into())
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::{Signer as _, SigningKey};

    use super::*;

    fn receipt() -> Receipt {
        Receipt {
            agreements: vec![Digest([1; 32])],
            body: Some(Digest([2; 32])),
            build: Identifier::parse("aurora-home@41").unwrap(),
            deadline: Timestamp::from_seconds(1_528_070_410),
            index: 7,
            leaf: Digest([3; 32]),
            origin: "log.example".to_owned(),
            request: request_digest("GET", "/v3.0/me", b"", b"n"),
            time: Timestamp::from_seconds(1_528_070_400),
            v: RECEIPT_VERSION,
        }
    }

    #[test]
    fn operations_of_a_batch_have_digests_of_their_own() {
        let digest = |nonce: &[u8]| request_digest("GET", "/v3.0/me", b"", nonce);
        let (alone, first) = (digest(b"n"), digest(&operation_nonce(b"n", 0)));
        let second = digest(&operation_nonce(b"n", 1));
        assert!(first != second && alone != first && alone != second);
        assert_eq!(operation_nonce(b"n", 12), b"n\n12");
        for (nonce, expected) in
            [(&b""[..], true), (&[0xff; 128], true), (&[b'n'; 129], false), (b"n\n0", false)]
        {
            assert_eq!(is_nonce(nonce), expected, "{nonce:?}");
        }
    }

    #[test]
    fn a_receipt_is_read_back_and_no_other_bytes_are() {
        let signing = SigningKey::from_bytes(&[9; 32]);
        let key = PublicKey(signing.verifying_key().to_bytes());
        let signature = Signature(signing.sign(&receipt().message().unwrap()).to_bytes());
        let header = receipt().to_header(&signature).unwrap();
        assert_eq!(Receipt::from_header(&header, &key), Ok(receipt()));
        for at in 0..header.len() {
            let mut changed = header.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(Receipt::from_header(&changed, &key).is_err(), "taken with byte {at} changed");
        }
    }
}
