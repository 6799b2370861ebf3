//! `GET /admin/v1/people/{account}/grants` and `DELETE …/grants/{id}`: what a person granted, and the end of
//! one grant, whose tokens are refused from the next request on.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::operations::grants::{EndedGrant, Grants};

use super::consents::{ChosenAnswer, answer};
use super::paths::{AccountPath, GrantPath};
use crate::admin_error::AdminError;
use crate::extract::{Json, Path};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotNow};

/// What a person granted.
///
/// The newest first. A grant whose time is over is among them until it is ended.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 if the source of people's data cannot tell.
#[utoipa::path(
    get,
    path = "/people/{account}/grants",
    operation_id = "readGrants",
    params(AccountPath),
    responses(
        (status = 200, description = "The person's grants.", body = Grants),
        NotFound,
        Broken,
        NotNow,
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<Json<Grants>, AdminError> {
    Ok(Json(gateway.service.grants(&account).await?))
}

/// End a grant.
///
/// Its tokens are refused with error 190, subcode 466, from the next request on. No other grant changes.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account or a grant that is not this person's, 503 if the source of
/// people's data cannot tell.
#[utoipa::path(
    delete,
    path = "/people/{account}/grants/{id}",
    operation_id = "endGrant",
    params(GrantPath),
    responses(
        (status = 200, description = "It is ended, and the log has it.", body = EndedGrant, headers(("Countersign-Consent-Receipt"))),
        NotFound,
        Broken,
        NotNow,
    ),
)]
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path(GrantPath { account, id }): Path<GrantPath>,
) -> Result<ChosenAnswer<EndedGrant>, AdminError> {
    Ok(answer(gateway.service.end_grant(&account, &id).await?))
}
