//! Why an act cannot be applied.

use crate::act::Subject;
use crate::agreement::AgreementError;
use crate::budget::BudgetError;
use crate::build::BuildState;
use crate::identifier::Identifier;
use crate::rules::RulesError;
use crate::schema::SchemaError;
use crate::text::NotPlainText;
use crate::time::Timestamp;

/// How that which is missing comes into the register.
fn first_step(what: &str) -> &'static str {
    match what {
        "client" => "conclude an agreement about it first: countersign agreement conclude",
        "agreement" => "conclude it first: countersign agreement conclude",
        "build" => "submit it first: countersign partner build submit",
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
    /// An agreement that is not the client's.
    #[error("client {client} has no agreement {agreement}")]
    NotOfClient {
        /// The client.
        client: Identifier,
        /// The agreement.
        agreement: Identifier,
    },
    /// A client is a device integration or an app, not both.
    #[error("client {client} has an agreement as another kind of client already")]
    AnotherKind {
        /// The client.
        client: Identifier,
    },
    /// An agreement's name stands for one client.
    #[error("agreement {agreement} is about client {client} already")]
    AgreementOfAnother {
        /// The agreement.
        agreement: Identifier,
        /// The client that it is about.
        client: Identifier,
    },
    /// Wind-down steps are announced, never backdated.
    #[error("a wind-down step at {at} lies before the act itself, which was signed at {signed}")]
    StepInPast {
        /// When the step would have come.
        at: Timestamp,
        /// When the act was signed.
        signed: Timestamp,
    },
    /// A list that names nothing.
    #[error("it names no {what}")]
    Empty {
        /// What should be named.
        what: &'static str,
    },
    /// A type of data that the agreement does not give.
    #[error("agreement {agreement} gives nothing of category {category:?}")]
    NotOfAgreement {
        /// The agreement.
        agreement: Identifier,
        /// The category.
        category: String,
    },
    /// An obligation that is owed already, or by nobody.
    #[error("obligation {obligation} of partner {partner} is {}", if *owed { "owed already" } else { "not owed" })]
    ObligationStands {
        /// The partner.
        partner: Identifier,
        /// The obligation.
        obligation: Identifier,
        /// How it stands.
        owed: bool,
    },
    /// The budgets' document.
    #[error(transparent)]
    Budget(#[from] BudgetError),
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
