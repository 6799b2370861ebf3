//! `GET /admin/v1/directory`: how the directory of accounts grew since an epoch, for auditors. It names nobody.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use countersign_service::operations::vocabulary::Bytes;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::{Query, download};
use crate::gateway::Gateway;
use crate::openapi::refusals::Broken;

/// Which part of it.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// The epoch where the last audit ended; 0 from the beginning.
    #[serde(default)]
    #[param(maximum = 9007199254740991_u64, default = 0)]
    since: u64,
}

/// How the directory of accounts grew.
///
/// What `countersign-verify directory` checks: that every epoch of the directory has everything of the one before.
/// For auditors; it names nobody. All of a large directory takes long.
///
/// # Errors
/// [`AdminError`] 409 while a period is being closed, and if nothing has come since that epoch.
#[utoipa::path(
    get,
    path = "/directory",
    operation_id = "readDirectory",
    params(Part),
    responses(
        (status = 200, description = "The growth.", body = inline(Bytes), content_type = "application/octet-stream"),
        (status = 409, description = "The directory has not grown since, or a period is being closed right now.", body = ErrorBody),
        Broken,
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Query(part): Query<Part>,
) -> Result<impl IntoResponse, AdminError> {
    Ok(download("directory.growth", gateway.service.directory_growth(part.since).await?))
}
