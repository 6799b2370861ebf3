//! `POST /admin/v1/tokens`: the platform's own sign-in tells that a person granted a client something,
//! and gets an access token for it.

use std::sync::Arc;

use axum::extract::State;
use countersign_people::store::Way;
use countersign_service::operations::tokens::{Issued, Wanted};

use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::Json;
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotNow};

/// Grant and issue an access token.
///
/// The platform's own sign-in tells that a person granted a client what its build declared for this purpose. The
/// grant holds for ninety days.
///
/// # Errors
/// [`AdminError`]: no such account, build or purpose; new grants have ended, or nothing could be
/// released under this one; 503 if the source of people's data cannot tell whether there is such a person,
/// and while the clock is not believed.
#[utoipa::path(
    post,
    path = "/tokens",
    operation_id = "issueToken",
    request_body = Wanted,
    responses(
        (status = 200, description = "The token.", body = Issued),
        NotFound,
        (status = 409, description = "The person asked to be erased while this was done.", body = ErrorBody),
        Broken,
        NotNow,
    ),
)]
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Json(wanted): Json<Wanted>,
) -> Result<Json<Issued>, AdminError> {
    Ok(Json(gateway.service.issue_token(&wanted, Way::AdminApi).await?))
}
