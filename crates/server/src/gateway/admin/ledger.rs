//! `GET /admin/v1/people/{account}/ledger`: everything that the log holds about a person, as the bundle that
//! proves it. The platform hands it to nobody but that person, once they have signed in: it has their secret in it.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Path, download};

/// The person's bundle.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 409 for somebody who came after the last close, 503 while a
/// close is not published yet or if the source of people's data cannot tell.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<impl IntoResponse, AdminError> {
    Ok(download("me.ledger", gateway.service.ledger(&account).await?))
}
