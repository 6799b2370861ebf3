//! The register: partners, agreements, builds and their states, computed from the log by applying
//! its acts in order. Gateway and outsiders compute it with this one code.
//!
//! What it is not: it verifies no signature (see `countersign-protocol`, `replay`), and decides nothing.

use std::collections::{BTreeMap, BTreeSet};

mod apply;
mod error;

pub use error::ActError;

use crate::act::{Act, Keys, Signer, Subject};
use crate::agreement::AgreementDocument;
use crate::budget::BudgetsDocument;
use crate::build::{Build, BuildState};
use crate::contract::Contract;
use crate::digest::Digest;
use crate::field::FieldSet;
use crate::identifier::Identifier;
use crate::key::PublicKey;
use crate::obligation::{Duty, Obligation};
use crate::partner::Partner;
use crate::relation::Relation;
use crate::route::ClientKind;
use crate::rules::{PlatformRules, RulesDocument};
use crate::schema::{FieldSchema, SchemaDocument};
use crate::screening::{Outcome, Screened};
use crate::time::{SECONDS_PER_DAY, Timestamp};

/// The public state of governance after some number of entries.
#[derive(Clone, Debug, Default)]
pub struct Register {
    keys: Option<Keys>,
    schema: Option<FieldSchema>,
    schema_index: Option<u64>,
    rules_document: Option<RulesDocument>,
    rules: Option<PlatformRules>,
    rules_index: Option<u64>,
    budgets: Option<BudgetsDocument>,
    published: BTreeMap<&'static str, (Digest, u64)>,
    partners: BTreeMap<Identifier, Partner>,
    partner_entries: BTreeMap<Identifier, u64>,
    clients: BTreeMap<Identifier, Client>,
    builds: BTreeMap<Identifier, RegisteredBuild>,
    suspended: BTreeMap<Subject, u64>,
    screened: BTreeMap<Identifier, Screened>,
    owed: BTreeMap<Identifier, BTreeMap<Identifier, Owed>>,
    clients_of: BTreeMap<Identifier, BTreeSet<Identifier>>,
    reviews_paused: bool,
    last_act: Option<u64>,
}

/// A client as the register knows it: a partner's product with the agreements about it.
#[derive(Clone, Debug)]
pub struct Client {
    /// The partner whose product it is.
    pub partner: Identifier,
    /// Device integration or app.
    pub kind: ClientKind,
    /// The agreements by their names, those that have ended included. There is at least one.
    pub contracts: BTreeMap<Identifier, Contract>,
}

/// What a partner was asked for, or answered.
#[derive(Clone, Debug)]
enum Owed {
    /// The platform asked for it.
    Demanded(Obligation),
    /// The partner attested it at this time.
    Attested(Timestamp),
    /// The platform lifted it.
    Lifted(Timestamp),
}

impl Client {
    /// The agreements in force.
    pub fn in_force(&self, now: Timestamp) -> impl Iterator<Item = &Contract> {
        self.contracts.values().filter(move |contract| contract.is_in_force(now))
    }

    /// Whether new grants may be made: some agreement is in force, and none has ended them.
    #[must_use]
    pub fn takes_grants(&self, now: Timestamp) -> bool {
        let mut in_force = self.in_force(now).peekable();
        let ended = |contract: &Contract| {
            contract.steps().any(|(step, _)| now >= step.at && step.ends.ends_grants())
        };
        in_force.peek().is_some() && !in_force.any(ended)
    }

    /// What is owed when the last of the agreements is over, that the data is deleted, and when that is.
    fn owed_at_end(&self) -> Option<(Obligation, Timestamp)> {
        let last = self.contracts.values().max_by_key(|contract| contract.over())?;
        let document = &last.agreement.document;
        let days = u64::from(document.obligations.deletion_days);
        let over = last.over();
        let obligation = Obligation {
            name: document.agreement.clone(),
            agreement: document.agreement.clone(),
            what: Duty::Deletion,
            due: over.plus_seconds(days * SECONDS_PER_DAY),
            index: last.index,
        };
        Some((obligation, over))
    }
}

/// A build as the register knows it, its declared fields as sets.
#[derive(Clone, Debug)]
pub struct RegisteredBuild {
    /// What the partner submitted.
    pub build: Build,
    /// Where it stands.
    pub state: BuildState,
    /// The entry by which it stands there.
    pub index: u64,
    viewer: FieldSet,
    friend: FieldSet,
}

impl RegisteredBuild {
    /// The fields that it declared of people of this relation.
    #[must_use]
    pub const fn declared(&self, relation: Relation) -> FieldSet {
        match relation {
            Relation::Viewer => self.viewer,
            Relation::Friend => self.friend,
        }
    }

    /// Whether it declared this purpose.
    #[must_use]
    pub fn has_purpose(&self, purpose: &Identifier) -> bool {
        self.build.purposes.contains(purpose)
    }
}

