//! `POST /admin/v1/acts`: a signed governance act, with its document where it has one.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::governance::Taken;
use countersign_service::operations::acts::Posted;

use crate::admin_error::AdminError;
use crate::extract::Json;
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotNow};

/// Append a signed governance act.
///
/// Whether it is properly signed is for the log to say, which checks every act before it takes it. `countersign …
/// --out` writes such files.
///
/// # Errors
/// [`AdminError`] 422 when a signature is missing or wrong, or the register cannot take the act.
#[utoipa::path(
    post,
    path = "/acts",
    operation_id = "submitAct",
    request_body = Posted,
    responses(
        (status = 200, description = "The act is durable in the log.", body = Taken),
        Broken,
        NotNow,
    ),
)]
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Json(posted): Json<Posted>,
) -> Result<Json<Taken>, AdminError> {
    Ok(Json(gateway.service.submit(posted).await?))
}
