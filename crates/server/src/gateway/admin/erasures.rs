//! `GET /admin/v1/erasures`: who asked for erasure and is not destroyed yet.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::service::erasure::Erasures;

/// What is being erased now.
///
/// # Errors
/// [`AdminError`] 500 if the store cannot be read.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<Erasures>, AdminError> {
    Ok(Json(gateway.service.erasures()?))
}
