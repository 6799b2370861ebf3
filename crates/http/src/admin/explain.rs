//! `POST /admin/v1/explain`: what a request would be answered, and for each withheld field the clause that
//! withholds it, in words. Nothing is released and nothing logged.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::operations::explain::{Explanation, ToExplain, Wanted};

use crate::admin_error::AdminError;
use crate::extract::Json;
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotNow};

/// Explain a request.
///
/// What a request would be answered: each field is released, or one clause withholds it, in words, with the entry of
/// the log that says so. Nothing is released and nothing logged. With a token, its grant is looked at; with an
/// account, or a token, the viewer's settings; with a friend, theirs. What nobody was named for is taken to be open,
/// and listed under `assumed`.
///
/// # Errors
/// [`AdminError`] 404 for a build, purpose, account or friend that there is not and a token that does not
/// hold, 422 for a field that there is not, 503 if the source of people's data cannot tell.
#[utoipa::path(
    post,
    path = "/explain",
    operation_id = "explain",
    request_body = ToExplain,
    responses(
        (status = 200, description = "What would be released, and why not more.", body = Explanation),
        NotFound,
        Broken,
        NotNow,
    ),
)]
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Explanation>, AdminError> {
    Ok(Json(gateway.service.explain(&wanted).await?))
}
