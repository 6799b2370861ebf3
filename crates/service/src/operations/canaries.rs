//! Fictitious accounts: all of them, one more, one less, and new values for one. No value is told here.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::error::OperationError;
use crate::canaries::{Canaries, Canary, CanaryError, Generation};

/// An account that is to be a canary.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WantedCanary)]
pub struct Wanted {
    /// The platform's name for it.
    pub account: String,
}

/// A person in the platform's data whom nobody is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Canary)]
pub struct ShownCanary {
    /// The platform's name for them.
    pub account: String,
    /// Whether they are a canary still.
    pub planted: bool,
    /// The generations of their values, from number 0.
    pub generations: Vec<ShownGeneration>,
}

/// What was given out between two refreshes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = CanaryGeneration)]
pub struct ShownGeneration {
    /// The first second of its answers.
    #[schema(format = DateTime)]
    pub began: String,
    /// The first second after them; absent while it goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime, nullable = false)]
    pub ended: Option<String>,
    /// Where its e-mail addresses are; without it they stay as the profile has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email_domain: Option<String>,
}

/// All canaries.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Canaries)]
pub struct ShownCanaries {
    /// In the order in which they came.
    pub canaries: Vec<ShownCanary>,
}

impl From<Canary> for ShownCanary {
    fn from(canary: Canary) -> Self {
        let planted = canary.is_planted();
        let generations = canary.generations.into_iter().map(ShownGeneration::from).collect();
        Self { account: canary.account, planted, generations }
    }
}

impl From<Generation> for ShownGeneration {
    fn from(Generation { began, ended, email_domain }: Generation) -> Self {
        let ended = ended.map(|ended| ended.to_string());
        Self { began: began.to_string(), ended, email_domain }
    }
}

impl ShownCanaries {
    /// What is shown of all.
    #[must_use]
    pub fn of(canaries: &Canaries) -> Self {
        Self { canaries: canaries.list().into_iter().map(ShownCanary::from).collect() }
    }
}

impl Service {
    /// All that there are or were.
    #[must_use]
    pub fn canaries(&self) -> ShownCanaries {
        ShownCanaries::of(&self.canaries)
    }

    /// Makes an account a canary.
    ///
    /// # Errors
    /// [`OperationError`] for an unknown account, for one that is a canary, and if the source cannot tell.
    pub async fn create_canary(
        self: &Arc<Self>,
        account: &str,
    ) -> Result<ShownCanary, OperationError> {
        let handle = self.person(account).await?;
        let now = self.log.next_time().map_err(|error| OperationError::failed(&error))?;
        let account = account.to_owned();
        self.change_canaries(move |canaries| canaries.create(&account, handle, now)).await
    }

    /// Begins a new generation of a canary's values.
    ///
    /// # Errors
    /// [`OperationError`] for an account that is no canary.
    pub async fn refresh_canary(
        self: &Arc<Self>,
        account: &str,
    ) -> Result<ShownCanary, OperationError> {
        let now = self.log.next_time().map_err(|error| OperationError::failed(&error))?;
        let account = account.to_owned();
        self.change_canaries(move |canaries| canaries.refresh(&account, now)).await
    }

    /// Makes a canary a person like others again.
    ///
    /// # Errors
    /// [`OperationError`] for an account that is no canary.
    pub async fn remove_canary(
        self: &Arc<Self>,
        account: &str,
    ) -> Result<ShownCanary, OperationError> {
        let now = self.log.next_time().map_err(|error| OperationError::failed(&error))?;
        let account = account.to_owned();
        self.change_canaries(move |canaries| canaries.remove(&account, now)).await
    }

    async fn change_canaries(
        self: &Arc<Self>,
        change: impl FnOnce(&Canaries) -> Result<Canary, CanaryError> + Send + 'static,
    ) -> Result<ShownCanary, OperationError> {
        self.beside(move |service| {
            let changed = change(&service.canaries)?;
            service.people.put_canary_changes(service.canaries.changes_count())?;
            Ok(changed.into())
        })
        .await
    }
}
