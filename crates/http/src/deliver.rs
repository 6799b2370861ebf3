//! Turns an [`Answer`] into a reply with its proof. Every success response to a partner that is about a person is made
//! here, alone or within that of a batch.

use axum::http::{HeaderValue, Response, StatusCode, header};
use countersign_domain::digest::Digest;
use countersign_log::released::Answer;
use countersign_service::operations::Service;
use countersign_service::operations::proof::Proof;
use sha2::{Digest as _, Sha256};

use crate::errors::GraphError;
use crate::trouble::undelivered;

/// A reply that is not sent yet: it can be sent alone or within that to a batch.
pub type Reply = Response<Vec<u8>>;

/// The reply that carries this answer.
///
/// # Errors
/// [`GraphError`] 1 if no receipt can be made; the disclosure then stands in the log, as one that may
/// have been released.
pub fn deliver(answer: Answer, service: &Service) -> Result<Reply, GraphError> {
    let body = Digest(Sha256::digest(answer.body()).into());
    let proof = Proof::of(&answer, Some(body), service).map_err(undelivered)?;
    let mut reply = Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"))
        .header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    for (name, value) in proof.into_headers() {
        reply = reply.header(name, value);
    }
    reply.body(answer.into_body()).map_err(undelivered)
}
