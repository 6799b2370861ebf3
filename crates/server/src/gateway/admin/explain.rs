//! `POST /admin/v1/explain`: what a request would be answered, and for each withheld field the clause that
//! withholds it, in words. Nothing is released and nothing logged.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::Json;
use crate::service::explain::{Explanation, Wanted};

/// Explains.
///
/// # Errors
/// [`AdminError`] 404 for a build, purpose, account or friend that there is not and a token that does not
/// hold, 422 for a field that there is not, 503 if the source of people's data cannot tell.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Explanation>, AdminError> {
    Ok(Json(gateway.service.explain(&wanted).await?))
}
