//! `GET /admin/v1/budgets`: the budgets in force, and how much of each is used. Counts only: no person
//! can be told from them.

use std::sync::Arc;

use axum::extract::State;
use countersign_domain::budget::{BudgetName, BudgetsDocument, Scope, Then};
use countersign_domain::identifier::Identifier;
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
    pub used: Vec<Used>,
}

/// How much of a budget is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Used {
    /// The client that the budget applies to.
    pub client: Identifier,
    /// Its partner.
    pub partner: Identifier,
    /// The budget.
    pub budget: BudgetName,
    /// Whose reach it limits.
    pub scope: Scope,
    /// Over how many days, today included.
    pub window_days: u32,
    /// How many distinct people were reached.
    pub people: u64,
    /// How many may be; `None` as long as no type of data was reached that has a limit.
    pub people_max: Option<u64>,
    /// What happens beyond.
    pub then: Then,
}

impl From<Usage> for Used {
    fn from(usage: Usage) -> Self {
        let Usage { client, partner, budget, scope, window_days, people, people_max, then } = usage;
        Self { client, partner, budget, scope, window_days, people, people_max, then }
    }
}

/// The budgets of a log.
///
/// # Errors
/// [`AdminError`] 503 while nobody knows what time it is, and so which day.
pub fn in_force(log: &Log, budgets: &Budgets) -> Result<InForce, AdminError> {
    let now = log.believed_now().map_err(AdminError::unavailable)?;
    let document = log.register().budgets().cloned();
    let used = budgets.usage(now).into_iter().map(Used::from).collect();
    Ok(InForce { document, used })
}

/// The budgets in force.
///
/// # Errors
/// [`AdminError`] 503 while the clock cannot be believed.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<InForce>, AdminError> {
    // Many clients with long windows take a while to count.
    let counting = tokio::task::spawn_blocking(move || in_force(&gateway.log, &gateway.budgets));
    counting.await.map_err(AdminError::internal)?.map(Json)
}
