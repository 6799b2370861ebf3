//! `POST /admin/v1/people/{account}/erasure`: erases a person, for good. `GET` says how far that is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use super::AdminError;
use super::consents::{ChosenAnswer, answer};
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::service::erasure::{AskedErasure, ShownErasure};

/// Erases the person; again, it says how far that is. The receipt is for the person.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 422 without a word about the export, 503 if the log does not take it
/// now: it is closed all the same, and told again by itself.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
    Json(AskedErasure { export: _ }): Json<AskedErasure>,
) -> Result<(StatusCode, ChosenAnswer<ShownErasure>), AdminError> {
    Ok((StatusCode::ACCEPTED, answer(gateway.service.erase(&account).await?)))
}

/// How far the erasure of this person is.
///
/// # Errors
/// [`AdminError`] 404 for an account that is unknown, among them those that were erased, and for one that nobody
/// asked to erase.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<ShownErasure>, AdminError> {
    Ok(Json(gateway.service.erasure(&account)?))
}
