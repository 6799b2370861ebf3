//! Compiles the register into a [`Basis`] per build and purpose. Whoever reads a mask never looks at
//! an agreement again until the basis no longer holds.

use std::collections::HashMap;
use std::sync::Arc;

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

/// Every basis that the register gives at an instant.
#[derive(Debug, Default)]
pub struct Masks {
    by_build: HashMap<Identifier, Vec<Arc<Basis>>>,
    holds_until: Option<Timestamp>,
}

impl Masks {
    /// Compiles the register as it stands at `now`, with the platform's own rules of that register.
    #[must_use]
    pub fn compile(register: &Register, rules: Option<&SharedRules>, now: Timestamp) -> Self {
        let mut compiler = Compiler { register, rules, now, asked: HashMap::new() };
        let mut masks = Self::default();
        for (name, build) in register.builds() {
            let Some(client) = register.clients().get(&build.build.client) else { continue };
            let purposes = build.build.purposes.iter();
            let bases: Vec<_> =
                purposes.map(|purpose| Arc::new(compiler.basis(client, build, purpose))).collect();
            let ends = bases.iter().map(|basis| basis.holds_until);
            masks.holds_until = masks.holds_until.into_iter().chain(ends).min();
            masks.by_build.insert(name.clone(), bases);
        }
        masks
    }

    /// The basis for a build and a purpose that it declared.
    #[must_use]
    pub fn basis(&self, build: &str, purpose: &str) -> Option<&Arc<Basis>> {
        self.by_build.get(build)?.iter().find(|basis| basis.purpose.as_str() == purpose)
    }

    /// The first second for which the register has to be compiled again.
    #[must_use]
    pub fn holds_until(&self) -> Timestamp {
        self.holds_until.unwrap_or(Timestamp::MAX)
    }
}

/// Everything that is in force about one kind of answer: the register's ruling, how the agreements want
/// it delivered, and what the platform's own rules say. Masks are made of it, and so is every explanation.
#[must_use]
pub fn clauses(
    register: &Register,
    rules: Option<&SharedRules>,
    (client, build, purpose): (&Client, &RegisteredBuild, &Identifier),
    people: (Relation, bool),
    now: Timestamp,
) -> Clauses {
    let mut compiler = Compiler { register, rules, now, asked: HashMap::new() };
    compiler.clauses(client, build, purpose, people)
}

struct Compiler<'a> {
    register: &'a Register,
    rules: Option<&'a SharedRules>,
    now: Timestamp,
    /// What the platform's rules said, since many builds are in the same circumstances.
    asked: HashMap<Circumstances, Clauses>,
}

impl Compiler<'_> {
    fn basis(&mut self, client: &Client, build: &RegisteredBuild, purpose: &Identifier) -> Basis {
        let stops = stops(self.register, client, build, self.now).and(self.undeliverable(client));
        let [viewer, friend, minor_friend] =
            PEOPLE.map(|people| self.clauses(client, build, purpose, people));
        let ends = [&stops, &viewer, &friend, &minor_friend].map(Clauses::holds_until);
        let in_force = || client.in_force(self.now);
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
            new_grants: client.takes_grants(self.now),
            stopped: stops.iter().next().map(|clause| clause.reason),
            viewer: Mask::of(&viewer),
            friend: Mask::of(&friend),
            minor_friend: Mask::of(&minor_friend),
            holds_until: ends.into_iter().fold(Timestamp::MAX, Timestamp::min),
        }
    }

    fn clauses(
        &mut self,
        client: &Client,
        build: &RegisteredBuild,
        purpose: &Identifier,
        people: (Relation, bool),
    ) -> Clauses {
        ruling(self.register, client, build, purpose, people, self.now)
            .and(self.undeliverable(client))
            .and(self.own_rules(client, purpose, people))
    }

    /// Answers are sent in the clear here, and wait for nobody's cosignature. An agreement that wants more
    /// gets none rather than less.
    fn undeliverable(&self, client: &Client) -> Clauses {
        let mut clauses = Clauses::default();
        for contract in client.in_force(self.now) {
            let document = &contract.agreement.document;
            if document.delivery != AgreedDelivery::Clear || document.wait == Wait::Witnessed {
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
        &mut self,
        client: &Client,
        purpose: &Identifier,
        (relation, minor): (Relation, bool),
    ) -> Clauses {
        let (Some(rules), Some(schema)) = (self.rules, self.register.schema()) else {
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
            now: self.now,
        };
        let ask = |circumstances: &Circumstances| {
            let asked = rules.clauses(schema, circumstances, index);
            asked.unwrap_or_else(|_| unreadable(index))
        };
        match self.asked.get(&circumstances) {
            Some(clauses) => clauses.clone(),
            None => {
                let clauses = ask(&circumstances);
                self.asked.insert(circumstances, clauses.clone());
                clauses
            }
        }
    }
}

/// Everything is closed, since nobody knows what the rules would forbid.
fn unreadable(index: Option<u64>) -> Clauses {
    let mut clauses = Clauses::default();
    let (reason, allowed) = (Reason::Territory, FieldSet::EMPTY);
    clauses.push(Clause { reason, allowed, index, says: Says::UnreadableRules });
    clauses
}
