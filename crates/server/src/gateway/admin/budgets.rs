//! `GET /admin/v1/budgets`: the budgets in force, and how much of each is used. Counts only: no person
//! can be told from them.

use std::sync::Arc;

use axum::extract::State;
use countersign_domain::budget::BudgetsDocument;
use countersign_log::Log;
use countersign_policy::budget::{Budgets, Usage};
use serde::{Deserialize, Serialize};

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;

/// The budgets in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InForce {
    /// Those that the platform set; those of agreements stand in the agreements.
    pub document: Option<BudgetsDocument>,
    /// How much of each budget is used, once for each client that it applies to now.
    pub used: Vec<Usage>,
}

/// The budgets of a log.
///
/// # Errors
/// [`AdminError`] 503 while nobody knows what time it is, and so which day.
pub fn in_force(log: &Log, budgets: &Budgets) -> Result<InForce, AdminError> {
    let now = log.believed_now().map_err(|error| AdminError::failed(&error))?;
    let document = log.register().budgets().cloned();
    let used = budgets.usage(now);
    Ok(InForce { document, used })
}

/// The budgets in force.
///
/// # Errors
/// [`AdminError`] 503 while the clock cannot be believed.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<InForce>, AdminError> {
    // Many clients with long windows take a while to count.
    let counting = tokio::task::spawn_blocking(move || {
        in_force(&gateway.service.log, &gateway.service.budgets)
    });
    counting.await.map_err(AdminError::internal)?.map(Json)
}
