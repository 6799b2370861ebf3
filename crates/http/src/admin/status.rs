//! `GET /admin/v1/status`: how the instance is, at a glance.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::clock;
use countersign_service::operations::status::Status;

use crate::admin_error::AdminError;
use crate::extract::Json;
use crate::gateway::Gateway;
use crate::openapi::refusals::Broken;

/// How the instance is, at a glance.
///
/// Its log, closes, witnesses, source, people, disk, and what has to be looked after: agreements that end, steps of
/// wind-downs and obligations that are due, certifications that lapse, builds and screenings that wait for somebody.
///
/// # Errors
/// [`AdminError`] 500 if the people store cannot be read.
#[utoipa::path(
    get,
    path = "/status",
    operation_id = "readStatus",
    responses(
        (status = 200, description = "How it is, and what has to be looked after.", body = Status),
        Broken,
    ),
)]
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<Status>, AdminError> {
    Ok(Json(gateway.service.status(clock::now()).await?))
}
