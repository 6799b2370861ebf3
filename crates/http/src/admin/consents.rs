//! `GET /admin/v1/people/{account}/consents/{number}`: the receipt for one choice of a person's, and how every
//! answer to a choice carries one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::AppendHeaders;
use countersign_protocol::consent_receipt::CONSENT_RECEIPT_HEADER;
use countersign_service::operations::choice::{Chosen, Told};

use super::paths::ConsentPath;
use crate::admin_error::AdminError;
use crate::extract::{Json, Path};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotNow};

/// An answer to a choice: how things stand, and the receipt in a header, where there is one.
pub(super) type ChosenAnswer<T> = (AppendHeaders<Option<(&'static str, String)>>, Json<T>);

/// The receipt for one choice.
///
/// For the person: it proves, with the log's public files, that what they chose stands there.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account or a choice that there is not or that the log does not have yet,
/// 503 if the source of people's data cannot tell.
#[utoipa::path(
    get,
    path = "/people/{account}/consents/{number}",
    operation_id = "readConsent",
    params(ConsentPath),
    responses(
        (status = 200, description = "The receipt.", body = Told),
        NotFound,
        Broken,
        NotNow,
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(ConsentPath { account, number }): Path<ConsentPath>,
) -> Result<Json<Told>, AdminError> {
    Ok(Json(gateway.service.consent_receipt(&account, number).await?))
}

/// The answer to a choice.
pub(super) fn answer<T>(Chosen { now, receipt }: Chosen<T>) -> ChosenAnswer<T> {
    (AppendHeaders(receipt.map(|receipt| (CONSENT_RECEIPT_HEADER, receipt))), Json(now))
}
