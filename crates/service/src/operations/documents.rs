//! How the API document describes what other crates write down: signed acts, the documents that acts name, and what a
//! policy explains. Nothing here is served; what is served has the same members, in crates that know nothing of HTTP.

use serde_json::Value;
use utoipa::ToSchema;

use super::vocabulary::{Country, Digest, FieldName, FieldNames, Name, Preset, Reason};

/// The entry as it will stand in the log. Its kind says which other keys it has: docs/protocol.md, section 3.1.
#[derive(ToSchema)]
pub struct Act {
    /// What is done.
    pub kind: ActKind,
    /// When those who acted say that they did, in seconds since 1970.
    #[schema(maximum = 9007199254740991_u64)]
    pub time: u64,
    /// The signatures of those who acted.
    pub signatures: Vec<ActSignature>,
    /// The version of the format, always 1.
    #[schema(minimum = 1, maximum = 1)]
    pub v: u64,
}

/// Kinds of acts.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "docs/protocol.md, section 3.1, says what each is")]
pub enum ActKind {
    Keys,
    FieldSchema,
    Rules,
    Partner,
    Agreement,
    Certification,
    Obligation,
    WindDown,
    Screening,
    Budgets,
    Build,
    Review,
    ReviewPause,
    Suspension,
    Reinstatement,
}

/// One signature under an act.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActSignature {
    /// Who signed.
    #[schema(pattern = "^(root|(reviewer|partner):[a-z0-9][a-z0-9._@-]{0,63})$")]
    pub by: String,
    /// The Ed25519 signature, over what docs/protocol.md, section 3.1 says.
    #[schema(pattern = "^[0-9a-f]{128}$")]
    pub sig: String,
}

/// A named piece of profile.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Its name.
    #[schema(value_type = FieldName)]
    pub name: String,
    /// The term of the W3C Data Privacy Vocabulary.
    pub category: String,
    /// How sensitive it is.
    pub sensitivity: Sensitivity,
    /// What other versions of the Graph API call it; absent where there is none.
    #[serde(default)]
    #[schema(value_type = Vec<FieldName>)]
    pub aliases: Vec<String>,
    /// Whether it is a special category of data under GDPR Art. 9.
    pub special: bool,
    /// What it is, in words.
    pub description: String,
}

/// How sensitive a field is.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Sensitivity {
    Low,
    Medium,
    High,
}

/// The platform rules in force.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The version of the format, always 1.
    #[schema(minimum = 1, maximum = 1)]
    pub version: u64,
    /// Whether special categories of friends may be released.
    pub special_categories_of_friends: bool,
    /// What of friends who are minors may be.
    #[schema(value_type = Vec<FieldName>)]
    pub minor_friend_fields: Vec<String>,
    /// Where nothing may be received.
    #[schema(value_type = Vec<Country>)]
    pub closed_territories: Vec<String>,
    /// Whether a partner that nobody screened gets nothing; absent if not.
    #[serde(default)]
    pub screening_required: bool,
    /// SHA-256 of the page with which people check their ledgers; absent if the rules name none.
    #[schema(value_type = Option<Digest>, nullable = false)]
    pub ledger_page: Option<String>,
    /// The platform's own rules, in Cedar; absent if there are none.
    #[schema(nullable = false)]
    pub cedar: Option<String>,
}

/// The keys that acts and receipts are signed with.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The platform's root key, in hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub root: String,
    /// The key that signs receipts.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub receipts: String,
    /// The reviewers.
    pub reviewers: Vec<Reviewer>,
}

/// A reviewer and their key.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reviewer {
    /// The reviewer's name in signatures.
    #[schema(value_type = Name)]
    pub id: String,
    /// The key with which they sign.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub key: String,
}

/// A legal entity that may receive data.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Partner {
    /// Its name in the log.
    #[schema(value_type = Name)]
    pub id: String,
    /// Its legal name.
    pub name: String,
    /// Where it is.
    #[schema(value_type = Country)]
    pub country: String,
    /// Where its ultimate parent is.
    #[schema(value_type = Country)]
    pub parent_country: String,
    /// Who owns it.
    pub owners: Vec<Owner>,
    /// The Ed25519 key with which it signs.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub key: String,
}

