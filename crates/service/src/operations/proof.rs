//! What goes with an answer so that its recipient can hold the platform to it: the signed receipt, the
//! seed of the records, the viewer's id.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_domain::digest::Digest;
use countersign_log::released::Answer;
use countersign_protocol::canonical::CanonicalError;
use countersign_protocol::receipt::{
    RECEIPT_HEADER, RECEIPT_VERSION, Receipt, SEED_HEADER, VIEWER_HEADER,
};

use super::Service;

/// The values of the three headers.
pub struct Proof {
    receipt: String,
    seed: String,
    viewer: String,
}

/// No receipt can be made; the disclosure then stands in the log, as one that may have been released.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// A number is too large for a receipt.
    #[error("a receipt could not be made: {0}")]
    Form(#[from] CanonicalError),
    /// There is nobody to whom it would be about.
    #[error("a receipt could not be made: the answer is without a viewer")]
    NoViewer,
}

impl Proof {
    /// The proof of this answer. `body` is the digest of what is sent, where it is this server that sends it.
    ///
    /// # Errors
    /// [`ProofError`].
    pub fn of(
        answer: &Answer,
        body: Option<Digest>,
        service: &Service,
    ) -> Result<Self, ProofError> {
        let placed = answer.placed();
        let receipt = Receipt {
            agreements: answer.basis().agreements.to_vec(),
            body,
            build: answer.basis().build.clone(),
            deadline: placed.deadline,
            index: placed.index,
            leaf: Digest(placed.leaf_hash),
            origin: service.settings.origin.clone(),
            request: answer.request(),
            time: placed.time,
            v: RECEIPT_VERSION,
        };
        let signature = service.receipts.sign(&receipt.message()?);
        Ok(Self {
            receipt: receipt.to_header(&signature)?,
            seed: BASE64_URL_SAFE_NO_PAD.encode(answer.seed().0),
            viewer: answer.viewer().ok_or(ProofError::NoViewer)?.to_string(),
        })
    }

    /// The headers, by name.
    #[must_use]
    pub fn into_headers(self) -> [(&'static str, String); 3] {
        [(RECEIPT_HEADER, self.receipt), (SEED_HEADER, self.seed), (VIEWER_HEADER, self.viewer)]
    }
}
