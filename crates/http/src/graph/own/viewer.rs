//! Tells a client who the viewer of a grant is, which is a disclosure of the viewer's id: decided and
//! logged as if `/me?fields=id` had been asked.

use std::borrow::Cow;

use countersign_domain::person::PairwiseId;
use countersign_people::store::GrantRecord;
use countersign_service::operations::disclosure::{Asker, Disclosure};
use countersign_service::operations::token::UserAccess;

use crate::deliver::{Reply, deliver};
use crate::gateway::Gateway;
use crate::graph::asked::Asking;
use crate::graph::asker::{Pace, asker};
use crate::graph::inquiry::Inquiry;
use crate::graph::outcome::Stop;
use crate::graph::path::{Edge, Node, Target};
use crate::graph::query::Query;
use crate::graph::request::Request;

/// The grant whose viewer is told.
pub(super) struct Viewer<'a> {
    pub(super) access: &'a UserAccess,
    pub(super) stored: &'a GrantRecord,
    /// As whom the viewer is asked for. By an id that is not theirs nobody is told.
    pub(super) node: Node,
}

impl Viewer<'_> {
    /// The answer whose body `write` makes of the viewer's id.
    ///
    /// # Errors
    /// [`Stop`] when the id may not be released, and then nothing is logged; or when the log does
    /// not take the disclosure.
    pub(super) async fn answer(
        &self,
        gateway: &Gateway,
        request: &Request<'_>,
        pace: Pace<'_>,
        write: impl FnOnce(PairwiseId) -> Vec<u8>,
    ) -> Result<Reply, Stop> {
        let service = &gateway.service;
        let query = Query { fields: Some(Cow::Borrowed("id")), ..Query::default() };
        let target = Target { node: self.node, edge: Edge::None };
        let asking = Asking::parse(target, &query, &gateway.settings.graph)?;
        let viewer = self.stored.viewer;
        let inquiry = Inquiry { service, viewer, asking, viewer_only: true };
        // Whether the token may stand in the query was looked at before.
        let asker =
            Asker { token_in_query: false, ..asker(request, self.access, self.stored, pace) };
        let Disclosure { released, .. } = service.disclose(&asker, &inquiry).await?;
        let answer = released
            .answer(|mut records| records.next().map_or_else(Vec::new, |v| write(v.pairwise())));
        let reply = deliver(answer, service)?;
        gateway.metrics.released(1, reply.body().len());
        Ok(reply)
    }
}
