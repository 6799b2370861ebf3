//! `PUT /admin/v1/people/{account}/hold`: a legal hold, which keeps from erasure what the log needs to say what was
//! released of a person. `DELETE` ends it now.

use std::sync::Arc;

use axum::extract::State;
use countersign_policy::instant;

use super::AdminError;
use super::consents::{ChosenAnswer, answer};
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::service::error::OperationError;
use crate::service::hold::ShownHold;

/// Holds what is kept of the person until then, in place of any hold before.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 409 while a close is under way, 422 for a time that is none or past,
/// 503 if the log does not take it now: it holds all the same.
pub async fn put(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
    Json(wanted): Json<ShownHold>,
) -> Result<ChosenAnswer<ShownHold>, AdminError> {
    let until = instant::parse(&wanted.until).map_err(OperationError::unprocessable)?;
    Ok(answer(gateway.service.hold(&account, until).await?))
}

/// Ends the hold now.
///
/// # Errors
/// As [`put`], and [`AdminError`] 404 where nothing is held.
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<ChosenAnswer<ShownHold>, AdminError> {
    Ok(answer(gateway.service.lift_hold(&account).await?))
}
