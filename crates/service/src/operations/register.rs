//! The register as it stands. Nothing in it is secret; it can be computed from the public log as well.

use countersign_domain::act::{Keys, Subject};
use countersign_domain::build::BuildState;
use countersign_domain::contract::Contract;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::obligation::{Duty, Obligation};
use countersign_domain::partner::Partner;
use countersign_domain::register::{Client, Register, RegisteredBuild};
use countersign_domain::route::ClientKind;
use countersign_domain::rules::RulesDocument;
use countersign_domain::schema::{Field, FieldSchema};
use countersign_domain::screening::Screened;
use countersign_domain::time::Timestamp;
use countersign_domain::wind_down::{Ends, WindDownStep};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::vocabulary::{FieldName, Name};
use super::{Service, documents, vocabulary};

/// The register, computed from the log.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Register)]
#[serde(deny_unknown_fields)]
pub struct ShownRegister {
    /// The keys that acts and receipts are signed with; null before there are any.
    #[schema(value_type = Option<documents::Keys>, required)]
    pub keys: Option<Keys>,
    /// The fields in force.
    #[schema(value_type = Vec<documents::Field>)]
    pub fields: Vec<Field>,
    /// The platform rules in force; null before there are any.
    #[schema(value_type = Option<documents::Rules>, required)]
    pub rules: Option<RulesDocument>,
    /// The partners.
    #[schema(value_type = Vec<documents::Partner>)]
    pub partners: Vec<Partner>,
    /// Their clients.
    pub clients: Vec<ShownClient>,
    /// The builds of clients.
    pub builds: Vec<ShownBuild>,
    /// What partners owe, the first due first.
    pub obligations: Vec<ShownObligation>,
    /// The last screening of each partner that was screened.
    #[schema(value_type = Vec<documents::Screened>)]
    pub screenings: Vec<Screened>,
    /// Who is suspended, as `partner:NAME` or `client:NAME`.
    #[schema(value_type = Vec<String>)]
    pub suspended: Vec<Subject>,
    /// Whether approvals wait.
    pub reviews_paused: bool,
}

/// A partner's product that asks for data, under its agreements, of which the stricter holds.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Client)]
#[serde(deny_unknown_fields)]
pub struct ShownClient {
    /// The client.
    #[schema(value_type = Name)]
    pub client: Identifier,
    /// Its partner.
    #[schema(value_type = Name)]
    pub partner: Identifier,
    /// `device` or `app`.
    #[schema(value_type = String, pattern = "^(device|app)$")]
    pub kind: ClientKind,
    /// Its agreements.
    #[schema(min_items = 1)]
    pub agreements: Vec<ShownContract>,
    /// Whether it is suspended, by itself or with its partner.
    pub suspended: bool,
}

/// An agreement about a client, as the log has it.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Contract)]
#[serde(deny_unknown_fields)]
pub struct ShownContract {
    /// The agreement.
    #[schema(value_type = Name)]
    pub agreement: Identifier,
    /// Names its file below `/log/documents`.
    #[schema(value_type = vocabulary::Digest)]
    pub digest: Digest,
    /// Whether it is in force now, still to come, or over.
    pub state: ContractState,
    /// The first second in which it is in force.
    #[schema(format = DateTime)]
    pub not_before: String,
    /// The first second in which it no longer is, its renewals counted.
    #[schema(format = DateTime)]
    pub not_after: String,
    /// What ends before that: its own steps and those that the platform scheduled, the next one first.
    pub wind_down: Vec<ShownStep>,
    /// Until when each type of data is certified.
    pub certified: Vec<ShownCertified>,
    /// The entry of the log that concluded it.
    pub entry: u64,
}

/// Whether an agreement is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ContractState {
    Coming,
    InForce,
    Over,
}

/// Something that ends before its agreement does.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = WindDownStep)]
#[serde(deny_unknown_fields)]
pub struct ShownStep {
    /// The first second in which it has ended.
    #[schema(format = DateTime)]
    pub at: String,
    /// `new_grants`, `renewal`, `friends`, `fields` or `all`.
    #[schema(pattern = "^(new_grants|renewal|friends|fields|all)$")]
    pub ends: String,
    /// Which fields, for `fields`.
    #[schema(value_type = Vec<FieldName>)]
    pub fields: Vec<String>,
    /// The entry that says so.
    pub entry: u64,
}

