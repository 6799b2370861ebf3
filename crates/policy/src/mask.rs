//! Compiles the register into a [`Basis`] per build and purpose. Whoever reads a mask never looks at
//! an agreement again until the basis no longer holds.
//!
//! A basis is compiled when somebody first asks for it after an act or after its time, and shared from then
//! on: an act costs nothing that is proportional to builds or agreements.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use countersign_domain::agreement::{AgreedDelivery, Delivery, Wait};
use countersign_domain::clause::{Clause, Clauses, Says};
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::mask::{Basis, Mask};
use countersign_domain::reason::Reason;
use countersign_domain::register::{Client, Register, RegisteredBuild};
use countersign_domain::relation::Relation;
use countersign_domain::route::Route;
use countersign_domain::ruling::{ruling, stops};
use countersign_domain::time::Timestamp;

use crate::cedar::Circumstances;
use crate::cedar::rules::SharedRules;

/// The people whom masks tell apart: the viewer, friends, and friends who are minors.
const PEOPLE: [(Relation, bool); 3] =
    [(Relation::Viewer, false), (Relation::Friend, false), (Relation::Friend, true)];

/// Every basis that one state of the register gives.
pub struct Masks {
    register: Arc<Register>,
    rules: Option<SharedRules>,
    /// Whether there are witnesses that an answer can wait for.
    has_witnesses: bool,
    by_build: RwLock<HashMap<Identifier, Vec<Compiled>>>,
    /// What the platform's rules said, since many builds are in the same circumstances.
    asked: Mutex<HashMap<Circumstances, Clauses>>,
}

/// A basis, and since when it holds.
#[derive(Clone)]
struct Compiled {
    since: Timestamp,
    basis: Arc<Basis>,
}

impl Compiled {
    fn holds(&self, purpose: &str, now: Timestamp) -> bool {
        self.basis.purpose.as_str() == purpose && self.since <= now && now < self.basis.holds_until
    }
}

impl Masks {
    /// The masks of this register, with the platform's own rules of that register, where answers can wait
    /// for no witnesses.
    #[must_use]
    pub fn new(register: Arc<Register>, rules: Option<SharedRules>) -> Self {
        let (by_build, asked) = (RwLock::default(), Mutex::default());
        Self { register, rules, has_witnesses: false, by_build, asked }
    }

    /// The same, where there are witnesses that answers can wait for, or not.
    #[must_use]
    pub fn with_witnesses(self, has_witnesses: bool) -> Self {
        Self { has_witnesses, ..self }
    }

    /// The register.
    #[must_use]
    pub const fn register(&self) -> &Arc<Register> {
        &self.register
    }

    /// The platform's own rules.
    #[must_use]
    pub const fn rules(&self) -> Option<&SharedRules> {
        self.rules.as_ref()
    }

    /// The basis at this second for a build and a purpose that it declared.
    #[must_use]
    pub fn basis(&self, build: &str, purpose: &str, now: Timestamp) -> Option<Arc<Basis>> {
        {
            let by_build = self.by_build.read().unwrap_or_else(PoisonError::into_inner);
            let mut compiled = by_build.get(build).into_iter().flatten();
            if let Some(compiled) = compiled.find(|compiled| compiled.holds(purpose, now)) {
                return Some(Arc::clone(&compiled.basis));
            }
        }
        let registered = self.register.builds().get(build)?;
        let client = self.register.clients().get(&registered.build.client)?;
        let declared = registered.build.purposes.iter().find(|one| one.as_str() == purpose)?;
        let basis = Arc::new(self.compile(client, registered, declared, now));
        let mut by_build = self.by_build.write().unwrap_or_else(PoisonError::into_inner);
        let compiled = by_build.entry(registered.build.build.clone()).or_default();
        compiled.retain(|compiled| compiled.basis.purpose.as_str() != purpose);
        compiled.push(Compiled { since: now, basis: Arc::clone(&basis) });
        Some(basis)
    }

