//! `GET /admin/v1/people/{account}/export`: everything that is kept about a person, for them alone: it has their
//! ledger in it, and so their secret.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use tokio::task::spawn_blocking;

use super::AdminError;
use super::ledger::unavailable;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::people::export::export;

/// The person's export.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 503 while a close is not published yet.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<impl IntoResponse, AdminError> {
    let made = spawn_blocking(move || {
        let register = gateway.log.register();
        let schema = register.schema().ok_or_else(|| AdminError::not_found("field schema"))?;
        export(&gateway.people, &gateway.closes, schema, &account).map_err(unavailable)
    });
    let export = made.await.map_err(AdminError::internal)??;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(export)))
}
