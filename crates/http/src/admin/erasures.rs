//! `GET /admin/v1/erasures`: who asked for erasure and is not destroyed yet.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::operations::erasure::Erasures;

use crate::admin_error::AdminError;
use crate::extract::Json;
use crate::gateway::Gateway;
use crate::openapi::refusals::Broken;

/// Who is being erased.
///
/// Everybody who asked for erasure and is not destroyed yet.
///
/// # Errors
/// [`AdminError`] 500 if the store cannot be read.
#[utoipa::path(
    get,
    path = "/erasures",
    operation_id = "listErasures",
    responses(
        (status = 200, description = "Who it is.", body = Erasures),
        Broken,
    ),
)]
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<Erasures>, AdminError> {
    Ok(Json(gateway.service.erasures()?))
}
