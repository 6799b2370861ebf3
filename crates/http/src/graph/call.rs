//! A call: a request of its own, or an operation of a batch. It is authenticated, and answered by what its path
//! leads to.

use std::sync::Arc;

use countersign_domain::time::Timestamp;
use countersign_service::operations::Service;
use countersign_service::operations::principal::Principal;
use countersign_service::spans::TARGET;

use super::asker::Pace;
use super::outcome::{Answered, Stop, Unauthenticated};
use super::path::Endpoint;
use super::request::Request;
use super::{own, people};
use crate::deliver::Reply;
use crate::gateway::Gateway;
use crate::trouble::failed;

/// Answers a call.
pub(super) async fn answer(gateway: &Gateway, request: Request<'_>, pace: Pace<'_>) -> Answered {
    // By a clock that was set forward no token is judged: clients would drop sessions that hold.
    let now = match gateway.service.now() {
        Ok(now) => now,
        Err(error) => return failed(error).into(),
    };
    let step = tracing::info_span!(target: TARGET, "authenticate");
    let principal = match step.in_scope(|| authenticate(&gateway.service, &request, now)) {
        Ok(principal) => principal,
        Err(refused) => return refused.into(),
    };
    let _timed = principal.timed(pace.began, now);
    let usage = Some(Arc::clone(&principal.usage));
    let reply = answer_to(gateway, request, (&principal, pace), now).await;
    Answered { reply, usage }
}

/// Who asks, by a token; where tokens are asked for, by the client's secret.
fn authenticate(
    service: &Service,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Principal, Unauthenticated> {
    if request.path.endpoint == Endpoint::AccessToken {
        return own::access_token::authenticate(service, request, now);
    }
    let token = request.token.as_ref();
    let token = token.ok_or_else(|| request.no_token())?;
    Ok(service.authenticate(&token.text, token.proof.as_deref(), now)?)
}

async fn answer_to(
    gateway: &Gateway,
    request: Request<'_>,
    (principal, pace): (&Principal, Pace<'_>),
    now: Timestamp,
) -> Result<Reply, Stop> {
    match request.path.endpoint {
        Endpoint::AccessToken => own::access_token::answer(gateway, &request, principal, now),
        Endpoint::DebugToken => {
            own::debug_token::answer(gateway, &request, (principal, pace), now).await
        }
        Endpoint::Permissions { node, name } => {
            let asked = own::permissions::Asked { node, name };
            own::permissions::answer(gateway, &request, (principal, pace), asked, now).await
        }
        Endpoint::Root | Endpoint::People(_) | Endpoint::Nowhere(_) => {
            people::answer(gateway, &request, (principal, pace), now).await
        }
    }
}