/// The document that came with an act.
#[derive(Clone, Debug)]
pub enum Document {
    /// With [`Act::FieldSchema`].
    Schema(SchemaDocument),
    /// With [`Act::Rules`].
    Rules(RulesDocument),
    /// With [`Act::Agreement`]. It is the largest by far.
    Agreement(Box<AgreementDocument>),
    /// With [`Act::Budgets`].
    Budgets(BudgetsDocument),
}

impl Register {
    /// The keys in force.
    #[must_use]
    pub const fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// The field schema in force.
    #[must_use]
    pub const fn schema(&self) -> Option<&FieldSchema> {
        self.schema.as_ref()
    }

    /// The platform rules in force.
    #[must_use]
    pub const fn rules(&self) -> Option<&PlatformRules> {
        self.rules.as_ref()
    }

    /// The document of the platform rules in force.
    #[must_use]
    pub const fn rules_document(&self) -> Option<&RulesDocument> {
        self.rules_document.as_ref()
    }

    /// The entry that put the platform rules in force.
    #[must_use]
    pub const fn rules_index(&self) -> Option<u64> {
        self.rules_index
    }

    /// The budgets that the platform set.
    #[must_use]
    pub const fn budgets(&self) -> Option<&BudgetsDocument> {
        self.budgets.as_ref()
    }

    /// The partners, by name.
    #[must_use]
    pub const fn partners(&self) -> &BTreeMap<Identifier, Partner> {
        &self.partners
    }

    /// The entry that says of a partner what is registered of it.
    #[must_use]
    pub fn partner_entry(&self, partner: &Identifier) -> Option<u64> {
        self.partner_entries.get(partner).copied()
    }

    /// The entry that says already what this act says, so that the act would change nothing. Acts that mean
    /// something each time that they are signed, as certifications do, never stand.
    #[must_use]
    pub fn stands(&self, act: &Act) -> Option<u64> {
        match act {
            Act::Partner(partner) if self.partners.get(&partner.id) == Some(partner) => {
                self.partner_entry(&partner.id)
            }
            Act::Agreement(act) => {
                let (client, contract) = self.contract(&act.agreement)?;
                let is_same = *client == act.client && contract.digest == act.digest;
                // Concluding it once more takes back what was scheduled since.
                (is_same && contract.is_as_concluded()).then_some(contract.index)
            }
            Act::FieldSchema(published) | Act::Rules(published) | Act::Budgets(published) => {
                let (digest, index) = self.published.get(act.kind())?;
                (*digest == published.digest).then_some(*index)
            }
            _ => None,
        }
    }

    /// The clients, by name.
    #[must_use]
    pub const fn clients(&self) -> &BTreeMap<Identifier, Client> {
        &self.clients
    }

    /// The names of a partner's clients.
    pub fn clients_of(&self, partner: &Identifier) -> impl Iterator<Item = &Identifier> {
        self.clients_of.get(partner).into_iter().flatten()
    }

    /// The builds, by name.
    #[must_use]
    pub const fn builds(&self) -> &BTreeMap<Identifier, RegisteredBuild> {
        &self.builds
    }

    /// Whether a client is stopped, itself or through its partner.
    #[must_use]
    pub fn is_suspended(&self, client: &Identifier) -> bool {
        let partner = self.clients.get(client).map(|client| &client.partner);
        self.client_suspended(client).is_some()
            || partner.is_some_and(|partner| self.partner_suspended(partner).is_some())
    }

    /// The entry that suspended a partner, if it is.
    #[must_use]
    pub fn partner_suspended(&self, partner: &Identifier) -> Option<u64> {
        self.suspended.get(&Subject::Partner(partner.clone())).copied()
    }

    /// The entry that suspended a client itself, if it is.
    #[must_use]
    pub fn client_suspended(&self, client: &Identifier) -> Option<u64> {
        self.suspended.get(&Subject::Client(client.clone())).copied()
    }

    /// Who is suspended.
    pub fn suspended(&self) -> impl ExactSizeIterator<Item = &Subject> {
        self.suspended.keys()
    }

    /// What came of a partner's last screening, and the entry that says so.
    #[must_use]
    pub fn screening(&self, partner: &Identifier) -> Option<(Outcome, u64)> {
        self.screened.get(partner).map(|screened| (screened.outcome, screened.entry))
    }

    /// The last screening of each partner that was screened.
    #[must_use]
    pub const fn screenings(&self) -> &BTreeMap<Identifier, Screened> {
        &self.screened
    }

