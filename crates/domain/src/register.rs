//! The register: partners, agreements, builds and their states, computed from the log by applying
//! its acts in order. Gateway and outsiders compute it with this one code.
//!
//! What it is not: it verifies no signature (see `countersign-verifier`, `replay`), and decides nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::act::{Act, AgreementAct, Keys, ReviewOutcome, Signer, Subject};
use crate::agreement::{Agreement, AgreementDocument, AgreementError};
use crate::build::{Build, BuildState};
use crate::digest::Digest;
use crate::field::FieldSet;
use crate::identifier::Identifier;
use crate::key::PublicKey;
use crate::partner::Partner;
use crate::relation::Relation;
use crate::rules::{PlatformRules, RulesDocument, RulesError};
use crate::schema::{FieldSchema, SchemaDocument, SchemaError};
use crate::text::NotPlainText;

/// The public state of governance after some number of entries.
#[derive(Clone, Debug, Default)]
pub struct Register {
    keys: Option<Keys>,
    schema: Option<FieldSchema>,
    rules_document: Option<RulesDocument>,
    rules: Option<PlatformRules>,
    partners: BTreeMap<Identifier, Partner>,
    clients: BTreeMap<Identifier, Client>,
    builds: BTreeMap<Identifier, RegisteredBuild>,
    suspended: BTreeSet<Subject>,
    reviews_paused: bool,
    last_act: Option<u64>,
}

/// A client as the register knows it: a partner's product with the agreement in force for it.
#[derive(Clone, Debug)]
pub struct Client {
    /// The partner whose product it is.
    pub partner: Identifier,
    /// The digest of the agreement's document.
    pub digest: Digest,
    /// The agreement.
    pub agreement: Agreement,
}

/// A build as the register knows it, its declared fields as sets.
#[derive(Clone, Debug)]
pub struct RegisteredBuild {
    /// What the partner submitted.
    pub build: Build,
    /// Where it stands.
    pub state: BuildState,
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
    /// With [`Act::Agreement`].
    Agreement(AgreementDocument),
}

/// How that which is missing comes into the register.
fn first_step(what: &str) -> &'static str {
    match what {
        "client" => "conclude an agreement about it first: countersign agreement conclude",
        "build" => "submit it first: countersign build submit",
        _ => "register it first: countersign partner register",
    }
}

