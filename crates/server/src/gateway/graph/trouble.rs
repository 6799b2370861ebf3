//! What fails inside is told to the operator, in the server's own log, and never to the partner, who only
//! learns whether it is worth trying again.

use crate::gateway::errors::GraphError;
use crate::source::SourceError;
use crate::store::StoreError;

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

/// What the store says.
pub(in crate::gateway) fn of_store(error: StoreError) -> GraphError {
    match error {
        damaged @ (StoreError::Damaged { .. } | StoreError::ImageDamaged { .. }) => broken(damaged),
        other => unavailable(other),
    }
}

/// What a source says. The person of a grant who is there no more ends the grant.
pub(in crate::gateway) fn of_source(error: SourceError) -> GraphError {
    match error {
        SourceError::UnknownPerson => GraphError::ended_grant(),
        SourceError::Damaged => broken(error),
        SourceError::Store(error) => of_store(error),
        other => unavailable(other),
    }
}
