//! What comes of a call: an answer, or why there is none.

use std::sync::Arc;

use axum::http::HeaderValue;
use countersign_service::operations::disclosure::DiscloseError;
use countersign_service::operations::granted::GrantError;
use countersign_service::operations::principal::AuthError;
use countersign_service::operations::usage::ClientUsage;

use super::request::Sent;
use crate::deliver::Reply;
use crate::errors::GraphError;
use crate::gateway::Gateway;
use crate::trouble::unavailable;

/// Why a call has no answer.
#[derive(Debug)]
pub(super) enum Stop {
    /// The client is told.
    Error(GraphError),
    /// The batch's time is over and nothing was appended, so that it can be asked again.
    Late,
}

impl From<GraphError> for Stop {
    fn from(error: GraphError) -> Self {
        Self::Error(error)
    }
}

impl From<AuthError> for Stop {
    fn from(error: AuthError) -> Self {
        Self::Error(error.into())
    }
}

impl From<GrantError> for Stop {
    fn from(error: GrantError) -> Self {
        Self::Error(error.into())
    }
}

impl From<DiscloseError> for Stop {
    fn from(error: DiscloseError) -> Self {
        match error {
            DiscloseError::Late => Self::Late,
            error => Self::Error(error.into()),
        }
    }
}

/// What came of a call.
pub(super) struct Answered {
    /// The answer, or why there is none.
    pub(super) reply: Result<Reply, Stop>,
    /// What the client uses of its hour, where it is known which client asks.
    pub(super) usage: Option<Arc<ClientUsage>>,
}

/// A call of nobody who may ask.
pub(super) struct Unauthenticated {
    pub(super) error: GraphError,
    /// What the client uses of its hour, where it is known which client it is.
    pub(super) usage: Option<Arc<ClientUsage>>,
}

impl From<GraphError> for Unauthenticated {
    fn from(error: GraphError) -> Self {
        Self { error, usage: None }
    }
}

impl From<AuthError> for Unauthenticated {
    fn from(error: AuthError) -> Self {
        let usage = match &error {
            AuthError::HourUsedUp { usage } => Some(Arc::clone(usage)),
            AuthError::Token(_) | AuthError::Credentials(_) => None,
        };
        Self { error: error.into(), usage }
    }
}

impl From<Unauthenticated> for Answered {
    fn from(Unauthenticated { error, usage }: Unauthenticated) -> Self {
        Self { reply: Err(error.into()), usage }
    }
}

impl From<GraphError> for Answered {
    /// What is answered before it is known who asks.
    fn from(error: GraphError) -> Self {
        Unauthenticated::from(error).into()
    }
}

/// The reply to a call, which says which version gave it.
pub(super) fn written(gateway: &Gateway, sent: &Sent<'_>, answered: Result<Reply, Stop>) -> Reply {
    let mut reply = answered.unwrap_or_else(|stop| refused(gateway, stop));
    if let Ok(version) = HeaderValue::try_from(sent.version().to_string()) {
        reply.headers_mut().insert("facebook-api-version", version);
    }
    reply
}

/// What a client is told that gets no answer.
pub(super) fn refused(gateway: &Gateway, stop: Stop) -> Reply {
    let error = match stop {
        Stop::Error(error) => error,
        Stop::Late => unavailable("a call that is no part of a batch came late for one"),
    };
    gateway.metrics.failed(error.code);
    if let Some(reason) = error.reason {
        gateway.metrics.refused(reason);
    }
    error.into_reply()
}
