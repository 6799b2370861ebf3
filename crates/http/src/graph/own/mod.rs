//! What a client asks about its own tokens and grants: `/oauth/access_token`, `/debug_token`,
//! `/me/permissions`.
//!
//! Most of it are [`Facts`](facts::Facts), in which no person is. What tells who the viewer is goes the
//! way of every answer: decided, logged, and with a receipt.

use countersign_domain::contract::Contract;
use countersign_domain::identifier::Identifier;
use countersign_domain::register::Register;

use crate::errors::GraphError;

pub(super) mod access_token;
pub(super) mod debug_token;
mod facts;
mod permission;
pub(super) mod permissions;
mod viewer;

/// Refuses a client that may have nothing now, and a secret or token in the query where the agreement
/// does not allow one there.
fn check_client(
    register: &Register,
    client: &Identifier,
    secret_in_query: bool,
) -> Result<(), GraphError> {
    let registered = register.clients().get(client).ok_or_else(GraphError::unknown_build)?;
    if register.is_suspended(client) {
        return Err(GraphError::suspended());
    }
    let allows = |contract: &Contract| contract.agreement.document.query_token;
    if secret_in_query && !registered.contracts.values().all(allows) {
        return Err(GraphError::token_in_query());
    }
    Ok(())
}
