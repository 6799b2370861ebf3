//! A rule: a budget as it applies to one client, its categories looked up and its time known.

use countersign_domain::budget::{BudgetDocument, BudgetName, Limit, Scope, Then};
use countersign_domain::contract::Contract;
use countersign_domain::identifier::Identifier;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;

use super::category::{Categories, Category};
use super::reach::Counted;

/// What a running window counts, and over how many days.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    pub(super) counted: Counted,
    pub(super) window_days: u32,
}

/// A budget as it applies to one client.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) budget: BudgetName,
    pub(super) scope: Scope,
    pub(super) then: Then,
    /// Whom it limits.
    pub(super) people: Key,
    limit: RuleLimit,
    /// It applies from the one second until the other.
    from: Timestamp,
    until: Timestamp,
}

#[derive(Debug)]
enum RuleLimit {
    People(u64),
    Harvest { people_per_grant: u32, people_free: u64, grants: Key },
    LowestPresent(Vec<(Key, u64)>),
}

impl Rule {
    fn new(
        agreement: Option<&Identifier>,
        document: &BudgetDocument,
        (from, until): (Timestamp, Timestamp),
        categories: &Categories,
    ) -> Self {
        let window_days = document.window_days;
        let key = |counted| Key { counted, window_days };
        let named: Vec<&String> = document.counted().collect();
        let counted = if named.is_empty() {
            Counted::Everybody
        } else {
            Counted::Of(numbers(named.into_iter(), categories))
        };
        let limit = match &document.limit {
            Limit::People(people_max) => RuleLimit::People(*people_max),
            Limit::Harvest { people_per_grant, people_free } => RuleLimit::Harvest {
                people_per_grant: *people_per_grant,
                people_free: *people_free,
                grants: key(Counted::Viewers),
            },
            Limit::LowestPresent(types) => {
                let of_type = types.iter().map(|threshold| {
                    let of = numbers(threshold.categories.iter(), categories);
                    (key(Counted::Of(of)), threshold.people_max)
                });
                RuleLimit::LowestPresent(of_type.collect())
            }
        };
        Self {
            budget: BudgetName { agreement: agreement.cloned(), budget: document.budget.clone() },
            scope: document.scope,
            then: document.then,
            people: key(counted),
            limit,
            from,
            until,
        }
    }

    /// Whether it applies now.
    pub(super) fn is_in_force(&self, now: Timestamp) -> bool {
        self.from <= now && now < self.until
    }

    /// How many people may be reached, given how many are counted under a key; `None` if any number may.
    pub(super) fn people_max(&self, count: impl Fn(&Key) -> u64) -> Option<u64> {
        match &self.limit {
            RuleLimit::People(people_max) => Some(*people_max),
            RuleLimit::Harvest { people_per_grant, people_free, grants } => {
                let granted = count(grants).saturating_mul(u64::from(*people_per_grant));
                Some(granted.max(*people_free))
            }
            RuleLimit::LowestPresent(types) => {
                let present = types.iter().filter(|(of_type, _)| count(of_type) > 0);
                present.map(|(_, people_max)| *people_max).min()
            }
        }
    }

    /// What has to be counted for it.
    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        let (grants, types) = match &self.limit {
            RuleLimit::People(_) => (None, [].as_slice()),
            RuleLimit::Harvest { grants, .. } => (Some(grants), [].as_slice()),
            RuleLimit::LowestPresent(types) => (None, types.as_slice()),
        };
        let types = types.iter().map(|(of_type, _)| of_type);
        [&self.people].into_iter().chain(grants).chain(types)
    }
}

/// Categories by their numbers, in order, each once. What no field ever had reaches nobody.
fn numbers<'a>(names: impl Iterator<Item = &'a String>, known: &Categories) -> Vec<Category> {
    let mut numbers: Vec<_> = names.filter_map(|name| known.by_name(name)).collect();
    numbers.sort_unstable();
    numbers.dedup();
    numbers
}

/// The budgets that apply to a client now or later, unless an act changes that: those of its agreements,
/// then the platform's.
pub(super) fn rules(
    register: &Register,
    client: &Identifier,
    now: Timestamp,
    categories: &Categories,
) -> Vec<Rule> {
    let Some(found) = register.clients().get(client) else { return Vec::new() };
    let Some(partner) = register.partners().get(&found.partner) else { return Vec::new() };
    let not_over = found.contracts.values().filter(|contract| now < contract.ends());
    let agreed = not_over.flat_map(|contract| of_contract(contract, categories));
    let set = register.budgets().into_iter().flat_map(|document| &document.budgets);
    let set = set.filter(|set| set.applies_to.covers(client, partner));
    let always = (Timestamp::from_seconds(0), Timestamp::MAX);
    agreed.chain(set.map(|set| Rule::new(None, &set.budget, always, categories))).collect()
}

fn of_contract(contract: &Contract, categories: &Categories) -> impl Iterator<Item = Rule> {
    let document = &contract.agreement.document;
    let during = (document.not_before, contract.ends());
    let rule = move |budget| Rule::new(Some(&document.agreement), budget, during, categories);
    document.budgets.iter().map(rule)
}
