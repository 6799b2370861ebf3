//! `GET /admin/v1/erasures`: who asked for erasure and is not destroyed yet.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::gateway::openapi::refusals::Broken;
use crate::service::erasure::Erasures;

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
