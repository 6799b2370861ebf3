//! `POST /admin/v1/closes`: ends the period now. `GET /admin/v1/closes`: the last period that was closed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use countersign_log::period::{PeriodError, PeriodHead};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::AdminError;
use crate::closes::CloseError;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::remedy::{Remediable as _, Remedy};

/// A period that was closed.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShownPeriod {
    /// Its number, from 0.
    pub period: u64,
    /// Its first entry.
    pub from: u64,
    /// The first entry after it.
    pub until: u64,
    /// How many people it holds anything about.
    pub people: u64,
    /// How many records and consent records that is.
    pub items: u64,
    /// Where its close stands in the log.
    pub index: u64,
    /// When that was appended.
    pub time: String,
    /// The root of its person index.
    pub person_index: String,
    /// The directory's epoch.
    pub directory_epoch: u64,
}

impl ShownPeriod {
    /// What is shown of a period.
    #[must_use]
    pub fn of(head: &PeriodHead) -> Self {
        Self {
            period: head.number,
            from: head.from,
            until: head.until,
            people: head.people,
            items: head.items,
            index: head.close.index,
            time: head.time.to_string(),
            person_index: const_hex::encode(head.root),
            directory_epoch: head.directory.epoch,
        }
    }
}

/// Closes the period; the answer comes when the close is in the log. It goes on if the caller goes away.
///
/// # Errors
/// [`AdminError`] 409 while a close is under way, 507 or 500 if it failed.
pub async fn post(State(gateway): State<Arc<Gateway>>) -> Result<Json<ShownPeriod>, AdminError> {
    let closes = Arc::clone(&gateway.service.closes);
    let closed = spawn_blocking(move || closes.close()).await.map_err(AdminError::internal)?;
    Ok(Json(ShownPeriod::of(&closed?.head)))
}

/// The last period that was closed.
///
/// # Errors
/// [`AdminError`] 404 if there is none, 409 while a close is under way.
pub async fn get(State(gateway): State<Arc<Gateway>>) -> Result<Json<ShownPeriod>, AdminError> {
    let last = gateway.service.closes.last()?;
    let last = last.ok_or_else(|| AdminError::not_found("close; the first one is not due yet"))?;
    Ok(Json(ShownPeriod::of(&last)))
}

impl From<CloseError> for AdminError {
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::UnderWay
            | CloseError::ErasureBegun
            | CloseError::NotClosedYet
            | CloseError::NotGrown { .. } => Self::of(StatusCode::CONFLICT, error.to_string()),
            CloseError::UnknownAccount => Self::of(StatusCode::NOT_FOUND, error.to_string()),
            CloseError::SampleTooLong { .. } => Self::unprocessable(error),
            CloseError::Period(PeriodError::NotClosed { .. }) => {
                Self::of(StatusCode::NOT_FOUND, error.to_string())
            }
            CloseError::Store(error) => error.into(),
            error => {
                if error.remedy() != Remedy::Wait {
                    tracing::error!(%error, "a period could not be closed or read");
                }
                Self::failed(&error)
            }
        }
    }
}
