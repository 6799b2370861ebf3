//! The grant under which a token asks, for as long as it holds.

use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_people::store::{GrantRecord, StoreError};

use super::Service;
use super::token::UserAccess;

/// There is no grant that a token could ask under.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// It was ended.
    #[error("the grant of the token was ended")]
    Ended,
    /// The time for which it was given is over, or it is another client's.
    #[error("the grant of the token has expired for {client}")]
    Over {
        /// Who asks.
        client: Identifier,
    },
    /// It cannot be looked up.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Service {
    /// The grant behind a user's token.
    ///
    /// # Errors
    /// [`GrantError`].
    pub fn granted(&self, access: &UserAccess, now: Timestamp) -> Result<GrantRecord, GrantError> {
        let granted = self.stored_grant(access, now);
        granted.inspect_err(|error| self.tokens.metrics().without_grant(error))
    }

    fn stored_grant(&self, access: &UserAccess, now: Timestamp) -> Result<GrantRecord, GrantError> {
        let stored = self.people.grant(access.grant)?.ok_or(GrantError::Ended)?;
        if now >= stored.grant.until || stored.grant.client != access.client {
            return Err(GrantError::Over { client: access.client.clone() });
        }
        Ok(stored)
    }
}
