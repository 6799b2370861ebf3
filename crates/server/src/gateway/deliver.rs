//! Turns an [`Answer`] into a response: signs the receipt and sets the headers. Whatever leaves
//! toward a partner with status 200 leaves here. Sealing will stand here too.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use countersign_domain::digest::Digest;
use countersign_log::released::Answer;
use countersign_verifier::receipt::{
    RECEIPT_HEADER, RECEIPT_VERSION, Receipt, SEED_HEADER, VIEWER_HEADER,
};
use sha2::{Digest as _, Sha256};

use super::Gateway;
use super::errors::GraphError;

/// The response that carries this answer.
///
/// # Errors
/// [`GraphError`] 2 if no receipt can be made; the disclosure then stands in the log, as one that may
/// have been released.
pub fn deliver(answer: Answer, gateway: &Gateway) -> Result<Response, GraphError> {
    let placed = answer.placed();
    let receipt = Receipt {
        agreement: answer.basis().agreement,
        body: Digest(Sha256::digest(answer.body()).into()),
        build: answer.basis().build.clone(),
        deadline: placed.deadline,
        index: placed.index,
        leaf: Digest(placed.leaf_hash),
        origin: gateway.config.origin().to_owned(),
        request: answer.request(),
        time: placed.time,
        v: RECEIPT_VERSION,
    };
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a receipt could not be made");
        GraphError::unavailable()
    };
    let message = receipt.message().map_err(|error| failed(&error))?;
    let signature = gateway.receipts.sign(&message);
    let receipt = receipt.to_header(&signature).map_err(|error| failed(&error))?;
    let viewer = answer.viewer().ok_or_else(|| failed(&"an answer without a viewer"))?;
    let seed = BASE64_URL_SAFE_NO_PAD.encode(answer.seed().0);
    Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"))
        .header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
        .header(RECEIPT_HEADER, receipt)
        .header(SEED_HEADER, seed)
        .header(VIEWER_HEADER, viewer.to_string())
        .body(Body::from(answer.into_body()))
        .map_err(|error| failed(&error))
}
