//! A legal hold, which keeps from erasure what the log needs to say what was released of a person.
//!
//! It is a choice in the person's ledger that is not theirs: they see that it is there, and until when.

use std::sync::Arc;

use countersign_domain::time::Timestamp;
use countersign_people::store::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::choice::Chosen;
use super::error::OperationError;

/// A legal hold.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Hold)]
pub struct ShownHold {
    /// When it ends, or ended, as `2026-11-27T00:00:00Z`.
    #[schema(format = DateTime)]
    pub until: String,
}

impl Service {
    /// Holds what is kept of the person until then, in place of any hold before.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, a time that is past, while a close is under way, and if the log does
    /// not take it now: it holds all the same.
    pub async fn hold(
        self: &Arc<Self>,
        account: &str,
        until: Timestamp,
    ) -> Result<Chosen<ShownHold>, OperationError> {
        if until <= self.believed_now()? {
            let message =
                format!("{until} is past: a hold ends in time to come; DELETE ends one now");
            return Err(OperationError::unprocessable(message));
        }
        self.set_hold(account, until).await
    }

    /// Ends the hold now.
    ///
    /// # Errors
    /// As [`Self::hold`], and where nothing is held.
    pub async fn lift_hold(
        self: &Arc<Self>,
        account: &str,
    ) -> Result<Chosen<ShownHold>, OperationError> {
        let now = self.believed_now()?;
        let person = self.people.person_of_account(account)?.ok_or(StoreError::UnknownPerson)?;
        let held = self.people.held_until(person)?.filter(|until| now < *until);
        let nothing = "hold: nothing of this person is held";
        held.ok_or_else(|| OperationError::not_found(nothing))?;
        self.set_hold(account, now).await
    }

    async fn set_hold(
        self: &Arc<Self>,
        account: &str,
        until: Timestamp,
    ) -> Result<Chosen<ShownHold>, OperationError> {
        let person = self.people.person_of_account(account)?.ok_or(StoreError::UnknownPerson)?;
        let wanted = account.to_owned();
        let hold = move |service: &Self| Ok(service.closes.hold(&wanted, service.made(), until)?);
        let number = self.beside(hold).await?;
        self.chosen(person, Some(number), ShownHold { until: until.to_string() }).await
    }
}
