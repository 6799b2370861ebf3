//! `POST` and `DELETE /admin/v1/clients/{client}/secret`: what a client's server proves that it knows. It is shown
//! once.

use std::sync::Arc;

use axum::extract::State;

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::service::client_secrets::{Made, Removed};

/// Makes a secret, in the place of an earlier one.
///
/// # Errors
/// [`AdminError`] 404 for a client that is not in the register.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Path(client): Path<String>,
) -> Result<Json<Made>, AdminError> {
    Ok(Json(gateway.service.make_client_secret(&client).await?))
}

/// Removes a client's secret: app access tokens and proofs that are made with it no longer count.
///
/// # Errors
/// [`AdminError`] 404 for a client that is not in the register.
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path(client): Path<String>,
) -> Result<Json<Removed>, AdminError> {
    Ok(Json(gateway.service.remove_client_secret(&client).await?))
}
