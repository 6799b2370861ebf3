//! The budgets in force, and how much of each is used. Counts only: no person can be told from them.

use std::sync::Arc;

use countersign_domain::budget::BudgetsDocument;
use countersign_log::Log;
use countersign_policy::budget::{Budgets, Usage};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::documents::{Budgets as DocumentOfBudgets, UsedBudget};
use super::error::OperationError;

/// The budgets in force.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BudgetsInForce)]
pub struct InForce {
    /// Those that the platform set, as they are published beside the log; null before the first. Those of agreements
    /// stand in the agreements.
    #[schema(value_type = Option<DocumentOfBudgets>, required)]
    pub document: Option<BudgetsDocument>,
    /// How much of each budget is used, once for each client that it applies to now.
    #[schema(value_type = Vec<UsedBudget>)]
    pub used: Vec<Usage>,
}

/// The budgets of a log.
///
/// # Errors
/// [`OperationError`] while nobody knows what time it is, and so which day.
pub fn in_force(log: &Log, budgets: &Budgets) -> Result<InForce, OperationError> {
    let now = log.believed_now().map_err(|error| OperationError::failed(&error))?;
    let document = log.register().budgets().cloned();
    let used = budgets.usage(now);
    Ok(InForce { document, used })
}

impl Service {
    /// The budgets in force.
    ///
    /// # Errors
    /// [`OperationError`] while the clock cannot be believed.
    pub async fn budgets_in_force(self: &Arc<Self>) -> Result<InForce, OperationError> {
        // Many clients with long windows take a while to count.
        self.beside(|service| in_force(&service.log, &service.budgets)).await
    }
}
