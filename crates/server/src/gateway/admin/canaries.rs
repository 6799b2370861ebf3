//! `/admin/v1/canaries`: people whom nobody is. `GET` names all, `POST` makes one of an account,
//! `DELETE …/{account}` ends one, `POST …/{account}/generations` gives one new values. No value is told here:
//! `countersign canary find` looks for one.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::service::canaries::{ShownCanaries, ShownCanary, Wanted};

/// All that there are or were.
pub async fn list(State(gateway): State<Arc<Gateway>>) -> Json<ShownCanaries> {
    Json(gateway.service.canaries())
}

/// Makes an account a canary.
///
/// # Errors
/// [`AdminError`] 404 for an unknown account, 409 for one that is a canary, 503 if the source cannot tell.
pub async fn create(
    State(gateway): State<Arc<Gateway>>,
    Json(Wanted { account }): Json<Wanted>,
) -> Result<Json<ShownCanary>, AdminError> {
    Ok(Json(gateway.service.create_canary(&account).await?))
}

/// Begins a new generation of a canary's values.
///
/// # Errors
/// [`AdminError`] 404 for an account that is no canary.
pub async fn refresh(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<ShownCanary>, AdminError> {
    Ok(Json(gateway.service.refresh_canary(&account).await?))
}

/// Makes a canary a person like others again.
///
/// # Errors
/// [`AdminError`] 404 for an account that is no canary.
pub async fn remove(
    State(gateway): State<Arc<Gateway>>,
    Path(account): Path<String>,
) -> Result<Json<ShownCanary>, AdminError> {
    Ok(Json(gateway.service.remove_canary(&account).await?))
}
