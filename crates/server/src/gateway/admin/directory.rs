//! `GET /admin/v1/directory`: how the directory of accounts grew since an epoch, for auditors. It names nobody.

use std::sync::Arc;

use axum::extract::State;
use axum::response::IntoResponse;
use serde::Deserialize;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Query, download};

/// Which part of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The epoch where the last audit ended; 0 from the beginning.
    #[serde(default)]
    since: u64,
}

/// The directory's growth, as `countersign-verify directory` checks it.
///
/// # Errors
/// [`AdminError`] 409 while a period is being closed, and if nothing has come since that epoch.
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Query(part): Query<Part>,
) -> Result<impl IntoResponse, AdminError> {
    Ok(download("directory.growth", gateway.service.directory_growth(part.since).await?))
}
