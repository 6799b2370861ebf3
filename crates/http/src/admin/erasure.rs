//! `POST /admin/v1/people/{account}/erasure`: erases a person, for good. `GET` says how far that is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use countersign_service::operations::erasure::{AskedErasure, ShownErasure};

use super::consents::{ChosenAnswer, answer};
use super::paths::AccountPath;
use crate::admin_error::AdminError;
use crate::extract::{Json, Path};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotTold};

/// Erase a person, for good.
///
/// Nothing of theirs is released from the answer on: profile, friendships, settings and grants are gone. What the log
/// needs for their last ledger goes behind the next close, or the first one behind the end of a legal hold. The
/// export cannot be made afterwards; asked for again, this changes nothing.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 422 without a word about the export, 503 if the log does not take it
/// now: it is closed all the same, and told again by itself.
#[utoipa::path(
    post,
    path = "/people/{account}/erasure",
    operation_id = "erasePerson",
    params(AccountPath),
    request_body = AskedErasure,
    responses(
        (status = 202, description = "It is closed, and the log has it.", body = ShownErasure, headers(("Countersign-Consent-Receipt"))),
        NotFound,
        Broken,
        NotTold,
    ),
)]
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
    Json(AskedErasure { export: _ }): Json<AskedErasure>,
) -> Result<(StatusCode, ChosenAnswer<ShownErasure>), AdminError> {
    Ok((StatusCode::ACCEPTED, answer(gateway.service.erase(&account).await?)))
}

/// How far an erasure is.
///
/// Once it is done the account is unknown.
///
/// # Errors
/// [`AdminError`] 404 for an account that is unknown, among them those that were erased, and for one that nobody
/// asked to erase.
#[utoipa::path(
    get,
    path = "/people/{account}/erasure",
    operation_id = "readErasure",
    params(AccountPath),
    responses(
        (status = 200, description = "How far it is.", body = ShownErasure),
        NotFound,
        Broken,
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<Json<ShownErasure>, AdminError> {
    Ok(Json(gateway.service.erasure(&account)?))
}
