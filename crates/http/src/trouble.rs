//! What fails inside is told to the operator, in the server's own log, and never to the partner, who only
//! learns whether it is worth trying again. Errors of the application become the Graph API's here.

use countersign_domain::remedy::{Remediable, Remedy};
use countersign_log::append::AppendError;
use countersign_service::operations::credentials::CredentialsError;
use countersign_service::operations::disclosure::DiscloseError;
use countersign_service::operations::granted::GrantError;
use countersign_service::operations::principal::AuthError;
use countersign_service::operations::token::TokenError;
use countersign_source::SourceError;

use crate::errors::GraphError;

/// What may work the next time.
pub(crate) fn unavailable(error: impl std::fmt::Display) -> GraphError {
    tracing::error!(%error, "a request could not be answered");
    GraphError::unavailable()
}

/// What the operator has to mend first.
pub(crate) fn broken(error: impl std::fmt::Display) -> GraphError {
    tracing::error!(%error, "a request could not be answered, nor will be before this is mended");
    GraphError::unknown()
}

/// What fails after the log took the disclosure.
pub(crate) fn undelivered(error: impl std::fmt::Display) -> GraphError {
    tracing::error!(%error, "an answer could not be delivered, and stands in the log");
    GraphError::undelivered()
}

/// What fails, by its remedy.
pub(crate) fn failed(error: impl Remediable) -> GraphError {
    match error.remedy() {
        Remedy::Wait => unavailable(error),
        Remedy::MakeRoom | Remedy::Mend => broken(error),
    }
}

impl From<TokenError> for GraphError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Unknown => Self::malformed_token(),
            TokenError::Expired => Self::expired_token(),
        }
    }
}

impl From<CredentialsError> for GraphError {
    fn from(error: CredentialsError) -> Self {
        match error {
            CredentialsError::Secret => Self::wrong_client_secret(),
            CredentialsError::AppToken => Self::wrong_token_signature(),
            CredentialsError::Proof => Self::wrong_proof(),
            CredentialsError::ProofMissing => Self::missing_proof(),
            CredentialsError::Store(error) => failed(error),
        }
    }
}

impl From<AuthError> for GraphError {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::Token(error) => error.into(),
            AuthError::Credentials(error) => error.into(),
            AuthError::HourUsedUp { .. } => Self::too_many_calls(),
        }
    }
}

impl From<GrantError> for GraphError {
    fn from(error: GrantError) -> Self {
        match error {
            GrantError::Ended => Self::ended_grant(),
            GrantError::Over { client } => Self::grant_over(&client),
            GrantError::Store(error) => failed(error),
        }
    }
}

impl From<DiscloseError> for GraphError {
    fn from(error: DiscloseError) -> Self {
        match error {
            DiscloseError::UnknownBuild => Self::unknown_build(),
            DiscloseError::TokenInQuery => Self::token_in_query(),
            DiscloseError::Grant(error) => error.into(),
            DiscloseError::ReceiptsKey(error) => broken(error),
            // The person of a grant who is there no more ends the grant.
            DiscloseError::Source(SourceError::UnknownPerson) => Self::ended_grant(),
            DiscloseError::Source(error) => failed(error),
            DiscloseError::Store(error) => failed(error),
            DiscloseError::Refused(reason) => Self::refused(reason),
            DiscloseError::NotLogged(AppendError::Refused(refusal)) => {
                Self::refused(refusal.reason)
            }
            DiscloseError::NotLogged(error) => failed(error),
            DiscloseError::Late => {
                unavailable("a call that is no part of a batch came late for one")
            }
            DiscloseError::DiskReserved => Self::disk_reserved(),
            DiscloseError::Withheld => Self::undelivered(),
            DiscloseError::Unwitnessed => Self::unwitnessed(),
        }
    }
}
