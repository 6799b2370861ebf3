//! Secrets of clients: what a client's server proves that it knows, in `appsecret_proof` and in app access tokens. A
//! secret is shown once.

use std::sync::Arc;

use countersign_domain::identifier::Identifier;
use countersign_people::store::ClientSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Service;
use super::error::OperationError;
use super::vocabulary::Name;

/// A new secret.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = MadeSecret)]
pub struct Made {
    /// The client.
    #[schema(value_type = Name)]
    pub client: String,
    /// The secret, 64 hexadecimal digits.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    pub secret: String,
}

/// What has been removed.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = RemovedSecret)]
pub struct Removed {
    /// The client.
    #[schema(value_type = Name)]
    pub client: String,
    /// Whether it had a secret.
    pub removed: bool,
}

impl Service {
    /// Makes a secret, in the place of an earlier one.
    ///
    /// # Errors
    /// [`OperationError`] for a client that is not in the register.
    pub async fn make_client_secret(
        self: &Arc<Self>,
        client: &str,
    ) -> Result<Made, OperationError> {
        let client = self.registered_client(client)?;
        self.beside(move |service| {
            let secret = ClientSecret::random()?;
            service.people.put_client_secret(&client, &secret)?;
            Ok(Made { client: client.to_string(), secret: secret.to_hex().to_string() })
        })
        .await
    }

    /// Removes a client's secret: app access tokens and proofs that are made with it no longer count.
    ///
    /// # Errors
    /// [`OperationError`] for a client that is not in the register.
    pub async fn remove_client_secret(
        self: &Arc<Self>,
        client: &str,
    ) -> Result<Removed, OperationError> {
        let client = self.registered_client(client)?;
        self.beside(move |service| {
            let removed = service.people.remove_client_secret(&client)?;
            Ok(Removed { client: client.to_string(), removed })
        })
        .await
    }

    /// The client of this name, if the register has it.
    fn registered_client(&self, client: &str) -> Result<Identifier, OperationError> {
        let register = self.log.register();
        let found = Identifier::parse(client).ok();
        let found = found.filter(|client| register.clients().contains_key(client));
        found.ok_or_else(|| OperationError::not_found("client in the register"))
    }
}
