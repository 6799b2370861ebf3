//! The register as it stands. Nothing in it is secret; it can be computed from the public log as well.

use countersign_domain::act::Subject;
use countersign_domain::build::BuildState;
use countersign_domain::contract::Contract;
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner;
use countersign_domain::register::{Client, Register};
use countersign_domain::route::ClientKind;
use countersign_domain::rules::RulesDocument;
use countersign_domain::schema::{Field, FieldSchema};
use countersign_domain::screening::Screened;
use serde::Serialize;
use utoipa::ToSchema;

use super::vocabulary::Name;
use super::{Service, documents, vocabulary};

/// The register, computed from the log.
#[derive(Serialize, ToSchema)]
#[schema(as = Register)]
#[serde(deny_unknown_fields)]
pub struct ShownRegister {
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
#[derive(Serialize, ToSchema)]
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
#[derive(Serialize, ToSchema)]
#[schema(as = Contract)]
#[serde(deny_unknown_fields)]
pub struct ShownContract {
    /// The agreement.
    #[schema(value_type = Name)]
    pub agreement: Identifier,
    /// Names its file below `/log/documents`.
    #[schema(value_type = vocabulary::Digest)]
    pub digest: Digest,
    /// The first second in which it is in force.
    #[schema(format = DateTime)]
    pub not_before: String,
    /// The first second in which it no longer is, its renewals counted.
    #[schema(format = DateTime)]
    pub not_after: String,
    /// The entry of the log that concluded it.
    pub entry: u64,
}

/// One released version of a client.
#[derive(Serialize, ToSchema)]
#[schema(as = Build)]
#[serde(deny_unknown_fields)]
pub struct ShownBuild {
    /// The build.
    #[schema(value_type = Name)]
    pub build: Identifier,
    /// Its client.
    #[schema(value_type = Name)]
    pub client: Identifier,
    /// `checked`, `approved` or `revoked`.
    #[schema(value_type = String, pattern = "^(checked|approved|revoked)$")]
    pub state: BuildState,
}

impl Service {
    /// The fields in force, partners, clients with their agreements, builds with their states, each
    /// partner's last screening, and who is suspended.
    #[must_use]
    pub fn shown_register(&self) -> ShownRegister {
        ShownRegister::of(&self.log.register())
    }
}

impl ShownRegister {
    fn of(register: &Register) -> Self {
        let clients = register.clients().iter();
        let builds = register.builds().iter();
        Self {
            fields: register.schema().map(FieldSchema::fields).unwrap_or_default().to_vec(),
            rules: register.rules_document().cloned(),
            partners: register.partners().values().cloned().collect(),
            clients: clients.map(|(name, it)| ShownClient::of(name, it, register)).collect(),
            builds: builds
                .map(|(name, it)| ShownBuild {
                    build: name.clone(),
                    client: it.build.client.clone(),
                    state: it.state,
                })
                .collect(),
            screenings: register.screenings().values().cloned().collect(),
            suspended: register.suspended().cloned().collect(),
            reviews_paused: register.reviews_paused(),
        }
    }
}

impl ShownClient {
    fn of(name: &Identifier, client: &Client, register: &Register) -> Self {
        Self {
            client: name.clone(),
            partner: client.partner.clone(),
            kind: client.kind,
            agreements: client.contracts.values().map(ShownContract::of).collect(),
            suspended: register.is_suspended(name),
        }
    }
}

impl ShownContract {
    fn of(contract: &Contract) -> Self {
        let document = &contract.agreement.document;
        Self {
            agreement: document.agreement.clone(),
            digest: contract.digest,
            not_before: document.not_before.to_string(),
            not_after: contract.ends().to_string(),
            entry: contract.index,
        }
    }
}
