//! Tells a client who the viewer of a grant is, which is a disclosure of the viewer's id: decided and
//! logged as if `/me?fields=id` had been asked.

use std::borrow::Cow;

use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;

use crate::gateway::Gateway;
use crate::gateway::deliver::{Reply, deliver};
use crate::gateway::graph::call::{Call, Stop};
use crate::gateway::graph::inquiry::{Inquiry, Logged};
use crate::gateway::graph::query::Query;
use crate::gateway::graph::target::{Edge, Node, Target};
use crate::gateway::graph::version::Version;
use crate::store::{GrantId, GrantRecord};

/// The grant whose viewer is told.
pub(super) struct Viewer<'a> {
    pub(super) build: &'a Identifier,
    pub(super) grant: GrantId,
    pub(super) stored: &'a GrantRecord,
    /// As whom the viewer is asked for. By an id that is not theirs nobody is told.
    pub(super) node: Node,
    pub(super) version: Version,
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
        call: &Call<'_>,
        write: impl FnOnce(PairwiseId) -> Vec<u8>,
    ) -> Result<Reply, Stop> {
        let inquiry = Inquiry {
            gateway,
            build: self.build.as_str(),
            grant: self.grant,
            stored: self.stored,
            target: Target { version: self.version, node: self.node, edge: Edge::None },
            query: Query { fields: Some(Cow::Borrowed("id")), ..Query::default() },
            viewer_only: true,
            // Whether it may was looked at before.
            token_in_query: false,
            sec_gpc: call.sec_gpc,
            part_of: call.part_of,
            room: call.room,
        };
        let Logged { released, .. } = inquiry.release(call.digest(), call.client).await?;
        let answer = released
            .answer(|mut records| records.next().map_or_else(Vec::new, |v| write(v.pairwise())));
        let reply = deliver(answer, gateway)?;
        gateway.metrics.released(1, reply.body().len());
        Ok(reply)
    }
}
