//! Turns an [`Answer`] into a response with its proof. Whatever leaves toward a partner with status 200
//! leaves here. Sealing will stand here too.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use countersign_domain::digest::Digest;
use countersign_log::released::Answer;
use sha2::{Digest as _, Sha256};

use super::Gateway;
use super::errors::GraphError;
use super::proof::Proof;

/// The response that carries this answer.
///
/// # Errors
/// [`GraphError`] 2 if no receipt can be made; the disclosure then stands in the log, as one that may
/// have been released.
pub fn deliver(answer: Answer, gateway: &Gateway) -> Result<Response, GraphError> {
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "an answer could not be delivered");
        GraphError::unavailable()
    };
    let body = Digest(Sha256::digest(answer.body()).into());
    let proof = Proof::of(&answer, Some(body), gateway).map_err(|error| failed(&error))?;
    let mut response = Response::builder()
        .status(StatusCode::OK)
        .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"))
        .header(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    for (name, value) in proof.into_headers() {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.into_body())).map_err(|error| failed(&error))
}
