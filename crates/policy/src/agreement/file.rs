//! The form of agreement files, with the place of everything that can be wrong.

use countersign_domain::agreement::{Evidence, Wait};
use countersign_domain::budget::{Limit, Scope, Then};
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Country;
use countersign_domain::route::ClientKind;
use countersign_toml::{Datetime, Spanned};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) version: Spanned<u32>,
    pub(super) agreement: Identifier,
    pub(super) platform: Spanned<String>,
    pub(super) partner: Identifier,
    pub(super) client: Identifier,
    pub(super) kind: ClientKind,
    pub(super) not_before: Spanned<Datetime>,
    pub(super) not_after: Spanned<Datetime>,
    pub(super) renewal: Option<Spanned<FileRenewal>>,
    #[serde(default)]
    pub(super) territory: Vec<Country>,
    pub(super) delivery: FileDelivery,
    #[serde(default)]
    pub(super) wait: Wait,
    #[serde(default)]
    pub(super) query_token: bool,
    #[serde(default)]
    pub(super) pledges: Vec<Spanned<FilePledge>>,
    pub(super) certification: Option<Spanned<FileCertification>>,
    #[serde(default)]
    pub(super) obligations: Option<Spanned<FileObligations>>,
    pub(super) purpose: Vec<FilePurpose>,
    #[serde(default)]
    pub(super) wind_down: Vec<FileWindDown>,
    #[serde(default)]
    pub(super) budget: Vec<FileBudget>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FileDelivery {
    Clear,
    Sealed(Evidence),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileRenewal {
    pub(super) days: u32,
    pub(super) times: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileCertification {
    pub(super) every_days: Option<u32>,
    pub(super) cure_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileObligations {
    pub(super) retention_days: Option<u32>,
    pub(super) deletion_days: Option<u32>,
    #[serde(default)]
    pub(super) onward_transfer: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FilePurpose {
    pub(super) purpose: Spanned<Identifier>,
    pub(super) dpv: Spanned<String>,
    #[serde(rename = "self", default)]
    pub(super) viewer: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) friend: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileWindDown {
    pub(super) at: Spanned<Datetime>,
    pub(super) ends: Spanned<String>,
    #[serde(default)]
    pub(super) fields: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileBudget {
    pub(super) budget: Spanned<Identifier>,
    pub(super) scope: Scope,
    #[serde(default)]
    pub(super) categories: Vec<Spanned<String>>,
    pub(super) window_days: Spanned<u32>,
    pub(super) limit: Limit,
    pub(super) then: Then,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FilePledge {
    ApprovedBuilds,
    Validity,
    Consent,
    NoSpecialCategories(Identifier),
    Minors(Vec<Spanned<String>>),
    Territory(Vec<Country>),
    EndsBy(Spanned<Datetime>),
    FriendsEndBy(Spanned<Datetime>),
    Never(Vec<Spanned<String>>),
    CertifiedWithinDays(u32),
}
