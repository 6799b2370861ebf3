//! `PUT /admin/v1/people/{account}/hold`: a legal hold, which keeps from erasure what the log needs to say what was
//! released of a person. `DELETE` ends it now.
//!
//! It is a choice in the person's ledger that is not theirs: they see that it is there, and until when.

use std::sync::Arc;

use axum::extract::State;
use countersign_domain::person::Handle;
use countersign_domain::time::Timestamp;
use countersign_policy::instant;
use serde::{Deserialize, Serialize};

use super::AdminError;
use super::consents::{ReceiptHeader, receipt_of};
use crate::clock;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::store::{Made, People, StoreError, Way};

/// A hold.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShownHold {
    /// When it ends, as `2026-11-27T00:00:00Z`.
    pub until: String,
}

/// Holds what is kept of the person until then, in place of any hold before.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 409 while a close is under way, 422 for a time that is none or past,
/// 503 if the log does not take it now: it holds all the same.
pub async fn put(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
    Json(wanted): Json<ShownHold>,
) -> Result<(ReceiptHeader, Json<ShownHold>), AdminError> {
    let until = until(&wanted.until, clock::now())?;
    set(gateway, account, until).await
}

/// Ends the hold now.
///
/// # Errors
/// As [`put`], and [`AdminError`] 404 where nothing is held.
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<(ReceiptHeader, Json<ShownHold>), AdminError> {
    let now = clock::now();
    check_held(&gateway.service.people, &account, now)?;
    set(gateway, account, now).await
}

/// Refuses to end a hold that there is not.
///
/// # Errors
/// [`AdminError`] 404.
pub(crate) fn check_held(people: &People, account: &str, now: Timestamp) -> Result<(), AdminError> {
    let person = people.person_of_account(account)?.ok_or(StoreError::UnknownPerson)?;
    let held = people.held_until(person)?.filter(|until| now < *until);
    held.map(drop).ok_or_else(|| AdminError::not_found("hold: nothing of this person is held"))
}

/// The end of a hold, which is not past.
///
/// # Errors
/// [`AdminError`] 422.
pub(crate) fn until(text: &str, now: Timestamp) -> Result<Timestamp, AdminError> {
    let until = instant::parse(text).map_err(AdminError::unprocessable)?;
    if until <= now {
        let message = format!("{until} is past: a hold ends in time to come; DELETE ends one now");
        return Err(AdminError::unprocessable(message));
    }
    Ok(until)
}

async fn set(
    gateway: Arc<Gateway>,
    account: String,
    until: Timestamp,
) -> Result<(ReceiptHeader, Json<ShownHold>), AdminError> {
    let made = Made { at: clock::now(), by: Way::AdminApi };
    let person: Option<Handle> = gateway.service.people.person_of_account(&account)?;
    let person = person.ok_or(StoreError::UnknownPerson)?;
    let number = gateway.service.closes.hold(&account, made, until)?;
    let receipt = receipt_of(&gateway, person, Some(number)).await?;
    Ok((receipt, Json(ShownHold { until: until.to_string() })))
}