/// How a type of data is certified.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Certified)]
#[serde(deny_unknown_fields)]
pub struct ShownCertified {
    /// The category of the field schema.
    pub category: String,
    /// When it was certified last; the signature under the agreement was the first time.
    #[schema(format = DateTime)]
    pub at: String,
    /// The first second in which it is cut unless it is certified anew.
    #[schema(format = DateTime)]
    pub cut_at: String,
}

/// One released version of a client.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Build)]
#[serde(deny_unknown_fields)]
pub struct ShownBuild {
    /// The build.
    #[schema(value_type = Name)]
    pub build: Identifier,
    /// Its client.
    #[schema(value_type = Name)]
    pub client: Identifier,
    /// `checked`, which waits for its approval, `approved` or `revoked`.
    #[schema(value_type = String, pattern = "^(checked|approved|revoked)$")]
    pub state: BuildState,
    /// The package name or app id that a device attests.
    pub package: String,
    /// The digest of the certificate that signed the package.
    #[schema(value_type = vocabulary::Digest)]
    pub signer: Digest,
    /// The version code that a device attests.
    pub version_code: u32,
    /// The digest of the artifact that reviewers look at.
    #[schema(value_type = vocabulary::Digest)]
    pub artifact: Digest,
    /// The purposes that it declares.
    #[schema(value_type = Vec<Name>)]
    pub purposes: Vec<Identifier>,
    /// The fields of the viewer that it declares.
    #[serde(rename = "self")]
    #[schema(value_type = Vec<FieldName>)]
    pub viewer: Vec<String>,
    /// The fields of friends that it declares.
    #[schema(value_type = Vec<FieldName>)]
    pub friend: Vec<String>,
    /// The entry by which it is in its state.
    pub entry: u64,
}

/// What a partner has to do after release.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = Obligation)]
#[serde(deny_unknown_fields)]
pub struct ShownObligation {
    /// Who owes it.
    #[schema(value_type = Name)]
    pub partner: Identifier,
    /// Its name; of what is owed at an agreement's end, the agreement's.
    #[schema(value_type = Name)]
    pub obligation: Identifier,
    /// The agreement under which it is owed.
    #[schema(value_type = Name)]
    pub agreement: Identifier,
    /// `deletion`, `retention` or `onward_transfer`.
    #[schema(value_type = String, pattern = "^(deletion|retention|onward_transfer)$")]
    pub what: Duty,
    /// The first second in which it is overdue, and the partner gets nothing.
    #[schema(format = DateTime)]
    pub due: String,
    /// Whether it is overdue now.
    pub overdue: bool,
    /// The entry by which it is owed.
    pub entry: u64,
}

impl Service {
    /// The keys and fields in force, partners, clients with their agreements, builds with their states, what partners
    /// owe, each partner's last screening, and who is suspended.
    #[must_use]
    pub fn shown_register(&self, now: Timestamp) -> ShownRegister {
        ShownRegister::of(&self.log.register(), now)
    }
}

impl ShownRegister {
    /// The register as it is at this time.
    #[must_use]
    pub fn of(register: &Register, now: Timestamp) -> Self {
        let clients = register.clients().iter();
        let partners = register.partners();
        let owed = |partner| register.obligations(partner).into_iter().map(move |it| (partner, it));
        let mut obligations: Vec<_> = partners.keys().flat_map(owed).collect();
        obligations.sort_by_key(|(_, obligation)| obligation.due);
        Self {
            keys: register.keys().cloned(),
            fields: register.schema().map(FieldSchema::fields).unwrap_or_default().to_vec(),
            rules: register.rules_document().cloned(),
            partners: partners.values().cloned().collect(),
            clients: clients.map(|(name, it)| ShownClient::of(name, it, register, now)).collect(),
            builds: register.builds().values().map(ShownBuild::of).collect(),
            obligations: obligations
                .into_iter()
                .map(|(partner, it)| ShownObligation::of(partner, it, now))
                .collect(),
            screenings: register.screenings().values().cloned().collect(),
            suspended: register.suspended().cloned().collect(),
            reviews_paused: register.reviews_paused(),
        }
    }

