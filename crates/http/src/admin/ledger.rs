//! `GET /admin/v1/people/{account}/ledger`: everything that the log holds about a person, as the bundle that
//! proves it. The platform hands it to nobody but that person, once they have signed in: it has their secret in it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use countersign_service::operations::vocabulary::Bytes;

use super::paths::AccountPath;
use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::{Path, download};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound};

/// A person's ledger, with its proof.
///
/// Everything that the log holds about one person, as the bundle that `countersign-verify ledger` and the page check.
/// It has the person's secret in it: hand it to nobody but that person, once they have signed in.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 409 for somebody who came after the last close, 503 while a
/// close is not published yet or if the source of people's data cannot tell.
#[utoipa::path(
    get,
    path = "/people/{account}/ledger",
    operation_id = "readLedger",
    params(AccountPath),
    responses(
        (status = 200, description = "The bundle.", body = inline(Bytes), content_type = "application/octet-stream"),
        NotFound,
        (status = 409, description = "The person came after the last close, so nothing is proved of them yet. Ask again after the next one.", body = ErrorBody),
        Broken,
        (status = 503, description = "A close is not published yet, or the source of people's data cannot tell of the person. Ask again in a second.", body = ErrorBody),
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<impl IntoResponse, AdminError> {
    Ok(download("me.ledger", gateway.service.ledger(&account).await?))
}
