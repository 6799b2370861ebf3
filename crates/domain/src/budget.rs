//! A budget: a limit on the distinct people that a client or partner may reach within a window of days.
//! Agreements have budgets of their own; the platform sets others for partners by act.
//!
//! What it is not: the counting, which is `countersign-policy`'s.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::identifier::Identifier;
use crate::partner::Partner;
use crate::schema::FieldSchema;

/// The version of the budgets document that this code reads and writes.
pub const BUDGETS_VERSION: u32 = 1;

/// The longest window, in days: a leap year.
pub const WINDOW_DAYS_MAX: u32 = 366;

/// From which share on owners in countries of concern control a partner, in percent (28 CFR 202.211 (a)).
pub const CONTROL_PERCENT: u32 = 50;

/// A limit on distinct people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetDocument {
    /// Its name, by which alerts and refusals speak of it.
    pub budget: Identifier,
    /// Whose reach is limited.
    pub scope: Scope,
    /// The categories of data that count, as the schema names them; none named, any field counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Over how many days, today included.
    pub window_days: u32,
    /// What the limit is.
    pub limit: Limit,
    /// What happens at the limit.
    pub then: Then,
}

/// Whose reach a budget limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// That of the client alone.
    Client,
    /// That of all clients of its partner together.
    Partner,
}

/// What is limited.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// At most so many distinct people.
    People(u64),
    /// At most so many distinct people for each one who granted, once there are more than `people_free`:
    /// what tells a harvest from use.
    Harvest {
        /// How many people for each viewer who granted.
        people_per_grant: u32,
        /// How many people are free of it.
        people_free: u64,
    },
    /// Of several types of data together: of distinct people reached with any of them, the lowest
    /// threshold of a type that was reached at all (28 CFR 202.205 (g), combined data).
    LowestPresent(Vec<Threshold>),
}

/// How many people a type of data may be of.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// The categories that are this type, as the schema names them.
    pub categories: Vec<String>,
    /// The most distinct people.
    pub people_max: u64,
}

/// What happens when an answer would go beyond a budget.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// There is no answer.
    Deny,
    /// There is one, and an alert.
    Alert,
}

/// The budgets that the platform sets, published beside the log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetsDocument {
    /// [`BUDGETS_VERSION`].
    pub version: u32,
    /// The budgets, each with those to whom it applies.
    pub budgets: Vec<SetBudget>,
}

/// A budget of the platform's.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetBudget {
    /// To whom it applies.
    pub applies_to: AppliesTo,
    /// The budget.
    pub budget: BudgetDocument,
}

/// To whom a budget of the platform's applies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppliesTo {
    /// Every client of every partner.
    Everybody,
    /// One partner.
    Partner(Identifier),
    /// One client.
    Client(Identifier),
    /// Every partner in, or controlled from, a country of concern (28 CFR 202.601).
    CountryOfConcern,
}

impl AppliesTo {
    /// Whether it is about this client of this partner.
    #[must_use]
    pub fn covers(&self, client: &Identifier, partner: &Partner) -> bool {
        match self {
            Self::Everybody => true,
            Self::Partner(name) => *name == partner.id,
            Self::Client(name) => name == client,
            Self::CountryOfConcern => partner.is_of_concern(CONTROL_PERCENT),
        }
    }
}

/// A budget by its name, and whose it is: a name is unique within one document only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BudgetName {
    /// The agreement that has it; `None` for one that the platform set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Identifier>,
    /// The budget.
    pub budget: Identifier,
}

impl fmt::Display for BudgetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.agreement {
            Some(agreement) => write!(f, "{} of agreement {agreement}", self.budget),
            None => write!(f, "{} of the platform", self.budget),
        }
    }
}

/// What is wrong with a budget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BudgetError {
    /// Written for another version of Countersign.
    #[error("budgets version {found} is not known; this program reads version {BUDGETS_VERSION}")]
    UnknownVersion {
        /// The version in the document.
        found: u32,
    },
    /// A window that is empty or longer than is counted.
    #[error("budget {budget} has a window of {found} days; 1 to {WINDOW_DAYS_MAX} are possible")]
    Window {
        /// The budget.
        budget: Identifier,
        /// The days found.
        found: u32,
    },
    /// A category that no field of the schema has.
    #[error("budget {budget} counts category {category:?}, which no field of the schema has")]
    UnknownCategory {
        /// The budget.
        budget: Identifier,
        /// The category.
        category: String,
    },
    /// A limit by types of data without a type, or a type without a category: it would limit nothing.
    #[error("budget {budget} limits types of data and names none; give each type its categories")]
    NoType {
        /// The budget.
        budget: Identifier,
    },
    /// Two budgets of one name.
    #[error("budget {budget} is defined twice")]
    Twice {
        /// The name.
        budget: Identifier,
    },
}

impl BudgetDocument {
    /// Every category that it counts.
    pub fn counted(&self) -> impl Iterator<Item = &String> {
        let thresholds = self.thresholds().unwrap_or_default();
        self.categories.iter().chain(thresholds.iter().flat_map(|threshold| &threshold.categories))
    }

    /// The types of data, of a budget that limits several together.
    fn thresholds(&self) -> Option<&[Threshold]> {
        match &self.limit {
            Limit::LowestPresent(thresholds) => Some(thresholds),
            Limit::People(_) | Limit::Harvest { .. } => None,
        }
    }

    fn limits_nothing(&self) -> bool {
        self.thresholds().is_some_and(|types| {
            types.is_empty() || types.iter().any(|threshold| threshold.categories.is_empty())
        })
    }
}

impl BudgetsDocument {
    /// Checks the document against the field schema in force.
    ///
    /// # Errors
    /// [`BudgetError`], naming the first thing that is wrong.
    pub fn check(&self, schema: &FieldSchema) -> Result<(), BudgetError> {
        if self.version != BUDGETS_VERSION {
            return Err(BudgetError::UnknownVersion { found: self.version });
        }
        check(self.budgets.iter().map(|set| &set.budget), schema)
    }
}

/// Checks budgets that stand in one document against the field schema in force.
///
/// # Errors
/// [`BudgetError`], naming the first budget that is wrong.
pub fn check<'a>(
    budgets: impl Iterator<Item = &'a BudgetDocument>,
    schema: &FieldSchema,
) -> Result<(), BudgetError> {
    let mut names = Vec::new();
    for document in budgets {
        let budget = &document.budget;
        if !(1..=WINDOW_DAYS_MAX).contains(&document.window_days) {
            let found = document.window_days;
            return Err(BudgetError::Window { budget: budget.clone(), found });
        }
        if names.contains(&budget) {
            return Err(BudgetError::Twice { budget: budget.clone() });
        }
        names.push(budget);
        if document.limits_nothing() {
            return Err(BudgetError::NoType { budget: budget.clone() });
        }
        let has = |category: &str| schema.fields().iter().any(|field| field.category == category);
        if let Some(category) = document.counted().find(|category| !has(category)) {
            let (budget, category) = (budget.clone(), category.clone());
            return Err(BudgetError::UnknownCategory { budget, category });
        }
    }
    Ok(())
}
