//! `GET /admin/v1/people/{account}/history`: what a person changed of their settings and grants, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path, Query};
use crate::service::history::{History, LIMIT_DEFAULT, LIMIT_MAX};

/// Which part of a history is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The most changes.
    limit: Option<usize>,
    /// The changes before the one of this number.
    before: Option<u64>,
}

/// A part of a person's history.
///
/// # Errors
/// [`AdminError`] 400 for a limit that cannot be, 404 for an unknown account, 503 if the source of people's
/// data cannot tell.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
    Query(part): Query<Part>,
) -> Result<Json<History>, AdminError> {
    let limit = part.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("limit: 1 to {LIMIT_MAX} is expected");
        return Err(AdminError::of(StatusCode::BAD_REQUEST, message));
    }
    Ok(Json(gateway.service.history(&account, part.before, limit).await?))
}
