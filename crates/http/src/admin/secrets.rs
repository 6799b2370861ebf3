//! `POST` and `DELETE /admin/v1/clients/{client}/secret`: what a client's server proves that it knows. It is shown
//! once.

use std::sync::Arc;

use axum::extract::State;
use countersign_service::operations::client_secrets::{Made, Removed};

use super::paths::ClientPath;
use crate::admin_error::AdminError;
use crate::extract::{Json, Path};
use crate::gateway::Gateway;
use crate::openapi::refusals::{Broken, NotFound};

/// Make a client's secret.
///
/// What the client's server proves that it knows, in `appsecret_proof` and in app access tokens. It is shown this
/// once, and an earlier one ends.
///
/// # Errors
/// [`AdminError`] 404 for a client that is not in the register.
#[utoipa::path(
    post,
    path = "/clients/{client}/secret",
    operation_id = "makeSecret",
    params(ClientPath),
    responses(
        (status = 200, description = "The secret.", body = Made),
        NotFound,
        Broken,
    ),
)]
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Path(ClientPath { client }): Path<ClientPath>,
) -> Result<Json<Made>, AdminError> {
    Ok(Json(gateway.service.make_client_secret(&client).await?))
}

/// Remove a client's secret.
///
/// App access tokens and proofs that are made with it no longer count.
///
/// # Errors
/// [`AdminError`] 404 for a client that is not in the register.
#[utoipa::path(
    delete,
    path = "/clients/{client}/secret",
    operation_id = "removeSecret",
    params(ClientPath),
    responses(
        (status = 200, description = "It is gone.", body = Removed),
        NotFound,
        Broken,
    ),
)]
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path(ClientPath { client }): Path<ClientPath>,
) -> Result<Json<Removed>, AdminError> {
    Ok(Json(gateway.service.remove_client_secret(&client).await?))
}
