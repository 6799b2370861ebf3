//! The principal: an authenticated client, by a token or its secret, whose call is counted.

use std::sync::Arc;
use std::time::Instant;

use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;

use super::Service;
use super::credentials::{self, CredentialsError};
use super::token::{Access, TokenError};
use super::usage::{ClientUsage, HourUsedUp};

/// Who asks.
#[derive(Clone, Debug)]
pub struct Principal {
    /// What their token stands for.
    pub access: Access,
    /// What their client uses of its hour.
    pub usage: Arc<ClientUsage>,
}

/// Nobody asks who may.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    /// The token does not hold.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The secret, or the proof that somebody knows it, does not hold.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// It is somebody who may ask no more within this hour.
    #[error("{HourUsedUp}")]
    HourUsedUp {
        /// What the client uses.
        usage: Arc<ClientUsage>,
    },
}

impl Service {
    /// Verifies a token, of a user or of an app, with the proof that came with it, and counts the call.
    ///
    /// # Errors
    /// [`AuthError`].
    pub fn authenticate(
        &self,
        token: &str,
        proof: Option<&str>,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let authenticated = self.access_of(token, now).and_then(|access| {
            credentials::check_proof(self, access.client(), token, proof)?;
            self.counted(access, now)
        });
        authenticated.inspect_err(|error| self.tokens.metrics().rejected(error))
    }

    /// Checks a client's secret, and counts the call.
    ///
    /// # Errors
    /// [`AuthError`].
    pub fn authenticate_client(
        &self,
        client: &str,
        secret: &str,
        now: Timestamp,
    ) -> Result<Principal, AuthError> {
        let client = credentials::client_of_secret(self, client, secret);
        let authenticated = client
            .map_err(AuthError::from)
            .and_then(|client| self.counted(Access::App(client), now));
        authenticated.inspect_err(|error| self.tokens.metrics().rejected(error))
    }

    /// What a token stands for at this instant, whichever client sends it.
    ///
    /// # Errors
    /// [`AuthError::Token`], and [`AuthError::Credentials`] for an app's.
    pub fn access_of(&self, token: &str, now: Timestamp) -> Result<Access, AuthError> {
        match credentials::client_of_app_token(self, token) {
            Some(client) => Ok(Access::App(client?)),
            None => Ok(Access::User(self.tokens.verify(token, now)?)),
        }
    }

    fn counted(&self, access: Access, now: Timestamp) -> Result<Principal, AuthError> {
        let (usage, admitted) = self.usage.admit(access.client(), now);
        match admitted {
            Ok(()) => Ok(Principal { access, usage }),
            Err(HourUsedUp) => Err(AuthError::HourUsedUp { usage }),
        }
    }
}

impl Principal {
    /// The client that asks.
    #[must_use]
    pub const fn client(&self) -> &Identifier {
        self.access.client()
    }

    /// Counts the time of the call, from `began` until what this returns is dropped: with its answer, or because
    /// whoever asked went away.
    #[must_use]
    pub fn timed(&self, began: Instant, now: Timestamp) -> Timed {
        Timed { usage: Arc::clone(&self.usage), began, now }
    }
}

/// A call whose time is counted when this is dropped.
pub struct Timed {
    usage: Arc<ClientUsage>,
    began: Instant,
    now: Timestamp,
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.usage.took(self.began.elapsed(), self.now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::operations::usage::Usage;
    use crate::settings::Limits;

    #[test]
    fn a_call_that_is_dropped_before_its_answer_takes_its_time_all_the_same() {
        let limits = Limits { seconds_per_hour: 10, ..Limits::default() };
        let now = Timestamp::from_seconds(1_000_000);
        let client = Identifier::parse("aurora-home").unwrap();
        let (usage, _) = Usage::new(&limits).admit(&client, now);
        let principal = Principal { access: Access::App(client), usage };
        let began = Instant::now().checked_sub(Duration::from_secs(5)).unwrap();
        let timed = principal.timed(began, now);
        let mut call = Box::pin(async move {
            let _timed = timed;
            std::future::pending::<()>().await;
        });
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
        drop(call);
        assert_eq!(principal.usage.used(now).time, 50);
    }
}
