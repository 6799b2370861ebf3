//! `GET /admin/v1/people/{account}/grants` and `DELETE …/grants/{id}`: what a person granted, and the end of
//! one grant, whose tokens are refused from the next request on.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use super::consents::{ChosenAnswer, answer};
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::service::grants::{EndedGrant, Grants};

/// What a person granted.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 if the source of people's data cannot tell.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<Grants>, AdminError> {
    Ok(Json(gateway.service.grants(&account).await?))
}

/// Ends one grant.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account or a grant that is not this person's, 503 if the source of
/// people's data cannot tell.
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path((account, id)): Path<(String, String)>,
) -> Result<ChosenAnswer<EndedGrant>, AdminError> {
    Ok(answer(gateway.service.end_grant(&account, &id).await?))
}
