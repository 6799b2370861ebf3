//! An answer about people: the viewer, their friends, those whom `ids` names.

use countersign_domain::time::Timestamp;
use countersign_service::operations::disclosure::Disclosure;
use countersign_service::operations::principal::Principal;
use countersign_service::spans::TARGET;

use super::asked::Asking;
use super::asker::{Pace, asker, user};
use super::inquiry::Inquiry;
use super::link::Links;
use super::outcome::Stop;
use super::path::Node;
use super::render::Page;
use super::request::Request;
use crate::deliver::{Reply, deliver};
use crate::errors::GraphError;
use crate::gateway::Gateway;

/// Answers about people.
///
/// # Errors
/// [`Stop`]: what the client is told instead, or that the batch's time is over.
pub(super) async fn answer(
    gateway: &Gateway,
    request: &Request<'_>,
    (principal, pace): (&Principal, Pace<'_>),
    now: Timestamp,
) -> Result<Reply, Stop> {
    let service = &gateway.service;
    // Who has no token is not told whether a path leads anywhere.
    let target = request.path.target(request.sent.path(), request.query.ids.is_some())?;
    if request.query.callback {
        return Err(GraphError::no_jsonp().into());
    }
    let access = user(principal, target.node == Node::Me)?;
    let stored = service.granted(access, now)?;
    let asking = Asking::parse(target, &request.query, &gateway.settings.graph)?;
    let inquiry = Inquiry { service, viewer: stored.viewer, asking, viewer_only: false };
    let asker = asker(request, access, &stored, pace);
    let Disclosure { released, told: asked, compiled, .. } =
        service.disclose(&asker, &inquiry).await?;
    let step = tracing::info_span!(target: TARGET, "render");
    let _entered = step.enter();
    let decided = released.decided();
    let token = request.token.as_ref().filter(|token| token.in_query);
    let page = Page {
        links: Links {
            public_url: &gateway.settings.public_url,
            version: request.path.version,
            query_token: token.map(|token| &*token.text),
        },
        asked,
        previous: decided.previous,
        more: decided.more,
        count: decided.count,
        compiled: &compiled,
        planted: service.canaries.among(decided, released.placed().time),
    };
    let people_count = decided.records.len();
    let answer = released.answer(|records| page.render(records));
    let reply = deliver(answer, service)?;
    gateway.metrics.released(people_count, reply.body().len());
    Ok(reply)
}
