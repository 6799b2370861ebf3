//! `/admin/v1/canaries`: people whom nobody is. `GET` names all, `POST` makes one of an account,
//! `DELETE …/{account}` ends one, `POST …/{account}/generations` gives one new values. No value is told here:
//! `countersign canary find` looks for one.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::AdminError;
use crate::canaries::{Canaries, Canary, CanaryError, Generation};
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};

/// An account that is to be a canary.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The platform's name for it.
    pub account: String,
}

/// A canary.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShownCanary {
    /// The platform's name for them.
    pub account: String,
    /// Whether they are a canary still.
    pub planted: bool,
    /// The generations of their values, from number 0.
    pub generations: Vec<ShownGeneration>,
}

/// What was given out between two refreshes.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShownGeneration {
    /// The first second of its answers.
    pub began: String,
    /// The first second after them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// Where its addresses are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_domain: Option<String>,
}

/// All canaries.
#[derive(Debug, Serialize, Deserialize)]
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

/// All that there are or were.
pub async fn list(State(gateway): State<Arc<Gateway>>) -> Json<ShownCanaries> {
    Json(ShownCanaries::of(&gateway.service.canaries))
}

/// Makes an account a canary.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 409 for one that is a canary, 503 if the source cannot tell.
pub async fn create(
    State(gateway): State<Arc<Gateway>>,
    Json(Wanted { account }): Json<Wanted>,
) -> Result<Json<ShownCanary>, AdminError> {
    let handle = gateway.service.person(&account).await?;
    let now = gateway.service.log.next_time().map_err(|error| AdminError::failed(&error))?;
    change(gateway, move |canaries| canaries.create(&account, handle, now)).await
}

/// Begins a new generation of a canary's values.
///
/// # Errors
/// [`AdminError`] 404 for an account that is no canary.
pub async fn refresh(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<ShownCanary>, AdminError> {
    let now = gateway.service.log.next_time().map_err(|error| AdminError::failed(&error))?;
    change(gateway, move |canaries| canaries.refresh(&account, now)).await
}

/// Makes a canary a person like others again.
///
/// # Errors
/// [`AdminError`] 404 for an account that is no canary.
pub async fn remove(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<ShownCanary>, AdminError> {
    let now = gateway.service.log.next_time().map_err(|error| AdminError::failed(&error))?;
    change(gateway, move |canaries| canaries.remove(&account, now)).await
}

/// Changes something where waiting for the disk holds up nobody else.
async fn change(
    gateway: Arc<Gateway>,
    change: impl FnOnce(&Canaries) -> Result<Canary, CanaryError> + Send + 'static,
) -> Result<Json<ShownCanary>, AdminError> {
    let changed = spawn_blocking(move || {
        let changed = change(&gateway.service.canaries)?;
        gateway.service.people.put_canary_changes(gateway.service.canaries.changes_count())?;
        Ok::<_, CanaryError>(changed)
    });
    let changed = changed.await;
    Ok(Json(changed.map_err(AdminError::internal)??.into()))
}

impl From<CanaryError> for AdminError {
    fn from(error: CanaryError) -> Self {
        match error {
            CanaryError::Planted => Self::of(StatusCode::CONFLICT, error.to_string()),
            CanaryError::NotPlanted => Self::of(StatusCode::NOT_FOUND, error.to_string()),
            error => {
                tracing::error!(%error, "canaries could not be changed");
                Self::failed(&error)
            }
        }
    }
}
