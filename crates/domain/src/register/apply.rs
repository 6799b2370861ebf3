//! Applying acts to the register, one function for each kind. Whatever fails leaves the register as it was.

use std::collections::{BTreeMap, BTreeSet};

use super::{ActError, Client, Document, Owed, Register, RegisteredBuild};
use crate::act::{
    Act, AgreementAct, Certification, Keys, ObligationAct, ReviewOutcome, Subject, WindDown,
};
use crate::agreement::Agreement;
use crate::build::{Build, BuildState};
use crate::contract::Contract;
use crate::field::FieldSet;
use crate::identifier::Identifier;
use crate::key::PublicKey;
use crate::obligation::{Obligation, ObligationStep};
use crate::partner::Partner;
use crate::relation::Relation;
use crate::rules::PlatformRules;
use crate::schema::FieldSchema;
use crate::screening::{Outcome, Screened, ScreeningAct};
use crate::time::Timestamp;
use crate::wind_down::WindDownStep;

impl Register {
    /// Applies the act that stands at `index` of the log and was signed at `time`, with the document that
    /// came with it.
    ///
    /// # Errors
    /// [`ActError`]; the register is then as it was.
    pub fn apply(
        &mut self,
        index: u64,
        time: Timestamp,
        act: &Act,
        document: Option<Document>,
    ) -> Result<(), ActError> {
        if self.keys.is_none() && !matches!(act, Act::Keys(_)) {
            return Err(ActError::NoKeysYet);
        }
        act.check_texts()?;
        match act {
            Act::Keys(keys) => self.apply_keys(keys)?,
            Act::FieldSchema(_) => self.apply_schema(index, document)?,
            Act::Rules(_) => self.apply_rules(index, document)?,
            Act::Budgets(_) => self.apply_budgets(document)?,
            Act::Partner(partner) => self.apply_partner(index, partner)?,
            Act::Agreement(agreement) => {
                self.apply_agreement((index, time), agreement, document)?
            }
            Act::Certification(act) => self.apply_certification((index, time), act)?,
            Act::Obligation(act) => self.apply_obligation((index, time), act)?,
            Act::WindDown(act) => self.apply_wind_down((index, time), act)?,
            Act::Screening(act) => self.apply_screening(index, act)?,
            Act::Build(build) => self.apply_build(index, build)?,
            Act::Review(review) => self.apply_review(index, &review.build, review.outcome)?,
            Act::ReviewPause(pause) => self.reviews_paused = pause.paused,
            Act::Suspension(act) => self.apply_suspension(index, &act.subject, true)?,
            Act::Reinstatement(act) => self.apply_suspension(index, &act.subject, false)?,
        }
        if let Act::FieldSchema(published) | Act::Rules(published) | Act::Budgets(published) = act {
            self.published.insert(act.kind(), (published.digest, index));
        }
        self.last_act = Some(index);
        Ok(())
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

    fn apply_schema(&mut self, index: u64, document: Option<Document>) -> Result<(), ActError> {
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
        (self.schema, self.schema_index) = (Some(schema), Some(index));
        Ok(())
    }

    fn apply_rules(&mut self, index: u64, document: Option<Document>) -> Result<(), ActError> {
        let Some(Document::Rules(document)) = document else {
            return Err(ActError::DocumentMissing { kind: "rules" });
        };
        let schema = self.schema.as_ref().ok_or(ActError::NoSchema)?;
        self.rules = Some(PlatformRules::from_document(&document, schema)?);
        self.rules_document = Some(document);
        self.rules_index = Some(index);
        Ok(())
    }

    fn apply_budgets(&mut self, document: Option<Document>) -> Result<(), ActError> {
        let Some(Document::Budgets(document)) = document else {
            return Err(ActError::DocumentMissing { kind: "budgets" });
        };
        document.check(self.schema.as_ref().ok_or(ActError::NoSchema)?)?;
        self.budgets = Some(document);
        Ok(())
    }

    fn apply_partner(&mut self, index: u64, partner: &Partner) -> Result<(), ActError> {
        let keys = self.keys.as_ref().ok_or(ActError::NoKeysYet)?;
        let of_platform = [keys.root, keys.receipts].contains(&partner.key)
            || keys.reviewers.iter().any(|reviewer| reviewer.key == partner.key);
        let of_another =
            self.partners.values().any(|other| other.id != partner.id && other.key == partner.key);
        if of_platform || of_another {
            return Err(ActError::KeyTaken { partner: partner.id.clone() });
        }
        let before = self.partners.insert(partner.id.clone(), partner.clone());
        self.partner_entries.insert(partner.id.clone(), index);
        // Who was screened was somebody else, if name, seat, parent or owners have changed.
        if before.is_some_and(|before| !before.is_same_entity(partner))
            && let Some(screened) = self.screened.get_mut(&partner.id)
        {
            screened.outcome = screened.outcome.max(Outcome::Undecided);
        }
        Ok(())
    }

    fn apply_agreement(
        &mut self,
        (index, time): (u64, Timestamp),
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
        if let Some((client, _)) = self.contract(&act.agreement)
            && *client != act.client
        {
            let (agreement, client) = (act.agreement.clone(), client.clone());
            return Err(ActError::AgreementOfAnother { agreement, client });
        }
        if let Some(client) = self.clients.get(&act.client) {
            if client.partner != act.partner {
                let (client, partner) = (act.client.clone(), client.partner.clone());
                return Err(ActError::ClientOfAnother { client, partner });
            }
            let others = client.contracts.keys().any(|name| *name != act.agreement);
            if others && client.kind != document.kind {
                return Err(ActError::AnotherKind { client: act.client.clone() });
            }
        }
        let schema = self.schema.as_ref().ok_or(ActError::NoSchema)?;
        let kind = document.kind;
        let agreement = Agreement::from_document(*document, schema)?;
        let contract = Contract::new(agreement, act.digest, index, time);
        let (partner, contracts) = (act.partner.clone(), BTreeMap::new());
        let new = || Client { partner, kind, contracts };
        let client = self.clients.entry(act.client.clone()).or_insert_with(new);
        client.kind = kind;
        client.contracts.insert(act.agreement.clone(), contract);
        self.clients_of.entry(act.partner.clone()).or_default().insert(act.client.clone());
        Ok(())
    }

    /// The agreement of this name about this client.
    fn contract_mut(
        &mut self,
        client: &Identifier,
        agreement: &Identifier,
    ) -> Result<(&Identifier, &mut Contract), ActError> {
        let unknown = || ActError::Unknown { what: "client", name: client.to_string() };
        let found = self.clients.get_mut(client).ok_or_else(unknown)?;
        let contract = found.contracts.get_mut(agreement).ok_or_else(|| ActError::NotOfClient {
            client: client.clone(),
            agreement: agreement.clone(),
        })?;
        Ok((&found.partner, contract))
    }

    fn apply_certification(
        &mut self,
        (index, time): (u64, Timestamp),
        act: &Certification,
    ) -> Result<(), ActError> {
        let (partner, contract) = self.contract_mut(&act.client, &act.agreement)?;
        if *partner != act.partner {
            let (client, partner) = (act.client.clone(), partner.clone());
            return Err(ActError::ClientOfAnother { client, partner });
        }
        if act.categories.is_empty() {
            return Err(ActError::Empty { what: "category" });
        }
        let types = contract.agreement.types();
        if let Some(category) = act.categories.iter().find(|name| !types.contains_key(*name)) {
            let (agreement, category) = (act.agreement.clone(), category.clone());
            return Err(ActError::NotOfAgreement { agreement, category });
        }
        for category in &act.categories {
            contract.certify(category, time, index);
        }
        Ok(())
    }

    fn apply_obligation(
        &mut self,
        (index, time): (u64, Timestamp),
        act: &ObligationAct,
    ) -> Result<(), ActError> {
        let (partner, name) = (act.partner.clone(), act.obligation.clone());
        if !self.partners.contains_key(&partner) {
            return Err(ActError::Unknown { what: "partner", name: partner.to_string() });
        }
        let is_owed = self.obligations(&partner).iter().any(|owed| owed.name == name);
        let demanded = matches!(act.step, ObligationStep::Demanded { .. });
        if is_owed == demanded {
            return Err(ActError::ObligationStands { partner, obligation: name, owed: is_owed });
        }
        let owed = match &act.step {
            ObligationStep::Demanded { agreement, what, due, .. } => {
                let of_partner = self.contract(agreement).and_then(|(client, _)| {
                    self.clients.get(client).filter(|client| client.partner == partner)
                });
                if of_partner.is_none() {
                    return Err(ActError::Unknown {
                        what: "agreement",
                        name: agreement.to_string(),
                    });
                }
                let (agreement, what, due) = (agreement.clone(), *what, *due);
                Owed::Demanded(Obligation { name: name.clone(), agreement, what, due, index })
            }
            ObligationStep::Attested => Owed::Attested(time),
            ObligationStep::Lifted { .. } => Owed::Lifted(time),
        };
        self.owed.entry(partner).or_default().insert(name, owed);
        Ok(())
    }

    fn apply_wind_down(
        &mut self,
        (index, time): (u64, Timestamp),
        act: &WindDown,
    ) -> Result<(), ActError> {
        if act.steps.is_empty() {
            return Err(ActError::Empty { what: "step" });
        }
        if let Some(step) = act.steps.iter().find(|step| step.at < time) {
            return Err(ActError::StepInPast { at: step.at, signed: time });
        }
        let schema = self.schema.as_ref().ok_or(ActError::NoSchema)?;
        let steps = act.steps.iter().map(|step| WindDownStep::from_document(step, schema));
        let steps = steps.collect::<Result<Vec<_>, _>>()?;
        let (_, contract) = self.contract_mut(&act.client, &act.agreement)?;
        for step in steps {
            contract.schedule(step, index);
        }
        Ok(())
    }

    fn apply_screening(&mut self, index: u64, act: &ScreeningAct) -> Result<(), ActError> {
        if !self.partners.contains_key(&act.partner) {
            let name = act.partner.to_string();
            return Err(ActError::Unknown { what: "partner", name });
        }
        if act.lists.is_empty() {
            return Err(ActError::Empty { what: "list" });
        }
        let ScreeningAct { partner, lists, outcome, report } = act.clone();
        let screened = Screened { partner: partner.clone(), lists, outcome, report, entry: index };
        self.screened.insert(partner, screened);
        Ok(())
    }

    fn apply_build(&mut self, index: u64, build: &Build) -> Result<(), ActError> {
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
                // Where there are several, some agreement gives it; what the stricter one takes away,
                // is taken away at each decision.
                let of = |contract: &Contract| contract.agreement.fields(purpose, relation);
                let fields = client.contracts.values().filter_map(of).reduce(FieldSet::or);
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
        let registered = RegisteredBuild {
            build: build.clone(),
            state: BuildState::Checked,
            index,
            viewer,
            friend,
        };
        self.builds.insert(build.build.clone(), registered);
        Ok(())
    }

    fn apply_review(
        &mut self,
        index: u64,
        build: &Identifier,
        outcome: ReviewOutcome,
    ) -> Result<(), ActError> {
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
        registered.index = index;
        Ok(())
    }

    fn apply_suspension(
        &mut self,
        index: u64,
        subject: &Subject,
        suspend: bool,
    ) -> Result<(), ActError> {
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
        if self.suspended.contains_key(subject) == suspend {
            return Err(ActError::SuspensionStands {
                subject: subject.clone(),
                suspended: suspend,
            });
        }
        if suspend {
            self.suspended.insert(subject.clone(), index);
        } else {
            self.suspended.remove(subject);
        }
        Ok(())
    }
}
