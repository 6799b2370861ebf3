//! Who asks: the token of a call, with the proof that came with it.

use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;

use super::call::{Call, Token};
use super::failed;
use crate::gateway::Gateway;
use crate::gateway::credentials;
use crate::gateway::errors::GraphError;
use crate::gateway::token::{Access, UserAccess};
use crate::store::GrantRecord;

/// Who asks.
pub(super) struct Caller<'a> {
    /// What their token stands for.
    pub(super) access: Access,
    /// The token.
    pub(super) token: Token<'a>,
}

impl<'a> Caller<'a> {
    /// Verifies token and proof, and counts the call.
    ///
    /// # Errors
    /// [`GraphError`] 104, 190 or 2500 about the token, 100 about the proof, 4 when the client has used up
    /// its hour.
    pub(super) fn of(
        gateway: &Gateway,
        call: &Call<'_>,
        token: Option<Token<'a>>,
        now: Timestamp,
    ) -> Result<Self, GraphError> {
        let token = token.ok_or_else(|| call.no_token())?;
        let access = match credentials::client_of_app_token(gateway, &token.text) {
            Some(client) => Access::App(client?),
            None => Access::User(gateway.tokens.verify(&token.text, now)?),
        };
        credentials::check_proof(gateway, access.client(), &token.text, token.proof.as_deref())?;
        call.admit(gateway, access.client(), now)?;
        Ok(Self { access, token })
    }

    /// The user's token that is needed where there is a viewer.
    ///
    /// # Errors
    /// [`GraphError`] 2500 of an app's token on `me`, where the Graph API says so, and 102 elsewhere.
    pub(super) fn user(&self, on_me: bool) -> Result<&UserAccess, GraphError> {
        match &self.access {
            Access::User(user) => Ok(user),
            Access::App(_) if on_me => Err(GraphError::no_token()),
            Access::App(_) => Err(GraphError::no_viewer()),
        }
    }

    /// Refuses a user's token whose grant has ended.
    ///
    /// # Errors
    /// [`GraphError`] 190 with the subcode that says how it ended.
    pub(super) fn check_grant(&self, gateway: &Gateway, now: Timestamp) -> Result<(), GraphError> {
        let Access::User(user) = &self.access else { return Ok(()) };
        let stored = gateway.people.grant(user.grant).map_err(failed)?;
        check_grant(stored, &user.client, now).map(drop)
    }
}

/// The grant of a token of this client, which has ended if it is not there.
///
/// # Errors
/// [`GraphError`] 190, with subcode 466 for a grant that was ended, 458 for one whose time is over.
pub(super) fn check_grant(
    stored: Option<GrantRecord>,
    client: &Identifier,
    now: Timestamp,
) -> Result<GrantRecord, GraphError> {
    let stored = stored.ok_or_else(GraphError::ended_grant)?;
    if now >= stored.grant.until || stored.grant.client != *client {
        return Err(GraphError::grant_over(client));
    }
    Ok(stored)
}
