//! A request that the solver found, in words that people can check.

use std::fmt;

use cedar_policy::{Entities, EvalResult, Request};
use countersign_domain::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::solver::ProveError;

/// A request with everything that policies could look at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Counterexample {
    /// The field that is asked for.
    pub field: String,
    /// Whether the build is approved.
    pub build_approved: bool,
    /// The rest of the request.
    #[serde(flatten)]
    pub context: Context,
}

/// The context of a request, as the schema has it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, serde::Deserialize)]
pub struct Context {
    /// What the data is for.
    pub purpose: String,
    /// Of whom.
    pub relation: String,
    /// By which way.
    pub route: String,
    /// The country of the partner's seat.
    pub country: String,
    /// The country of its ultimate parent.
    pub parent_country: String,
    /// Whether the person is a minor.
    pub minor: bool,
    /// The second, since 1970.
    pub now: u64,
    /// Whether the person's setting is open.
    pub setting_open: bool,
    /// Whether the viewer granted it.
    pub grant_open: bool,
}

impl Counterexample {
    pub(super) fn of(request: &Request, entities: &Entities) -> Result<Self, ProveError> {
        let incomplete = || ProveError::Answer { reason: "the request is not complete".to_owned() };
        let context = request.context().ok_or_else(incomplete)?;
        let shown: Value = context.to_json_value().map_err(ProveError::answer)?;
        let context = serde_json::from_value(shown).map_err(ProveError::answer)?;
        let principal = request.principal().and_then(|build| entities.get(build));
        let approved = principal.and_then(|build| build.attr("approved")).ok_or_else(incomplete)?;
        let build_approved =
            matches!(approved.map_err(ProveError::answer)?, EvalResult::Bool(true));
        let field = request.resource().ok_or_else(incomplete)?.id().unescaped().to_owned();
        Ok(Self { field, build_approved, context })
    }
}

impl fmt::Display for Counterexample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Context { purpose, relation, route, country, parent_country, minor, now, .. } =
            &self.context;
        let is = |is: bool, yes: &'static str, no: &'static str| if is { yes } else { no };
        write!(
            f,
            "{:?} of {relation}{}, for {purpose:?} by {route}, at {}, by {} build of a partner in {country:?} (parent in {parent_country:?}); the person's setting is {}, the viewer's grant is {}",
            self.field,
            is(*minor, " (a minor)", ""),
            Timestamp::from_seconds(*now),
            is(self.build_approved, "an approved", "an unapproved"),
            is(self.context.setting_open, "open", "closed"),
            is(self.context.grant_open, "open", "closed"),
        )
    }
}