/// Why an act cannot be applied, whoever signed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The first entry of a log has to name the keys.
    #[error("the first act of a log must be of kind \"keys\"")]
    NoKeysYet,
    /// The root key stays.
    #[error("the root key cannot be changed")]
    RootChanged,
    /// Four eyes would be two.
    #[error("reviewer {reviewer} is listed twice, or has the key of another signer")]
    ReviewerTwice {
        /// The reviewer.
        reviewer: Identifier,
    },
    /// Receipts would be signed with somebody's own key.
    #[error("the receipts key already belongs to the root or to a partner")]
    ReceiptsKeyTaken,
    /// The key is somebody else's already.
    #[error("the key of partner {partner} already belongs to another signer")]
    KeyTaken {
        /// The partner.
        partner: Identifier,
    },
    /// Something is named that the register does not have.
    #[error("there is no {what} {name}; {}", first_step(what))]
    Unknown {
        /// Partner, client or build.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A schema has to be in force before anything speaks of fields.
    #[error("there is no field schema in force yet")]
    NoSchema,
    /// The document is missing or of another kind.
    #[error("an act of kind {kind:?} needs its document")]
    DocumentMissing {
        /// The act's kind.
        kind: &'static str,
    },
    /// Entry and document speak of different things.
    #[error("the entry says {what} {entry}, the signed document says {document}")]
    DocumentDiffers {
        /// Agreement, partner or client.
        what: &'static str,
        /// What the entry says.
        entry: Identifier,
        /// What the document says.
        document: Identifier,
    },
    /// A client belongs to one partner.
    #[error("client {client} belongs to partner {partner}")]
    ClientOfAnother {
        /// The client.
        client: Identifier,
        /// Its partner.
        partner: Identifier,
    },
    /// Builds are never replaced.
    #[error("build {build} is registered already; give the new one a name of its own")]
    BuildTwice {
        /// The build.
        build: Identifier,
    },
    /// A build may declare only what its agreement gives.
    #[error("build {build} declares {declared}, which its agreement does not give")]
    BeyondAgreement {
        /// The build.
        build: Identifier,
        /// The purpose or the field.
        declared: String,
    },
    /// The build is not in a state for this.
    #[error("build {build} is {state:?} and cannot be reviewed so")]
    WrongState {
        /// The build.
        build: Identifier,
        /// Its state.
        state: BuildState,
    },
    /// Nobody approves anything now.
    #[error("reviews are paused")]
    ReviewsPaused,
    /// Suspended already, or not suspended.
    #[error("{subject} is {}suspended", if *suspended { "already " } else { "not " })]
    SuspensionStands {
        /// Who.
        subject: Subject,
        /// How it stands.
        suspended: bool,
    },
    /// The agreement's document.
    #[error("the agreement is not valid: {0}")]
    Agreement(#[from] AgreementError),
    /// The schema's document, or a field name.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The rules' document.
    #[error(transparent)]
    Rules(#[from] RulesError),
    /// A text that would do something to whoever reads it.
    #[error(transparent)]
    Text(#[from] NotPlainText),
}

impl Register {
    /// Applies the act that stands at `index` of the log, with the document that came with it.
    ///
    /// # Errors
    /// [`ActError`]; the register is then as it was.
    pub fn apply(
        &mut self,
        index: u64,
        act: &Act,
        document: Option<Document>,
    ) -> Result<(), ActError> {
        if self.keys.is_none() && !matches!(act, Act::Keys(_)) {
            return Err(ActError::NoKeysYet);
        }
        act.check_texts()?;
        match act {
            Act::Keys(keys) => self.apply_keys(keys)?,
            Act::FieldSchema(_) => self.apply_schema(document)?,
            Act::Rules(_) => self.apply_rules(document)?,
            Act::Partner(partner) => self.apply_partner(partner)?,
            Act::Agreement(agreement) => self.apply_agreement(agreement, document)?,
            Act::Build(build) => self.apply_build(build)?,
            Act::Review(review) => self.apply_review(&review.build, review.outcome)?,
            Act::ReviewPause(pause) => self.reviews_paused = pause.paused,
            Act::Suspension(act) => self.apply_suspension(&act.subject, true)?,
            Act::Reinstatement(act) => self.apply_suspension(&act.subject, false)?,
        }
        self.last_act = Some(index);
        Ok(())
    }

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

    /// The partners, by name.
    #[must_use]
    pub const fn partners(&self) -> &BTreeMap<Identifier, Partner> {
        &self.partners
    }

    /// The clients, by name.
    #[must_use]
    pub const fn clients(&self) -> &BTreeMap<Identifier, Client> {
        &self.clients
    }

    /// The builds, by name.
    #[must_use]
    pub const fn builds(&self) -> &BTreeMap<Identifier, RegisteredBuild> {
        &self.builds
    }

    /// Whether a client is stopped, itself or through its partner.
    #[must_use]
    pub fn is_suspended(&self, client: &Identifier) -> bool {
        let partner =
            self.clients.get(client).map(|client| Subject::Partner(client.partner.clone()));
        self.suspended.contains(&Subject::Client(client.clone()))
            || partner.is_some_and(|partner| self.suspended.contains(&partner))
    }

    /// Who is suspended.
    #[must_use]
    pub const fn suspended(&self) -> &BTreeSet<Subject> {
        &self.suspended
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

    fn apply_keys(&mut self, keys: &Keys) -> Result<(), ActError> {
        if self.keys.as_ref().is_some_and(|before| before.root != keys.root) {
            return Err(ActError::RootChanged);
        }
        let mut taken: BTreeSet<PublicKey> = self.partners.values().map(|p| p.key).collect();
        taken.insert(keys.root);
        if !taken.insert(keys.receipts) {
            return Err(ActError::ReceiptsKeyTaken);
        }
        let mut names = BTreeSet::new();
        for reviewer in &keys.reviewers {
            if !names.insert(&reviewer.id) || !taken.insert(reviewer.key) {
                return Err(ActError::ReviewerTwice { reviewer: reviewer.id.clone() });
            }
        }
        self.keys = Some(keys.clone());
        Ok(())
    }

    fn apply_schema(&mut self, document: Option<Document>) -> Result<(), ActError> {
        let Some(Document::Schema(document)) = document else {
            return Err(ActError::DocumentMissing { kind: "field_schema" });
        };
        let schema = FieldSchema::from_document(document)?;
        if let Some(before) = &self.schema {
            schema.continues(before)?;
        }
        // A field may have become a special category, which the rules then have to know.
        if let Some(rules) = &self.rules_document {
            self.rules = Some(PlatformRules::from_document(rules, &schema)?);
        }
        self.schema = Some(schema);
        Ok(())
    }

    fn apply_rules(&mut self, document: Option<Document>) -> Result<(), ActError> {
        let Some(Document::Rules(document)) = document else {
            return Err(ActError::DocumentMissing { kind: "rules" });
        };
        let schema = self.schema.as_ref().ok_or(ActError::NoSchema)?;
        self.rules = Some(PlatformRules::from_document(&document, schema)?);
        self.rules_document = Some(document);
        Ok(())
    }

    fn apply_partner(&mut self, partner: &Partner) -> Result<(), ActError> {
        let keys = self.keys.as_ref().ok_or(ActError::NoKeysYet)?;
        let of_platform = [keys.root, keys.receipts].contains(&partner.key)
            || keys.reviewers.iter().any(|reviewer| reviewer.key == partner.key);
        let of_another =
            self.partners.values().any(|other| other.id != partner.id && other.key == partner.key);
        if of_platform || of_another {
            return Err(ActError::KeyTaken { partner: partner.id.clone() });
        }
        self.partners.insert(partner.id.clone(), partner.clone());
        Ok(())
    }

    fn apply_agreement(
        &mut self,
        act: &AgreementAct,
        document: Option<Document>,
    ) -> Result<(), ActError> {
        let Some(Document::Agreement(document)) = document else {
            return Err(ActError::DocumentMissing { kind: "agreement" });
        };
        for (what, entry, document) in [
            ("agreement", &act.agreement, &document.agreement),
            ("partner", &act.partner, &document.partner),
            ("client", &act.client, &document.client),
        ] {
            if entry != document {
                let (entry, document) = (entry.clone(), document.clone());
                return Err(ActError::DocumentDiffers { what, entry, document });
            }
        }
        if !self.partners.contains_key(&act.partner) {
            return Err(ActError::Unknown { what: "partner", name: act.partner.to_string() });
        }
        if let Some(client) = self.clients.get(&act.client)
            && client.partner != act.partner
        {
            let (client, partner) = (act.client.clone(), client.partner.clone());
            return Err(ActError::ClientOfAnother { client, partner });
        }
        let schema = self.schema.as_ref().ok_or(ActError::NoSchema)?;
        let agreement = Agreement::from_document(document, schema)?;
        let client = Client { partner: act.partner.clone(), digest: act.digest, agreement };
        self.clients.insert(act.client.clone(), client);
        Ok(())
    }

    fn apply_build(&mut self, build: &Build) -> Result<(), ActError> {
        let schema = self.schema.as_ref().ok_or(ActError::NoSchema)?;
        let client = self
            .clients
            .get(&build.client)
            .ok_or_else(|| ActError::Unknown { what: "client", name: build.client.to_string() })?;
        if self.builds.contains_key(&build.build) {
            return Err(ActError::BuildTwice { build: build.build.clone() });
        }
        let beyond = |declared: &str| ActError::BeyondAgreement {
            build: build.build.clone(),
            declared: declared.to_owned(),
        };
        let mut given = [FieldSet::EMPTY; 2];
        for purpose in &build.purposes {
            for (given, relation) in given.iter_mut().zip(Relation::BOTH) {
                let fields = client.agreement.fields(purpose, relation);
                *given = given.or(fields.ok_or_else(|| beyond(purpose.as_str()))?);
            }
        }
        let declared = [schema.resolve(&build.viewer)?, schema.resolve(&build.friend)?];
        for (declared, given) in declared.iter().zip(given) {
            if let Some(name) = schema.names(declared.without(given)).next() {
                return Err(beyond(name));
            }
        }
        let [viewer, friend] = declared;
        let registered =
            RegisteredBuild { build: build.clone(), state: BuildState::Checked, viewer, friend };
        self.builds.insert(build.build.clone(), registered);
        Ok(())
    }

    fn apply_review(&mut self, build: &Identifier, outcome: ReviewOutcome) -> Result<(), ActError> {
        let registered = self
            .builds
            .get_mut(build)
            .ok_or_else(|| ActError::Unknown { what: "build", name: build.to_string() })?;
        registered.state = match (outcome, registered.state) {
            (ReviewOutcome::Approve, BuildState::Checked) if self.reviews_paused => {
                return Err(ActError::ReviewsPaused);
            }
            (ReviewOutcome::Approve, BuildState::Checked) => BuildState::Approved,
            (ReviewOutcome::Revoke, BuildState::Checked | BuildState::Approved) => {
                BuildState::Revoked
            }
            (_, state) => return Err(ActError::WrongState { build: build.clone(), state }),
        };
        Ok(())
    }

    fn apply_suspension(&mut self, subject: &Subject, suspend: bool) -> Result<(), ActError> {
        let unknown = |what, name: &Identifier| ActError::Unknown { what, name: name.to_string() };
        match subject {
            Subject::Partner(name) if !self.partners.contains_key(name) => {
                return Err(unknown("partner", name));
            }
            Subject::Client(name) if !self.clients.contains_key(name) => {
                return Err(unknown("client", name));
            }
            Subject::Partner(_) | Subject::Client(_) => {}
        }
        let changed = if suspend {
            self.suspended.insert(subject.clone())
        } else {
            self.suspended.remove(subject)
        };
        if changed {
            Ok(())
        } else {
            Err(ActError::SuspensionStands { subject: subject.clone(), suspended: suspend })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::act::{Reviewer, Suspension};
    use crate::partner::{Country, Owner};

    fn name(text: &str) -> Identifier {
        Identifier::parse(text).unwrap()
    }

    fn partner(legal_name: &str, owner: &str) -> Act {
        let country = Country::parse("NL").unwrap();
        Act::Partner(Partner {
            id: name("aurora"),
            name: legal_name.to_owned(),
            country,
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
        register.apply(0, &Act::Keys(keys), None).unwrap();
        let escape = "Aurora\u{1b}[1A\u{1b}[2Ksuspend nobody";
        let long = "x".repeat(201);
        for (bad, what) in [
            (partner(escape, "Holding"), "partner's name"),
            (partner(&long, "Holding"), "partner's name"),
            (partner("", "Holding"), "partner's name"),
            (partner("Aurora", escape), "owner's name"),
        ] {
            let error = register.apply(1, &bad, None).unwrap_err();
            assert!(matches!(&error, ActError::Text(text) if text.what == what), "{error}");
            assert!(register.partners().is_empty());
        }
        register.apply(1, &partner("Aurora", "Holding"), None).unwrap();
        let suspend = |reason: &str| {
            let subject = Subject::Partner(name("aurora"));
            Act::Suspension(Suspension { subject, reason: reason.to_owned() })
        };
        let error = register.apply(2, &suspend("audit\r\n"), None).unwrap_err();
        assert!(matches!(&error, ActError::Text(text) if text.what == "reason"), "{error}");
        assert!(register.suspended().is_empty());
        register.apply(2, &suspend("audit"), None).unwrap();
    }
}