/// An owner of a partner.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// Their name.
    pub name: String,
    /// Where they are.
    #[schema(value_type = Country)]
    pub country: String,
    /// Their share.
    #[schema(maximum = 100)]
    pub percent: u64,
}

/// A partner's last screening, as the log has it.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Screened {
    /// The partner.
    #[schema(value_type = Name)]
    pub partner: String,
    /// The lists, in the version that was used.
    #[schema(min_items = 1)]
    pub lists: Vec<ScreenedList>,
    /// What came of it; no longer clear once the partner has changed.
    pub outcome: ScreeningOutcome,
    /// The report.
    #[schema(value_type = Digest)]
    pub report: String,
    /// The entry that says so.
    pub entry: u64,
}

/// A list against which a partner was screened.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScreenedList {
    /// The list.
    #[schema(value_type = Name)]
    pub list: String,
    /// Its version.
    #[schema(value_type = Digest)]
    pub digest: String,
    /// How many names it has.
    pub entries: u64,
}

/// What came of a screening.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum ScreeningOutcome {
    Clear,
    Undecided,
    Refused,
}

/// A document of budgets.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Budgets {
    /// The version of the format, always 1.
    #[schema(minimum = 1, maximum = 1)]
    pub version: u64,
    /// Each budget with those to whom it applies; what it may hold is in docs/budgets.md.
    #[schema(value_type = Vec<Object>)]
    pub budgets: Vec<Value>,
}

/// How much of a budget is used.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UsedBudget {
    /// The client that the budget applies to.
    #[schema(value_type = Name)]
    pub client: String,
    /// Its partner.
    #[schema(value_type = Name)]
    pub partner: String,
    /// The budget.
    pub budget: BudgetName,
    /// Whose reach it limits: the client's, or that of all clients of the partner.
    pub scope: BudgetScope,
    /// Over how many days, today included, in UTC.
    #[schema(minimum = 1, maximum = 366)]
    pub window_days: u64,
    /// How many distinct people were reached.
    pub people: u64,
    /// How many may be; null as long as no type of data was reached that has a limit.
    #[schema(required)]
    pub people_max: Option<u64>,
    /// What happens beyond.
    pub then: BudgetExcess,
}

/// A budget, with the agreement that has it; the platform's have none.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetName {
    /// The agreement.
    #[schema(value_type = Option<Name>, nullable = false)]
    pub agreement: Option<String>,
    /// The budget.
    #[schema(value_type = Name)]
    pub budget: String,
}

/// Whose reach a budget limits.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum BudgetScope {
    Client,
    Partner,
}

/// What happens beyond a budget.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum BudgetExcess {
    Deny,
    Alert,
}

/// What becomes of a field.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// The field.
    #[schema(value_type = FieldName)]
    pub field: String,
    /// Whether it is released.
    pub released: bool,
    /// Why it is withheld; absent where there is no value.
    #[schema(value_type = Option<Reason>, nullable = false)]
    pub reason: Option<String>,
    /// The clause in words.
    #[schema(nullable = false)]
    pub clause: Option<String>,
    /// The entry of the log that says so; absent where none does.
    #[schema(nullable = false)]
    pub entry: Option<u64>,
}

/// The open fields of a person, by route.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenFields {
    /// Asked for, the preset to apply first; told, the one to which all of it is equal.
    #[schema(value_type = Option<Preset>, nullable = false)]
    pub preset: Option<String>,
    /// For the person's own device.
    #[schema(value_type = Option<FieldNames>, nullable = false)]
    pub my_device: Option<Vec<String>>,
    /// For friends' devices.
    #[schema(value_type = Option<FieldNames>, nullable = false)]
    pub friends_device: Option<Vec<String>>,
    /// For apps that the person uses.
    #[schema(value_type = Option<FieldNames>, nullable = false)]
    pub my_app: Option<Vec<String>>,
    /// For apps that friends use.
    #[schema(value_type = Option<FieldNames>, nullable = false)]
    pub friends_app: Option<Vec<String>>,
}
