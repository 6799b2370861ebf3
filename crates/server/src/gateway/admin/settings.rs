//! `GET` and `PUT /admin/v1/people/{account}/settings`: a person's own choices, by route. The
//! platform's own pages call this when a person changes them; the next read obeys.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use super::consents::{ChosenAnswer, answer};
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::service::settings::OpenSettings;

/// What is open now.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 if the source of people's data cannot tell.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<OpenSettings>, AdminError> {
    Ok(Json(gateway.service.settings(&account).await?))
}

/// Changes what is open, and returns when the log has it.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 422 for an unknown preset, route or field, 503 if the source of
/// people's data cannot tell whether there is such a person.
pub async fn put(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
    Json(wanted): Json<OpenSettings>,
) -> Result<ChosenAnswer<OpenSettings>, AdminError> {
    Ok(answer(gateway.service.change_settings(&account, &wanted).await?))
}
