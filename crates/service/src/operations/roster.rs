//! The people who are known here: a page of their accounts, and what an operator needs to know of one. Nothing here is
//! of a profile, and nobody is enrolled.

use countersign_people::store::{ACCOUNT_BYTES_MAX, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::documents;
use super::error::OperationError;
use super::grants::{Grants, ShownGrant};
use super::history::{History, ShownChange};
use super::settings::OpenSettings;

/// How many accounts a page has where nobody says.
pub const PAGE_DEFAULT: u32 = 100;

/// How many it may have.
pub const PAGE_MAX: u32 = 10_000;

/// A page of the accounts that are known here.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Roster {
    /// The accounts, in the order in which they came.
    pub accounts: Vec<String>,
    /// How many people there are, those included who are being erased.
    pub people: u64,
    /// Where the next page begins; absent behind the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next: Option<u32>,
}

/// What an operator needs to know of a person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = PersonSummary)]
pub struct Summary {
    /// The platform's own name for the person.
    pub account: String,
    /// What they have open, by route.
    #[schema(value_type = documents::OpenFields)]
    pub settings: OpenSettings,
    /// Their grants, the newest first; the time of some may be over.
    pub grants: Vec<ShownGrant>,
    /// What was changed last of settings and grants; absent if nothing ever was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_change: Option<ShownChange>,
    /// Until when a legal hold keeps what is kept; absent if none was ever set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub held_until: Option<String>,
    /// When erasure was asked for; absent if it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub erasure_asked: Option<String>,
}

impl Service {
    /// So many accounts, from the person of this number on.
    #[must_use]
    pub fn roster(&self, from: u32, limit: u32) -> Roster {
        let view = self.people.view();
        let all = view.people_count();
        let until = from.saturating_add(limit).min(all);
        let account = |number| view.person(number)?.account().map(str::to_owned);
        Roster {
            accounts: (from..until).filter_map(account).collect(),
            people: all.into(),
            next: (until < all).then_some(until),
        }
    }

    /// What an operator needs to know of a person who is known here.
    ///
    /// # Errors
    /// [`OperationError`] for an account that is not known here.
    pub fn summary(&self, account: &str) -> Result<Summary, OperationError> {
        let unknown = "account here; the source may know one that nobody asked about yet";
        let known = match account.len() {
            1..=ACCOUNT_BYTES_MAX => self.people.person_of_account(account)?,
            _ => None,
        };
        let person = known.ok_or_else(|| OperationError::not_found(unknown))?;
        let settings = self.people.settings(person)?;
        let grants = self.people.grants_of(person)?;
        let changes = self.people.history(person, None, 1)?;
        let erasure = match self.people.erasure_of(account) {
            Ok(erasure) => erasure,
            Err(StoreError::UnknownPerson) => None,
            Err(error) => return Err(error.into()),
        };
        let held_until = self.people.held_until(person)?;
        self.with_schema(|schema| {
            Ok(Summary {
                account: account.to_owned(),
                settings: OpenSettings::of(settings, schema),
                grants: Grants::of(&grants, schema).grants,
                last_change: History::of(&changes, schema).history.pop(),
                held_until: held_until.map(|until| until.to_string()),
                erasure_asked: erasure.map(|erasure| erasure.asked_at.to_string()),
            })
        })
    }
}
