//! Platform rules in Cedar: what a platform forbids beyond what the register's own rules do. Every policy
//! forbids, is about everybody (no build is looked at), and says by annotations what it is called and
//! under which reason it withholds.
//!
//! ```cedar
//! @id("health-stays")
//! @reason("special_category")
//! forbid (principal, action, resource)
//! when { resource.category == "pd:Health" && context.relation == "friend" };
//! ```

use std::sync::Arc;

use cedar_policy::{
    ActionConstraint, Authorizer, Effect, Policy, PolicySet, PrincipalConstraint, ValidationMode,
    Validator,
};
use countersign_domain::clause::{Clause, Clauses, Says};
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::nearest::did_you_mean;
use countersign_domain::reason::Reason;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use serde_json::Value;

use super::lint::{self, Lint};
use super::{CedarTrouble, Circumstances, Principal, Universe};

/// The reasons under which a platform's rules may withhold.
const REASONS: [(&str, Reason); 4] = [
    ("special_category", Reason::SpecialCategory),
    ("minor", Reason::Minor),
    ("territory", Reason::Territory),
    ("screening", Reason::Screening),
];

/// What everything is allowed by before rules forbid.
const EVERYTHING: &str = "permit (principal, action, resource);";

/// Rules that were read, so that they can be asked.
pub struct Rules {
    policies: PolicySet,
    /// Name and reason of each, by Cedar's own number for it, in the order of the text.
    described: Vec<(String, String, Reason)>,
    boundaries: Vec<Timestamp>,
}

/// What is wrong with a platform's rules.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RulesError {
    /// They are not Cedar.
    #[error("the rules cannot be read: {reason}")]
    Syntax {
        /// What Cedar says.
        reason: String,
    },
    /// They do not fit the schema.
    #[error("rule {name:?} does not fit what rules can look at: {reason}")]
    Type {
        /// The rule.
        name: String,
        /// What Cedar says.
        reason: String,
    },
    /// One that permits. Agreements permit; rules take away.
    #[error("rule {name:?} permits: rules only forbid, agreements and people permit")]
    Permits {
        /// The rule.
        name: String,
    },
    /// One that is about some builds only.
    #[error(
        "rule {name:?} looks at the principal: rules hold for everybody; to stop one build revoke it, to stop one partner suspend it"
    )]
    LooksAtBuild {
        /// The rule.
        name: String,
    },
    /// One without a name.
    #[error("rule number {number} has no name: put @id(\"…\") in front of it")]
    NoName {
        /// Its place in the text, counted from 1.
        number: usize,
    },
    /// Two of one name.
    #[error("rule {name:?} is there twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// One without a reason that people can be told.
    #[error(
        "rule {name:?} has {found}: put @reason(\"…\") in front of it, with one of special_category, minor, territory, screening{hint}"
    )]
    NoReason {
        /// The rule.
        name: String,
        /// What it has.
        found: String,
        /// The most similar reason.
        hint: String,
    },
    /// What only this project asks of policies.
    #[error("rule {name:?}: {lint}")]
    Lint {
        /// The rule.
        name: String,
        /// What is wrong.
        lint: Lint,
    },
    /// Cedar itself.
    #[error(transparent)]
    Cedar(#[from] CedarTrouble),
}

impl Rules {
    /// Reads a text of policies.
    ///
    /// # Errors
    /// [`RulesError`], naming the rule.
    pub fn read(text: &str) -> Result<Self, RulesError> {
        let syntax = |error: cedar_policy::ParseErrors| RulesError::Syntax { reason: said(&error) };
        let written: PolicySet = text.parse().map_err(syntax)?;
        let mut policies: Vec<&Policy> = written.policies().collect();
        // Cedar numbers them in the order of the text: policy0, policy1, …
        policies.sort_by_key(|policy| {
            let id = policy.id().to_string();
            id.trim_start_matches("policy").parse::<usize>().unwrap_or(usize::MAX)
        });
        let mut described: Vec<(String, String, Reason)> = Vec::with_capacity(policies.len());
        let mut boundaries = Vec::new();
        for (policy, number) in policies.into_iter().zip(1..) {
            let (name, reason) = describe(policy, number)?;
            if described.iter().any(|(_, other, _)| *other == name) {
                return Err(RulesError::Twice { name });
            }
            let linted = lint::boundaries(policy)?;
            boundaries
                .extend(linted.map_err(|lint| RulesError::Lint { name: name.clone(), lint })?);
            described.push((policy.id().to_string(), name, reason));
        }
        check_types(&written, &described)?;
        let mut all = written;
        let everything =
            Policy::parse(Some("everything".parse().map_err(CedarTrouble::new)?), EVERYTHING);
        all.add(everything.map_err(CedarTrouble::new)?).map_err(CedarTrouble::new)?;
        boundaries.sort_unstable();
        boundaries.dedup();
        Ok(Self { policies: all, described, boundaries })
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.described.is_empty()
    }

