//! `GET /admin/v1/people` and `GET /admin/v1/people/{account}/summary`: who is known here, and what an operator needs
//! to know of one person.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use countersign_service::operations::roster::{PAGE_DEFAULT, PAGE_MAX, Roster, Summary};
use serde::Deserialize;
use utoipa::IntoParams;

use super::paths::AccountPath;
use crate::admin_error::AdminError;
use crate::extract::{Json, Path, Query};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound};

/// Which page is asked for.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// The most accounts.
    #[param(minimum = 1, maximum = 10000, default = 100)]
    limit: Option<u32>,
    /// Where it begins: `next` of the page before.
    #[param(maximum = 4294967295_u64)]
    from: Option<u32>,
}

/// Who is known here.
///
/// A page of accounts, in the order in which they came, and how many people there are. With another source than the
/// image, these are the people who came up already.
///
/// # Errors
/// [`AdminError`] 400 for a limit that cannot be.
#[utoipa::path(
    get,
    path = "/people",
    operation_id = "listPeople",
    params(Page),
    responses(
        (status = 200, description = "A page of accounts.", body = Roster),
    ),
)]
pub async fn list(
    State(gateway): State<Arc<Gateway>>,
    Query(page): Query<Page>,
) -> Result<Json<Roster>, AdminError> {
    let limit = page.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        let message = format!("limit: 1 to {PAGE_MAX} is expected");
        return Err(AdminError::of(StatusCode::BAD_REQUEST, message));
    }
    Ok(Json(gateway.service.roster(page.from.unwrap_or_default(), limit)))
}

/// What an operator needs to know of a person.
///
/// Settings, grants, dates; nothing of their profile. Nobody is enrolled: an account that only the platform knows is
/// not known here yet.
///
/// # Errors
/// [`AdminError`] 404 for an account that is not known here.
#[utoipa::path(
    get,
    path = "/people/{account}/summary",
    operation_id = "readPersonSummary",
    params(AccountPath),
    responses(
        (status = 200, description = "Settings, grants and dates.", body = Summary),
        NotFound,
        Broken,
    ),
)]
pub async fn show(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<Json<Summary>, AdminError> {
    Ok(Json(gateway.service.summary(&account)?))
}
