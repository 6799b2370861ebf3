//! `GET /admin/v1/people/{account}/history`: what a person changed of their settings and grants, newest first.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use countersign_service::operations::history::{History, LIMIT_DEFAULT, LIMIT_MAX};
use serde::Deserialize;
use utoipa::IntoParams;

use super::paths::AccountPath;
use crate::admin_error::AdminError;
use crate::extract::{Json, Path, Query};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotNow};

/// The highest number that a change can have: one that every JSON reader keeps whole.
const NUMBER_MAX: u64 = (1 << 53) - 1;

/// Which part of a history is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Part {
    /// The most changes.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<usize>,
    /// Those before the change of this number: `before` of the page before.
    #[param(maximum = 9007199254740991_u64)]
    before: Option<u64>,
}

/// What a person changed.
///
/// Every change of the person's settings and grants, newest first. It is personal data, and goes with the person.
///
/// # Errors
/// [`AdminError`] 400 for a limit or a number that cannot be, 404 for an unknown account, 503 if the source of people's
/// data cannot tell.
#[utoipa::path(
    get,
    path = "/people/{account}/history",
    operation_id = "readHistory",
    params(AccountPath, Part),
    responses(
        (status = 200, description = "A part of the history.", body = History),
        NotFound,
        Broken,
        NotNow,
    ),
)]
pub async fn get(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
    Query(part): Query<Part>,
) -> Result<Json<History>, AdminError> {
    let limit = part.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("limit: 1 to {LIMIT_MAX} is expected");
        return Err(AdminError::of(StatusCode::BAD_REQUEST, message));
    }
    if part.before.is_some_and(|before| before > NUMBER_MAX) {
        let message = format!("before: at most {NUMBER_MAX} is expected");
        return Err(AdminError::of(StatusCode::BAD_REQUEST, message));
    }
    Ok(Json(gateway.service.history(&account, part.before, limit).await?))
}
