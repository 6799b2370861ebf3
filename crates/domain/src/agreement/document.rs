//! The document that platform and partner sign, in which fields have names. Everything that can be
//! agreed stands here, so that a reader of one document knows all of it; docs/agreements.md describes it.
//!
//! What it is not: its meaning, which is [`terms`](mod@crate::terms).

use serde::{Deserialize, Serialize};

use crate::budget::BudgetDocument;
use crate::identifier::Identifier;
use crate::obligation::ObligationsDocument;
use crate::partner::Country;
use crate::pledge::PledgeDocument;
use crate::route::ClientKind;
use crate::time::Timestamp;
use crate::wind_down::WindDownDocument;

/// The version of the agreement document that this code reads and writes.
pub const AGREEMENT_VERSION: u32 = 2;

/// The document that both parties sign.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgreementDocument {
    /// [`AGREEMENT_VERSION`].
    pub version: u32,
    /// The agreement's own name.
    pub agreement: Identifier,
    /// The legal name of the party that holds the people's data.
    pub platform: String,
    /// The party that receives data.
    pub partner: Identifier,
    /// The client through which it does.
    pub client: Identifier,
    /// Whether the client is a device integration or an app.
    pub kind: ClientKind,
    /// The first second in which it is in force.
    pub not_before: Timestamp,
    /// The first second in which it no longer is, unless it renews itself.
    pub not_after: Timestamp,
    /// How it renews itself, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<RenewalDocument>,
    /// The countries in which the partner's seat and its ultimate parent's have to be; none named, any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub territory: Vec<Country>,
    /// How answers are delivered.
    pub delivery: AgreedDelivery,
    /// How long an answer waits.
    pub wait: Wait,
    /// Whether a bearer token may stand in the query, as old clients send it.
    pub query_token: bool,
    /// How often the partner has to certify, and how late it may be.
    pub certification: CertificationDocument,
    /// What the data is for, and which data that is.
    pub purposes: Vec<PurposeDocument>,
    /// What ends when, before the agreement itself does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub wind_down: Vec<WindDownDocument>,
    /// What the partner has to do after release.
    pub obligations: ObligationsDocument,
    /// How many people the client may reach.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub budgets: Vec<BudgetDocument>,
    /// What the agreement promises to everybody, to be proved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pledges: Vec<PledgeDocument>,
}

/// One purpose of an agreement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PurposeDocument {
    /// The name that a request uses.
    pub purpose: Identifier,
    /// The W3C DPV purpose, e.g. `dpv:ServiceProvision`.
    pub dpv: String,
    /// Fields of the viewer.
    #[serde(rename = "self")]
    pub viewer: Vec<String>,
    /// Fields of the viewer's friends.
    pub friend: Vec<String>,
}

/// How an agreement renews itself: so often, by so many days each time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RenewalDocument {
    /// By how many days.
    pub days: u32,
    /// How often.
    pub times: u32,
}

/// How often a partner has to certify that it still keeps to the agreement, for each type of data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificationDocument {
    /// For how many days a certification holds.
    pub every_days: u32,
    /// For how many days more data flows when it no longer holds.
    pub cure_days: u32,
}

impl CertificationDocument {
    /// The longest that a certification may hold, in days: three years.
    pub const EVERY_DAYS_MAX: u32 = 1_096;
    /// The longest cure, in days.
    pub const CURE_DAYS_MAX: u32 = 30;
    /// Yearly, with thirty days to make it good.
    pub const DEFAULT: Self = Self { every_days: 365, cure_days: 30 };
}

/// How an answer is delivered, as agreed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgreedDelivery {
    /// As JSON that whoever relays it can read.
    Clear,
    /// Sealed to a key of the device, of which there is at least this evidence.
    Sealed(Evidence),
}

/// The grade of evidence about a device, the lowest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// The device's own word: development only.
    Software,
    /// An attested signing key vouches for the sealing key.
    Vouched,
    /// The sealing key itself is attested.
    Hardware,
}

/// How long an answer waits before it leaves, the shortest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// Until its entry is durable.
    #[default]
    Durable,
    /// Until its entry is in a published checkpoint.
    Published,
    /// Until witnesses have cosigned that checkpoint.
    Witnessed,
}

/// How an answer was delivered, as entries say it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// As JSON that whoever relays it can read.
    Clear,
    /// By the platform itself, which only had it decided and logged: nothing binds the values. No agreement
    /// names it.
    Decided,
}
