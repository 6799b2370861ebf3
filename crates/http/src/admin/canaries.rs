//! `/admin/v1/canaries`: fictitious accounts. `GET` names all, `POST` makes one of an account,
//! `DELETE …/{account}` ends one, `POST …/{account}/generations` gives one new values. No value is told here:
//! `countersign audit canary find` looks for one.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::operations::canaries::{ShownCanaries, ShownCanary, Wanted};

use super::paths::AccountPath;
use crate::admin_error::{AdminError, ErrorBody};
use crate::extract::{Json, Path};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound, NotNow};

/// The canaries.
///
/// All that there are or were, in the order in which they came. Whoever reads this can tell them from people; no
/// value is in it. `countersign audit canary list` does this.
#[utoipa::path(
    get,
    path = "/canaries",
    operation_id = "listCanaries",
    responses(
        (status = 200, description = "The canaries.", body = ShownCanaries),
    ),
)]
pub async fn list(State(gateway): State<Arc<Gateway>>) -> Json<ShownCanaries> {
    Json(gateway.service.canaries())
}

/// Make an account a canary.
///
/// The account has to be there, planted by the platform with profile, friends and settings like anybody's. From now
/// on its name, addresses and texts are of the partner's own in each answer. It counts two seconds later.
/// `countersign audit canary create` does this.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 409 for one that is a canary, 503 if the source cannot tell.
#[utoipa::path(
    post,
    path = "/canaries",
    operation_id = "createCanary",
    request_body = Wanted,
    responses(
        (status = 200, description = "The canary.", body = ShownCanary),
        NotFound,
        (status = 409, description = "The account is a canary already.", body = ErrorBody),
        Broken,
        NotNow,
    ),
)]
pub async fn create(
    State(gateway): State<Arc<Gateway>>,
    Json(Wanted { account }): Json<Wanted>,
) -> Result<Json<ShownCanary>, AdminError> {
    Ok(Json(gateway.service.create_canary(&account).await?))
}

/// Give a canary new values.
///
/// A value that turns up then tells in which generation it left. It counts two seconds later. `countersign audit canary
/// refresh` does this.
///
/// # Errors
/// [`AdminError`] 404 for an account that is no canary.
#[utoipa::path(
    post,
    path = "/canaries/{account}/generations",
    operation_id = "refreshCanary",
    params(AccountPath),
    responses(
        (status = 200, description = "The canary.", body = ShownCanary),
        (status = 404, description = "The account is no canary.", body = ErrorBody),
        Broken,
        NotNow,
    ),
)]
pub async fn refresh(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<Json<ShownCanary>, AdminError> {
    Ok(Json(gateway.service.refresh_canary(&account).await?))
}

/// Let a canary be a person like others.
///
/// Its values are as its profile has them. What went out until then can still be found. It counts two seconds later.
/// `countersign audit canary remove` does this.
///
/// # Errors
/// [`AdminError`] 404 for an account that is no canary.
#[utoipa::path(
    delete,
    path = "/canaries/{account}",
    operation_id = "removeCanary",
    params(AccountPath),
    responses(
        (status = 200, description = "The canary that it was.", body = ShownCanary),
        (status = 404, description = "The account is no canary.", body = ErrorBody),
        Broken,
        NotNow,
    ),
)]
pub async fn remove(
    State(gateway): State<Arc<Gateway>>,
    Path(AccountPath { account }): Path<AccountPath>,
) -> Result<Json<ShownCanary>, AdminError> {
    Ok(Json(gateway.service.remove_canary(&account).await?))
}
