//! `GET /admin/v1/budgets`: the budgets in force, and how much of each is used.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::service::budgets::InForce;

/// The budgets in force.
///
/// # Errors
/// [`AdminError`] 503 while the clock cannot be believed.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<InForce>, AdminError> {
    Ok(Json(gateway.service.budgets_in_force().await?))
}
