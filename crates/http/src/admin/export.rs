//! `GET /admin/v1/people/{account}/export`: everything that an instance keeps about a person, for them alone.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use countersign_service::operations::export::Export;

use super::paths::AccountPath;
use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::{Json, Path};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound};

/// Everything that is kept about a person.
///
/// For that person alone: their ledger is in it, and so their secret.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 while a close is not published yet.
#[utoipa::path(
    get,
    path = "/people/{account}/export",
    operation_id = "exportPerson",
    params(AccountPath),
    responses(
        (status = 200, description = "The export.", body = Export),
        NotFound,
        Broken,
        (status = 503, description = "A close is not published yet. Ask again in a second.", body = ErrorBody),
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<impl IntoResponse, AdminError> {
    let export = gateway.service.export(&account).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(export)))
}