    /// Everything that is in force about one kind of answer: the register's ruling, how the agreements want
    /// it delivered, and what the platform's own rules say. Masks are made of it, and so is every explanation.
    #[must_use]
    pub fn clauses(
        &self,
        client: &Client,
        build: &RegisteredBuild,
        purpose: &Identifier,
        people: (Relation, bool),
        now: Timestamp,
    ) -> Clauses {
        ruling(&self.register, client, build, purpose, people, now)
            .and(self.undeliverable(client, now))
            .and(self.own_rules(client, purpose, people, now))
    }

    fn compile(
        &self,
        client: &Client,
        build: &RegisteredBuild,
        purpose: &Identifier,
        now: Timestamp,
    ) -> Basis {
        let stops = stops(&self.register, client, build, now).and(self.undeliverable(client, now));
        let [viewer, friend, minor_friend] =
            PEOPLE.map(|people| self.clauses(client, build, purpose, people, now));
        let ends = [&stops, &viewer, &friend, &minor_friend].map(Clauses::holds_until);
        let in_force = || client.in_force(now);
        let documents = || in_force().map(|contract| &contract.agreement.document);
        Basis {
            partner: client.partner.clone(),
            client: build.build.client.clone(),
            build: build.build.build.clone(),
            agreements: in_force().map(|contract| contract.digest).collect(),
            purpose: purpose.clone(),
            kind: client.kind,
            delivery: Delivery::Clear,
            wait: documents().map(|document| document.wait).max().unwrap_or_default(),
            query_token: documents().all(|document| document.query_token),
            new_grants: client.takes_grants(now),
            stopped: stops.iter().next().map(|clause| clause.reason),
            viewer: Mask::of(&viewer),
            friend: Mask::of(&friend),
            minor_friend: Mask::of(&minor_friend),
            holds_until: ends.into_iter().fold(Timestamp::MAX, Timestamp::min),
        }
    }

    /// Answers are sent in the clear here, and can wait for witnesses only if there are some. An agreement that
    /// wants more gets none rather than less.
    fn undeliverable(&self, client: &Client, now: Timestamp) -> Clauses {
        let mut clauses = Clauses::default();
        for contract in client.in_force(now) {
            let document = &contract.agreement.document;
            let is_unwitnessed = document.wait == Wait::Witnessed && !self.has_witnesses;
            if document.delivery != AgreedDelivery::Clear || is_unwitnessed {
                clauses.push(Clause {
                    reason: Reason::Agreement,
                    allowed: FieldSet::EMPTY,
                    index: Some(contract.index),
                    says: Says::Undeliverable(document.agreement.clone()),
                });
            }
        }
        clauses
    }

    /// What the platform's own rules say, asked once for the same circumstances. Rules that cannot be read
    /// or asked close everything: nobody knows what they would forbid.
    fn own_rules(
        &self,
        client: &Client,
        purpose: &Identifier,
        (relation, minor): (Relation, bool),
        now: Timestamp,
    ) -> Clauses {
        let (Some(rules), Some(schema)) = (&self.rules, self.register.schema()) else {
            return Clauses::default();
        };
        let index = self.register.rules_index();
        let Ok(rules) = rules.rules() else { return unreadable(index) };
        // Without a partner the ruling has closed everything already.
        let Some(partner) = self.register.partners().get(&client.partner) else {
            return Clauses::default();
        };
        let circumstances = Circumstances {
            purpose: purpose.to_string(),
            relation,
            route: Route::of(client.kind, relation),
            country: partner.country,
            parent_country: partner.parent_country,
            minor,
            // Between two instants with which rules compare, all seconds are the same to them.
            now: rules.same_since(now),
        };
        let held = |asked: &HashMap<_, Clauses>| asked.get(&circumstances).cloned();
        let clauses = held(&self.asked.lock().unwrap_or_else(PoisonError::into_inner));
        clauses.unwrap_or_else(|| {
            let asked = rules.clauses(schema, &circumstances, index);
            let clauses = asked.unwrap_or_else(|_| unreadable(index));
            let mut held = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            held.insert(circumstances, clauses.clone());
            clauses
        })
    }
}

/// Everything is closed, since nobody knows what the rules would forbid.
fn unreadable(index: Option<u64>) -> Clauses {
    let mut clauses = Clauses::default();
    let (reason, allowed) = (Reason::Territory, FieldSet::EMPTY);
    clauses.push(Clause { reason, allowed, index, says: Says::UnreadableRules });
    clauses
}
