//! `GET /admin/v1/people/{account}/consents/{number}`: the receipt for one choice of a person's, and what
//! every answer to a choice has in common: it comes when the log has it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::AppendHeaders;
use countersign_domain::person::Handle;
use countersign_protocol::consent_receipt::CONSENT_RECEIPT_HEADER;
use serde::{Deserialize, Serialize};

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};

/// The header with a consent receipt, where there is one.
pub type ReceiptHeader = AppendHeaders<Option<(&'static str, String)>>;

/// A choice that the log has.
#[derive(Debug, Serialize, Deserialize)]
pub struct Told {
    /// Its receipt, for the person.
    pub receipt: String,
}

/// The receipt for one choice.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account or a choice that there is not or that the log does not have yet,
/// 503 if the source of people's data cannot tell.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path((account, number)): Path<(String, u64)>,
) -> Result<Json<Told>, AdminError> {
    let handle = gateway.service.person(&account).await?;
    let receipt = gateway.service.people.consent_receipt(handle, number)?;
    let unknown = "receipt for this number; `GET …/history` lists a person's choices";
    Ok(Json(Told { receipt: receipt.ok_or_else(|| AdminError::not_found(unknown))? }))
}

/// Waits until the log has this choice; its receipt.
///
/// # Errors
/// [`AdminError`] 503 if the log does not take it now; it is told again by itself.
pub(super) async fn receipt_of(
    gateway: &Gateway,
    person: Handle,
    chosen: Option<u64>,
) -> Result<ReceiptHeader, AdminError> {
    let Some(number) = chosen else { return Ok(AppendHeaders(None)) };
    gateway.service.consents.tell().await.map_err(AdminError::untold)?;
    let receipt = gateway.service.people.consent_receipt(person, number)?;
    Ok(AppendHeaders(receipt.map(|receipt| (CONSENT_RECEIPT_HEADER, receipt))))
}
