//! `GET /admin/v1/people/{account}/export`: everything that an instance keeps about a person, for them alone.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};

/// The person's export.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 while a close is not published yet.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<impl IntoResponse, AdminError> {
    let export = gateway.service.export(&account).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(export)))
}
