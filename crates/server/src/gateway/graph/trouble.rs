//! What fails inside is told to the operator, in the server's own log, and never to the partner, who only
//! learns whether it is worth trying again.

use crate::gateway::errors::GraphError;
use crate::remedy::{Remediable, Remedy};
use crate::source::SourceError;

/// What may work the next time.
pub(in crate::gateway) fn unavailable(error: impl std::fmt::Display) -> GraphError {
    tracing::error!(%error, "a request could not be answered");
    GraphError::unavailable()
}

/// What the operator has to mend first.
pub(in crate::gateway) fn broken(error: impl std::fmt::Display) -> GraphError {
    tracing::error!(%error, "a request could not be answered, nor will be before this is mended");
    GraphError::unknown()
}

/// What fails after the log took the disclosure.
pub(in crate::gateway) fn undelivered(error: impl std::fmt::Display) -> GraphError {
    tracing::error!(%error, "an answer could not be delivered, and stands in the log");
    GraphError::undelivered()
}

/// What fails, by its remedy.
pub(in crate::gateway) fn failed(error: impl Remediable) -> GraphError {
    match error.remedy() {
        Remedy::Wait => unavailable(error),
        Remedy::MakeRoom | Remedy::Mend => broken(error),
    }
}

/// What a source says. The person of a grant who is there no more ends the grant.
pub(in crate::gateway) fn of_source(error: SourceError) -> GraphError {
    match error {
        SourceError::UnknownPerson => GraphError::ended_grant(),
        other => failed(other),
    }
}
