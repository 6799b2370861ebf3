//! `POST /admin/v1/closes`: ends the period now. `GET /admin/v1/closes`: the last period that was closed.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::service::periods::ShownPeriod;

/// Closes the period; the answer comes when the close is in the log. It goes on if the caller goes away.
///
/// # Errors
/// [`AdminError`] 409 while a close is under way, 507 or 500 if it failed.
pub async fn post(State(gateway): State<Arc<Gateway>>) -> Result<Json<ShownPeriod>, AdminError> {
    Ok(Json(gateway.service.close().await?))
}

/// The last period that was closed.
///
/// # Errors
/// [`AdminError`] 404 if there is none, 409 while a close is under way.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<ShownPeriod>, AdminError> {
    Ok(Json(gateway.service.last_close()?))
}
