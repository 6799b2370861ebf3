//! `POST /admin/v1/people/{account}/erasure`: erases a person, for good. `GET` says how far that is.
//!
//! Nothing of theirs leaves from the answer on. What is kept for the log goes behind the next close, or the first
//! one behind the end of a legal hold; then the account is unknown.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};

use super::AdminError;
use super::consents::{ReceiptHeader, receipt_of};
use crate::clock;
use crate::closes::Closes;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::store::{Erasure, Made, People, Way};

/// What is asked for.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedErasure {
    /// What became of the export, which cannot be made afterwards.
    pub export: ExportFirst,
}

/// What became of the export.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExportFirst {
    /// The person has it.
    Made,
    /// The person does not want it.
    Waived,
}

/// How far an erasure is.
#[derive(Debug, Serialize, Deserialize)]
pub struct ShownErasure {
    /// The platform's own name for the person.
    pub account: String,
    /// When it was asked for.
    pub asked_at: String,
    /// Until when a legal hold keeps what is kept, if one was ever set; it may be past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<String>,
    /// Whether the next close destroys what is left, if it came now.
    pub is_due: bool,
}

impl ShownErasure {
    /// An erasure as it is told.
    pub(crate) fn of(erasure: &Erasure, closes: &Closes) -> Self {
        Self {
            account: erasure.account.clone(),
            asked_at: erasure.asked_at.to_string(),
            held_until: erasure.held_until.map(|until| until.to_string()),
            is_due: closes.is_due(erasure),
        }
    }
}

/// Erases the person; again, it says how far that is. The receipt is for the person.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 422 without a word about the export, 503 if the log does not take it
/// now: it is closed all the same, and told again by itself.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
    Json(AskedErasure { export: _ }): Json<AskedErasure>,
) -> Result<(StatusCode, ReceiptHeader, Json<ShownErasure>), AdminError> {
    let made = Made { at: clock::now(), by: Way::AdminApi };
    let erasure = gateway.service.people.erase(&account, made)?;
    let receipt = receipt_of(&gateway, erasure.handle, Some(erasure.chosen)).await?;
    let shown =
        ShownErasure::of(&found(&gateway.service.people, &account)?, &gateway.service.closes);
    Ok((StatusCode::ACCEPTED, receipt, Json(shown)))
}

/// How far the erasure of this person is.
///
/// # Errors
/// [`AdminError`] 404 for an account that is unknown, among them those that were erased, and for one that nobody
/// asked to erase.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<ShownErasure>, AdminError> {
    Ok(Json(ShownErasure::of(&found(&gateway.service.people, &account)?, &gateway.service.closes)))
}

/// The erasure of an account.
///
/// # Errors
/// [`AdminError`] 404 if there is none.
pub(crate) fn found(people: &People, account: &str) -> Result<Erasure, AdminError> {
    people
        .erasure_of(account)?
        .ok_or_else(|| AdminError::not_found("erasure: nobody asked for one of this account"))
}