    /// The names of the rules with their reasons, in the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Reason)> {
        self.described.iter().map(|(_, name, reason)| (name.as_str(), *reason))
    }

    /// The first second since which nothing that the rules say has changed.
    #[must_use]
    pub fn same_since(&self, now: Timestamp) -> Timestamp {
        let passed = self.boundaries.iter().rev().find(|boundary| **boundary <= now);
        passed.copied().unwrap_or(Timestamp::from_seconds(0))
    }

    /// What the rules withhold under these circumstances, a clause for each rule that withholds anything.
    /// `index` is the entry that put them in force.
    ///
    /// # Errors
    /// [`CedarTrouble`], also if a rule could not be evaluated: Cedar would pass it over.
    pub fn clauses(
        &self,
        schema: &FieldSchema,
        circumstances: &Circumstances,
        index: Option<u64>,
    ) -> Result<Clauses, CedarTrouble> {
        let mut clauses = Clauses::default();
        for boundary in &self.boundaries {
            clauses.boundary(*boundary, circumstances.now);
        }
        if self.is_empty() {
            return Ok(clauses);
        }
        let nobody = Principal {
            name: String::new(),
            approved: true,
            purposes: Vec::new(),
            declared: [FieldSet::EMPTY; 2],
        };
        let universe = Universe::new(schema, &nobody)?;
        let mut withheld = vec![FieldSet::EMPTY; self.described.len()];
        for field in schema.all().iter() {
            self.ask(&universe, field, circumstances, &mut withheld)?;
        }
        for ((_, name, reason), fields) in self.described.iter().zip(withheld) {
            if !fields.is_empty() {
                clauses.push(Clause {
                    reason: *reason,
                    allowed: FieldSet::ALL.without(fields),
                    index,
                    says: Says::Rule(name.clone()),
                });
            }
        }
        Ok(clauses)
    }

    /// Adds the field to what is withheld by each rule that forbids it.
    fn ask(
        &self,
        universe: &Universe,
        field: FieldId,
        circumstances: &Circumstances,
        withheld: &mut [FieldSet],
    ) -> Result<(), CedarTrouble> {
        // Settings and grants are asked at each decision; here both are open.
        let request = universe.request(field, circumstances, true, true)?;
        let answer = Authorizer::new().is_authorized(&request, &self.policies, universe.entities());
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(CedarTrouble::new(error));
        }
        for forbidding in answer.diagnostics().reason() {
            let id = forbidding.to_string();
            let rule = self.described.iter().position(|(known, _, _)| *known == id);
            if let Some(fields) = rule.and_then(|rule| withheld.get_mut(rule)) {
                *fields = fields.with(field);
            }
        }
        Ok(())
    }
}

/// The name and the reason of a rule that only forbids, and only looks at what rules may look at.
fn describe(policy: &Policy, number: usize) -> Result<(String, Reason), RulesError> {
    let name = policy.annotation("id").filter(|name| !name.is_empty());
    let name = name.ok_or(RulesError::NoName { number })?.to_owned();
    if policy.effect() == Effect::Permit {
        return Err(RulesError::Permits { name });
    }
    let shown = policy.to_json().map_err(CedarTrouble::new)?;
    let is_for_all = matches!(policy.principal_constraint(), PrincipalConstraint::Any)
        && matches!(policy.action_constraint(), ActionConstraint::Any);
    if !is_for_all || looks_at_principal(shown.get("conditions").unwrap_or(&Value::Null)) {
        return Err(RulesError::LooksAtBuild { name });
    }
    let found = policy.annotation("reason");
    let known = REASONS.iter().find(|(word, _)| Some(*word) == found);
    let Some((_, reason)) = known else {
        let words = REASONS.iter().map(|(word, _)| *word);
        return Err(RulesError::NoReason {
            name,
            found: found.map_or("no reason".to_owned(), |found| format!("reason {found:?}")),
            hint: found.map(|found| did_you_mean(found, words)).unwrap_or_default(),
        });
    };
    Ok((name, *reason))
}

fn looks_at_principal(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.get("Var") == Some(&Value::from("principal"))
                || members.values().any(looks_at_principal)
        }
        Value::Array(members) => members.iter().any(looks_at_principal),
        _ => false,
    }
}

fn check_types(
    policies: &PolicySet,
    described: &[(String, String, Reason)],
) -> Result<(), RulesError> {
    let validator = Validator::new(super::schema()?.clone());
    let result = validator.validate(policies, ValidationMode::Strict);
    let Some(error) = result.validation_errors().next() else { return Ok(()) };
    let id = error.policy_id().to_string();
    let name = described.iter().find(|(known, _, _)| *known == id);
    let name = name.map_or(id, |(_, name, _)| name.clone());
    Err(RulesError::Type { name, reason: error.to_string() })
}

/// What an error says with what lies behind it.
fn said(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Rules that are shared, and read again only when their text changes.
#[derive(Clone)]
pub struct SharedRules {
    text: Arc<str>,
    rules: Result<Arc<Rules>, RulesError>,
}

impl SharedRules {
    /// Reads the text, unless it is the one that was read before.
    #[must_use]
    pub fn of(text: &Arc<str>, before: Option<&Self>) -> Self {
        match before.filter(|before| before.text == *text) {
            Some(before) => before.clone(),
            None => Self { text: Arc::clone(text), rules: Rules::read(text).map(Arc::new) },
        }
    }

    /// The rules.
    ///
    /// # Errors
    /// [`RulesError`] if the text holds none: then nothing may be released, since nobody knows what it
    /// would forbid.
    pub fn rules(&self) -> Result<&Rules, &RulesError> {
        self.rules.as_deref()
    }
}
