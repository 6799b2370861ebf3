//! Who asks by a request, and at which pace.

use std::time::Instant;

use countersign_people::store::GrantRecord;
use countersign_service::operations::disclosure::Asker;
use countersign_service::operations::principal::Principal;
use countersign_service::operations::room::Room;
use countersign_service::operations::token::{Access, UserAccess};

use super::request::Request;
use crate::errors::GraphError;

/// How long a call may take, and what it takes of what others share.
#[derive(Clone, Copy)]
pub(super) struct Pace<'a> {
    /// When it began.
    pub(super) began: Instant,
    /// When nothing more of it may be appended: that of its batch.
    pub(super) deadline: Option<tokio::time::Instant>,
    /// The room that it takes among the operations of batches.
    pub(super) room: Option<&'a Room>,
}

/// The user's token that is needed where there is a viewer.
///
/// # Errors
/// [`GraphError`] 2500 of an app's token on `me`, where the Graph API says so, and 102 elsewhere.
pub(super) fn user(principal: &Principal, on_me: bool) -> Result<&UserAccess, GraphError> {
    match &principal.access {
        Access::User(user) => Ok(user),
        Access::App(_) if on_me => Err(GraphError::no_token()),
        Access::App(_) => Err(GraphError::no_viewer()),
    }
}

/// Who asks for a disclosure by this request.
pub(super) fn asker<'a>(
    request: &Request<'_>,
    access: &'a UserAccess,
    stored: &'a GrantRecord,
    pace: Pace<'a>,
) -> Asker<'a> {
    Asker {
        build: &access.build,
        grant: access.grant,
        stored,
        request: request.digest(),
        token_in_query: request.token.as_ref().is_some_and(|token| token.in_query),
        sec_gpc: request.sent.sec_gpc,
        client_ip: Some(request.sent.client),
        deadline: pace.deadline,
        room: pace.room,
    }
}
