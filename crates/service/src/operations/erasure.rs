//! Erasing a person, for good, and how far that is.
//!
//! Nothing of theirs leaves from when it is asked for on. What is kept for the log goes behind the next close, or
//! the first one behind the end of a legal hold; then the account is unknown.

use std::sync::Arc;

use countersign_people::store::Erasure;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::choice::Chosen;
use super::error::OperationError;

/// What is asked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedErasure {
    /// What became of the export, which cannot be made afterwards: the person has it, or does not want it.
    pub export: ExportFirst,
}

/// What became of the export.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFirst {
    /// The person has it.
    Made,
    /// The person does not want it.
    Waived,
}

/// How far an erasure is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Erasure)]
pub struct ShownErasure {
    /// The platform's own name for the person.
    pub account: String,
    /// When it was asked for.
    #[schema(format = DateTime)]
    pub asked_at: String,
    /// Until when a legal hold keeps what is kept, if one was ever set; it may be past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub held_until: Option<String>,
    /// Whether the next close destroys what is left, if it came now.
    pub is_due: bool,
}

/// What is being erased.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Erasures {
    /// Who asked for it and is not destroyed yet.
    pub erasures: Vec<ShownErasure>,
    /// Whether the file of the people store still has bytes of somebody who was destroyed, because copying the store
    /// failed: the next close or start tries again.
    pub has_remnants: bool,
}

impl Service {
    /// Erases the person; again, it says how far that is. The receipt is for the person.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, and if the log does not take it now: it is closed all the same, and
    /// told again by itself.
    pub async fn erase(
        self: &Arc<Self>,
        account: &str,
    ) -> Result<Chosen<ShownErasure>, OperationError> {
        let wanted = account.to_owned();
        let erase = move |service: &Self| Ok(service.people.erase(&wanted, service.made())?);
        let erasure = self.beside(erase).await?;
        let told = self.chosen(erasure.handle, Some(erasure.chosen), ()).await?;
        Ok(Chosen { now: self.erasure(account)?, receipt: told.receipt })
    }

    /// How far the erasure of this person is.
    ///
    /// # Errors
    /// [`OperationError`] for an account that is unknown, among them those that were erased, and for one that nobody
    /// asked to erase.
    pub fn erasure(&self, account: &str) -> Result<ShownErasure, OperationError> {
        let found = self.people.erasure_of(account)?;
        let none = "erasure: nobody asked for one of this account";
        Ok(self.shown_erasure(&found.ok_or_else(|| OperationError::not_found(none))?))
    }

    /// What is being erased now.
    ///
    /// # Errors
    /// [`OperationError`] if the store cannot be read.
    pub fn erasures(&self) -> Result<Erasures, OperationError> {
        let erasures = self.people.erasures()?;
        Ok(Erasures {
            erasures: erasures.iter().map(|erasure| self.shown_erasure(erasure)).collect(),
            has_remnants: self.people.has_remnants()?,
        })
    }

    fn shown_erasure(&self, erasure: &Erasure) -> ShownErasure {
        ShownErasure {
            account: erasure.account.clone(),
            asked_at: erasure.asked_at.to_string(),
            held_until: erasure.held_until.map(|until| until.to_string()),
            is_due: self.closes.is_due(erasure),
        }
    }
}
