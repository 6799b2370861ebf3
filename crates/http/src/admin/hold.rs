//! `PUT /admin/v1/people/{account}/hold`: a legal hold, which keeps from erasure what the log needs to say what was
//! released of a person. `DELETE` ends it now.

use std::sync::Arc;

use axum::extract::State;
use countersign_policy::instant;
use countersign_service::operations::error::OperationError;
use countersign_service::operations::hold::ShownHold;

use super::consents::{ChosenAnswer, answer};
use super::paths::AccountPath;
use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::{Json, Path};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotTold};

/// Set a legal hold.
///
/// It keeps from erasure what the log needs to say what was released of the person, in place of any hold before. They
/// see it in their ledger.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 409 while a close is under way, 422 for a time that is none or past,
/// 503 if the log does not take it now: it holds all the same.
#[utoipa::path(
    put,
    path = "/people/{account}/hold",
    operation_id = "holdPerson",
    params(AccountPath),
    request_body = ShownHold,
    responses(
        (status = 200, description = "It holds, and the log has it.", body = ShownHold, headers(("Countersign-Consent-Receipt"))),
        NotFound,
        (status = 409, description = "A period is being closed: ask again when that is done. Or a close that was cut short has said already that the person is erased, and the next one destroys what is left: it is too late.", body = ErrorBody),
        Broken,
        NotTold,
    ),
)]
pub async fn put(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
    Json(wanted): Json<ShownHold>,
) -> Result<ChosenAnswer<ShownHold>, AdminError> {
    let until = instant::parse(&wanted.until).map_err(OperationError::unprocessable)?;
    Ok(answer(gateway.service.hold(&account, until).await?))
}

/// End a legal hold now.
///
/// A person who asked for erasure is destroyed behind the next close.
///
/// # Errors
/// As [`put`], and [`AdminError`] 404 where nothing is held.
#[utoipa::path(
    delete,
    path = "/people/{account}/hold",
    operation_id = "endHold",
    params(AccountPath),
    responses(
        (status = 200, description = "It ended, and the log has it.", body = ShownHold, headers(("Countersign-Consent-Receipt"))),
        NotFound,
        (status = 409, description = "A period is being closed. Ask again when that is done.", body = ErrorBody),
        Broken,
        NotTold,
    ),
)]
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<ChosenAnswer<ShownHold>, AdminError> {
    Ok(answer(gateway.service.lift_hold(&account).await?))
}
