//! What every operation by which somebody chooses has in common: it is done when the log has the choice, and comes with
//! the receipt for it.

use countersign_domain::person::Handle;
use countersign_people::store::Made;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::error::OperationError;
use crate::clock;

/// What came of a choice that the log has.
#[derive(Debug)]
pub struct Chosen<T> {
    /// How things stand now.
    pub now: T,
    /// The receipt, for the person; none if nothing changed.
    pub receipt: Option<String>,
}

/// A choice that the log has.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = ConsentTold)]
pub struct Told {
    /// The receipt, as the header `countersign-consent-receipt` has it.
    pub receipt: String,
}

impl Service {
    /// The receipt for one choice.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account or a choice that there is not or that the log does not have yet, or
    /// if the source of people's data cannot tell.
    pub async fn consent_receipt(
        &self,
        account: &str,
        number: u64,
    ) -> Result<Told, OperationError> {
        let handle = self.person(account).await?;
        let receipt = self.people.consent_receipt(handle, number)?;
        let unknown = "receipt for this number; `GET …/history` lists a person's choices";
        Ok(Told { receipt: receipt.ok_or_else(|| OperationError::not_found(unknown))? })
    }

    /// When and by which way something is chosen. Whoever closes something is not kept waiting by a clock that nobody
    /// believes.
    pub(super) fn made(&self) -> Made {
        Made { at: clock::now(), by: self.way }
    }

    /// Waits until the log has this choice.
    pub(super) async fn chosen<T>(
        &self,
        person: Handle,
        chosen: Option<u64>,
        now: T,
    ) -> Result<Chosen<T>, OperationError> {
        let Some(number) = chosen else { return Ok(Chosen { now, receipt: None }) };
        self.consents.tell().await.map_err(OperationError::untold)?;
        Ok(Chosen { now, receipt: self.people.consent_receipt(person, number)? })
    }
}