    /// What a partner owes, whether it is due yet or not: what the platform asked for, and that data is
    /// deleted once the last agreement about a client is over.
    #[must_use]
    pub fn obligations(&self, partner: &Identifier) -> Vec<Obligation> {
        let owed = self.owed.get(partner);
        let demanded = owed.into_iter().flat_map(BTreeMap::values).filter_map(|owed| match owed {
            Owed::Demanded(obligation) => Some(obligation.clone()),
            Owed::Attested(_) | Owed::Lifted(_) => None,
        });
        let names = self.clients_of.get(partner).into_iter().flatten();
        let clients = names.filter_map(|name| self.clients.get(name));
        let at_end = clients.filter_map(Client::owed_at_end).filter(|(obligation, over)| {
            // It is settled by what the partner said when it was over, not by what it said before.
            match owed.and_then(|owed| owed.get(&obligation.name)) {
                Some(Owed::Attested(at) | Owed::Lifted(at)) => at < over,
                Some(Owed::Demanded(_)) | None => true,
            }
        });
        demanded.chain(at_end.map(|(obligation, _)| obligation)).collect()
    }

    /// The agreement of this name, with the client that it is about.
    #[must_use]
    pub fn contract(&self, agreement: &Identifier) -> Option<(&Identifier, &Contract)> {
        self.clients
            .iter()
            .find_map(|(name, client)| Some((name, client.contracts.get(agreement)?)))
    }

    /// Whether approvals are paused.
    #[must_use]
    pub const fn reviews_paused(&self) -> bool {
        self.reviews_paused
    }

    /// The index of the last act that was applied.
    #[must_use]
    pub const fn last_act(&self) -> Option<u64> {
        self.last_act
    }

    /// The index of the act that put the field schema in force.
    #[must_use]
    pub const fn schema_index(&self) -> Option<u64> {
        self.schema_index
    }

    /// The key of a signer, if the register knows the signer. For the first `keys` act, which nobody
    /// can have announced, the root is whom the act itself names.
    #[must_use]
    pub fn key_of(&self, signer: &Signer) -> Option<PublicKey> {
        match signer {
            Signer::Root => self.keys.as_ref().map(|keys| keys.root),
            Signer::Partner(name) => self.partners.get(name).map(|partner| partner.key),
            Signer::Reviewer(name) => {
                let reviewers = self.keys.as_ref().map(|keys| keys.reviewers.as_slice());
                reviewers?.iter().find(|reviewer| reviewer.id == *name).map(|reviewer| reviewer.key)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::{Reviewer, Suspension};
    use crate::partner::{Country, Owner};

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn name(text: &str) -> Identifier {
        Identifier::parse(text).unwrap()
    }

    fn partner(legal_name: &str, owner: &str) -> Act {
        let country = Country::parse("NL").unwrap();
        Act::Partner(Partner {
            id: name("aurora"),
            name: legal_name.to_owned(),
            country,
            parent: None,
            parent_country: country,
            owners: vec![Owner { name: owner.to_owned(), country, percent: 100 }],
            key: PublicKey([9; 32]),
        })
    }

    #[test]
    fn unauthorised_escapes_of_terminals_are_no_names_and_no_reasons() {
        let mut register = Register::default();
        let reviewers = vec![Reviewer { id: name("ines"), key: PublicKey([3; 32]) }];
        let keys = Keys { root: PublicKey([1; 32]), receipts: PublicKey([2; 32]), reviewers };
        register.apply(0, NOW, &Act::Keys(keys), None).unwrap();
        let escape = "Aurora\u{1b}[1A\u{1b}[2Ksuspend nobody";
        let long = "x".repeat(201);
        for (bad, what) in [
            (partner(escape, "Holding"), "partner's name"),
            (partner(&long, "Holding"), "partner's name"),
            (partner("", "Holding"), "partner's name"),
            (partner("Aurora", escape), "owner's name"),
        ] {
            let error = register.apply(1, NOW, &bad, None).unwrap_err();
            assert!(matches!(&error, ActError::Text(text) if text.what == what), "{error}");
            assert!(register.partners().is_empty());
        }
        register.apply(1, NOW, &partner("Aurora", "Holding"), None).unwrap();
        let suspend = |reason: &str| {
            let subject = Subject::Partner(name("aurora"));
            Act::Suspension(Suspension { subject, reason: reason.to_owned() })
        };
        let error = register.apply(2, NOW, &suspend("audit\r\n"), None).unwrap_err();
        assert!(matches!(&error, ActError::Text(text) if text.what == "reason"), "{error}");
        assert!(register.suspended().next().is_none());
        register.apply(2, NOW, &suspend("audit"), None).unwrap();
    }

    #[test]
    fn what_is_registered_stands_and_what_is_new_does_not() {
        let mut register = Register::default();
        let keys =
            Keys { root: PublicKey([1; 32]), receipts: PublicKey([2; 32]), reviewers: vec![] };
        register.apply(0, NOW, &Act::Keys(keys), None).unwrap();
        let first = partner("Aurora", "Holding");
        assert_eq!(register.stands(&first), None);
        register.apply(7, NOW, &first, None).unwrap();
        assert_eq!(register.stands(&first), Some(7));
        assert_eq!(register.stands(&partner("Aurora", "Another")), None);
        register.apply(9, NOW, &partner("Aurora", "Another"), None).unwrap();
        assert_eq!(
            (register.stands(&first), register.partner_entry(&name("aurora"))),
            (None, Some(9))
        );
    }
}
