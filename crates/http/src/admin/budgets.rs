//! `GET /admin/v1/budgets`: the budgets in force, and how much of each is used.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::operations::budgets::InForce;

use crate::admin_error::AdminError;
use crate::extract::Json;
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotNow};

/// The budgets in force, and how much of each is used.
///
/// Counts of distinct people, exact, by client. The budgets of agreements stand in the agreements; what is used of
/// them is here, too. Whoever has this beside the public log knows how many people a client reached.
///
/// # Errors
/// [`AdminError`] 503 while the clock cannot be believed.
#[utoipa::path(
    get,
    path = "/budgets",
    operation_id = "readBudgets",
    responses(
        (status = 200, description = "The document that the platform put in force, and what is used.", body = InForce),
        Broken,
        NotNow,
    ),
)]
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<InForce>, AdminError> {
    Ok(Json(gateway.service.budgets_in_force().await?))
}
