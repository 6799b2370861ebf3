//! `POST` and `DELETE /admin/v1/clients/{client}/secret`: what a client's server proves that it knows, in
//! `appsecret_proof` and in app access tokens. It is shown once.

use std::sync::Arc;

use axum::extract::State;
use countersign_domain::identifier::Identifier;
use serde::{Deserialize, Serialize};

use super::AdminError;
use crate::gateway::Gateway;
use crate::gateway::extract::{Json, Path};
use crate::store::{ClientSecret, People};

/// A new secret.
#[derive(Serialize, Deserialize)]
pub struct Made {
    /// The client.
    pub client: String,
    /// The secret, 64 hexadecimal digits.
    pub secret: String,
}

/// What has been removed.
#[derive(Serialize, Deserialize)]
pub struct Removed {
    /// The client.
    pub client: String,
    /// Whether it had a secret.
    pub removed: bool,
}

/// Makes a secret, in the place of an earlier one.
///
/// # Errors
/// [`AdminError`] 404 for a client that is not in the register.
pub async fn post(
    State(gateway): State<Arc<Gateway>>,
    Path(client): Path<String>,
) -> Result<Json<Made>, AdminError> {
    let client = registered(&client, |client| {
        gateway.service.log.register().clients().contains_key(client)
    })?;
    let made = tokio::task::spawn_blocking(move || make(&gateway.service.people, &client));
    made.await.map_err(AdminError::internal)?.map(Json)
}

/// Removes a client's secret: app access tokens and proofs that are made with it no longer count.
///
/// # Errors
/// [`AdminError`] 404 for a client that is not in the register.
pub async fn delete(
    State(gateway): State<Arc<Gateway>>,
    Path(client): Path<String>,
) -> Result<Json<Removed>, AdminError> {
    let client = registered(&client, |client| {
        gateway.service.log.register().clients().contains_key(client)
    })?;
    let removed = tokio::task::spawn_blocking(move || remove(&gateway.service.people, &client));
    removed.await.map_err(AdminError::internal)?.map(Json)
}

/// The client of this name, if the register has it.
pub(crate) fn registered(
    client: &str,
    is_registered: impl FnOnce(&Identifier) -> bool,
) -> Result<Identifier, AdminError> {
    let found = Identifier::parse(client).ok().filter(is_registered);
    found.ok_or_else(|| AdminError::not_found("client in the register"))
}

pub(crate) fn make(people: &People, client: &Identifier) -> Result<Made, AdminError> {
    let secret = ClientSecret::random()?;
    people.put_client_secret(client, &secret)?;
    Ok(Made { client: client.to_string(), secret: secret.to_hex().to_string() })
}

pub(crate) fn remove(people: &People, client: &Identifier) -> Result<Removed, AdminError> {
    let removed = people.remove_client_secret(client)?;
    Ok(Removed { client: client.to_string(), removed })
}