    /// The agreement of this name, with its client.
    #[must_use]
    pub fn agreement(&self, name: &Identifier) -> Option<(&ShownClient, &ShownContract)> {
        self.agreements().find(|(_, contract)| contract.agreement == *name)
    }

    /// The agreements, each with its client.
    pub fn agreements(&self) -> impl Iterator<Item = (&ShownClient, &ShownContract)> {
        let clients = self.clients.iter();
        clients.flat_map(|client| client.agreements.iter().map(move |it| (client, it)))
    }

    /// The partner of this name.
    #[must_use]
    pub fn partner(&self, name: &Identifier) -> Option<&Partner> {
        self.partners.iter().find(|partner| partner.id == *name)
    }

    /// What the log says of a partner's screening.
    #[must_use]
    pub fn screened(&self, partner: &Identifier) -> Option<&Screened> {
        self.screenings.iter().find(|screened| screened.partner == *partner)
    }

    /// Whether a partner is suspended.
    #[must_use]
    pub fn is_suspended(&self, partner: &Identifier) -> bool {
        self.suspended.contains(&Subject::Partner(partner.clone()))
    }
}

impl ShownClient {
    fn of(name: &Identifier, client: &Client, register: &Register, now: Timestamp) -> Self {
        let shown = |contract| ShownContract::of(contract, register.schema(), now);
        Self {
            client: name.clone(),
            partner: client.partner.clone(),
            kind: client.kind,
            agreements: client.contracts.values().map(shown).collect(),
            suspended: register.is_suspended(name),
        }
    }
}

impl ShownContract {
    fn of(contract: &Contract, schema: Option<&FieldSchema>, now: Timestamp) -> Self {
        let document = &contract.agreement.document;
        let mut steps: Vec<_> = contract.steps().collect();
        steps.sort_by_key(|(step, _)| step.at);
        let step = |(step, entry): (&WindDownStep, u64)| ShownStep {
            at: step.at.to_string(),
            ends: ends(step.ends).to_owned(),
            fields: fields(step.ends, schema),
            entry,
        };
        let certified = |category: &String| ShownCertified {
            category: category.clone(),
            at: contract.certified_at(category).0.to_string(),
            cut_at: contract.cut_at(category).0.to_string(),
        };
        Self {
            agreement: document.agreement.clone(),
            digest: contract.digest,
            state: ContractState::of(contract, now),
            not_before: document.not_before.to_string(),
            not_after: contract.ends().to_string(),
            wind_down: steps.into_iter().map(step).collect(),
            certified: contract.agreement.types().keys().map(certified).collect(),
            entry: contract.index,
        }
    }
}

impl ContractState {
    fn of(contract: &Contract, now: Timestamp) -> Self {
        if now < contract.agreement.document.not_before {
            Self::Coming
        } else if now < contract.over() {
            Self::InForce
        } else {
            Self::Over
        }
    }
}

impl ShownBuild {
    fn of(registered: &RegisteredBuild) -> Self {
        let build = registered.build.clone();
        Self {
            build: build.build,
            client: build.client,
            state: registered.state,
            package: build.package,
            signer: build.signer,
            version_code: build.version_code,
            artifact: build.artifact,
            purposes: build.purposes,
            viewer: build.viewer,
            friend: build.friend,
            entry: registered.index,
        }
    }
}

impl ShownObligation {
    fn of(partner: &Identifier, owed: Obligation, now: Timestamp) -> Self {
        Self {
            partner: partner.clone(),
            obligation: owed.name,
            agreement: owed.agreement,
            what: owed.what,
            due: owed.due.to_string(),
            overdue: owed.due <= now,
            entry: owed.index,
        }
    }
}

const fn ends(ends: Ends) -> &'static str {
    match ends {
        Ends::NewGrants => "new_grants",
        Ends::Renewal => "renewal",
        Ends::Friends => "friends",
        Ends::Fields(_) => "fields",
        Ends::All => "all",
    }
}

fn fields(ends: Ends, schema: Option<&FieldSchema>) -> Vec<String> {
    match (ends, schema) {
        (Ends::Fields(fields), Some(schema)) => schema.names(fields).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}
