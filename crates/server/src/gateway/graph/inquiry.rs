//! One question of one client, from the register to the log: decided, appended, and decided again if an
//! act landed in between.

use std::net::IpAddr;
use std::sync::Arc;

use countersign_domain::decide::{Permitted, decide};
use countersign_domain::digest::Digest;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::PairwiseId;
use countersign_domain::request::Request;
use countersign_domain::time::Timestamp;
use countersign_log::append::AppendError;
use countersign_log::guarded::Guarded;
use countersign_log::released::Released;
use tokio::time::timeout_at;

use super::asked::{Asked, Form, Reading};
use super::call::{PartOf, Stop};
use super::named;
use super::query::Query;
use super::target::{Node, Target};
use super::trouble::{broken, failed, of_source};
use crate::gateway::Gateway;
use crate::gateway::errors::GraphError;
use crate::gateway::graph::batch::Room;
use crate::gateway::masks::Compiled;
use crate::gateway::release::{Decidable, Decision, ReleaseError, release};
use crate::source::{Circle, Question};
use crate::store::{GrantId, GrantRecord};

/// A question that was decided and logged, so that it may be answered.
pub(super) struct Logged {
    /// The right to read what was decided.
    pub(super) released: Released<Circle>,
    /// What was asked.
    pub(super) asked: Asked,
    /// What the decision was made with.
    pub(super) compiled: Arc<Compiled>,
}

/// What is decided about where there is nothing to ask for: whether the viewer's id may be told.
const NOTHING: Request = Request { viewer: FieldSet::EMPTY, friends: None };

/// One question of one client, which may have to be decided more than once.
pub(super) struct Inquiry<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) build: &'a str,
    pub(super) grant: GrantId,
    pub(super) stored: &'a GrantRecord,
    pub(super) target: Target,
    pub(super) query: Query<'a>,
    /// Whether nobody but the viewer can be the answer, though others be friends.
    pub(super) viewer_only: bool,
    /// Whether the token came in the query.
    pub(super) token_in_query: bool,
    /// Whether the viewer's user agent says that data be neither sold nor shared.
    pub(super) sec_gpc: bool,
    /// What it is part of.
    pub(super) part_of: PartOf,
    /// The room that it takes among the operations of batches.
    pub(super) room: Option<&'a Room>,
}

impl Decidable for Inquiry<'_> {
    type Context = (Asked, Arc<Compiled>);
    type Error = Stop;

    /// When the time of a batch is over, nothing more is decided and so nothing appended; what is being
    /// appended then is waited for, since the log may say already that it was released.
    async fn decide(&self, now: Timestamp) -> Result<Decision<Self::Context>, Stop> {
        let decision = self.decide_once(now);
        match self.part_of {
            PartOf::Nothing => Ok(decision.await?),
            PartOf::Batch(deadline) => {
                Ok(timeout_at(deadline, decision).await.map_err(|_| Stop::Late)??)
            }
        }
    }

    async fn outside<T: Send>(&self, waiting: impl Future<Output = T> + Send) -> T {
        match self.room {
            Some(room) => room.outside(waiting).await,
            None => waiting.await,
        }
    }
}

impl Inquiry<'_> {
    /// Decides and logs a request from this address.
    pub(super) async fn release(&self, request: Digest, client: IpAddr) -> Result<Logged, Stop> {
        let releasing = release(self.gateway, request, (self.grant, Some(client)), self);
        let (released, (asked, compiled)) = releasing.await.map_err(|error| match error {
            ReleaseError::Undecided(stop) => stop,
            ReleaseError::NotLogged(AppendError::Refused(refusal)) => {
                GraphError::refused(refusal.reason).into()
            }
            ReleaseError::NotLogged(error) => failed(error).into(),
            ReleaseError::Withheld => GraphError::undelivered().into(),
            ReleaseError::Unwitnessed => GraphError::unwitnessed().into(),
            ReleaseError::DiskReserved => GraphError::disk_reserved().into(),
        })?;
        Ok(Logged { released, asked, compiled })
    }

    async fn decide_once(
        &self,
        now: Timestamp,
    ) -> Result<Decision<(Asked, Arc<Compiled>)>, GraphError> {
        let gateway = self.gateway;
        let view = gateway.log.view();
        let compiled = gateway.masks.of(&view.register);
        let grant = &self.stored.grant;
        let basis = compiled.basis(self.build, grant.purpose.as_str(), now);
        let basis = basis.ok_or_else(GraphError::unknown_build)?;
        if self.token_in_query && !basis.query_token {
            return Err(GraphError::token_in_query());
        }
        let schema = compiled.register().schema().ok_or_else(GraphError::unknown_build)?;
        gateway.check_receipts_key(compiled.register()).map_err(broken)?;
        let (target, graph) = (self.target, &gateway.config.graph);
        let read = Reading { target, query: &self.query, schema, graph }.read()?;
        let (viewer_fields, friend_fields) = read.needs();
        let (viewer, partner) = (self.stored.viewer, &basis.partner);
        let question = Question { viewer, partner, viewer_fields, friend_fields };
        let found = self.outside(gateway.source.find(&question)).await.map_err(of_source)?;
        // INVARIANT: what is decided with grant and settings has seen what the log says of them. Both end in the store
        // before the log is told, and are read here behind the look at the log.
        let as_of = gateway.log.renewed(view).as_of;
        if !gateway.people.is_granted(self.grant).map_err(failed)? {
            return Err(GraphError::ended_grant());
        }
        let people = found.circle(&question).await.map_err(of_source)?;
        // INVARIANT: nothing before the decision depends on whether an id is the viewer's. Who may not be
        // told the viewer's id is refused whoever they ask for, and learns nothing of whose an id is.
        let asked = read.asked(self.viewer_toward(partner));
        let request = asked.as_ref().map_or(NOTHING, |asked| asked.request.clone());
        let narrowed = self.sec_gpc.then(|| grant.under_gpc(schema.special()));
        let grant = narrowed.as_ref().unwrap_or(grant);
        let permitted = decide(&basis, grant, request, people, now, as_of)
            .map_err(|refused| GraphError::refused(refused.reason))?;
        let asked = asked?;
        self.check_form(&permitted, asked.form)?;
        Ok((permitted, (asked, compiled)))
    }

    /// What the partner calls the viewer, where the path does not.
    fn viewer_toward(&self, partner: &Identifier) -> Option<PairwiseId> {
        match self.target.node {
            Node::Me => None,
            Node::Id(_) | Node::Ids => self.gateway.people.pairwise(self.stored.viewer, partner),
        }
    }

    /// What would be an answer without its subject is refused before anything is logged.
    fn check_form(
        &self,
        permitted: &Permitted<Guarded<Circle>>,
        form: Form,
    ) -> Result<(), GraphError> {
        let friends_count = permitted.decided().records.len().saturating_sub(1);
        match form {
            Form::Viewer | Form::Friends | Form::ByIds { friends: 0, .. } => Ok(()),
            Form::Person(_) if friends_count == 1 && !self.viewer_only => Ok(()),
            Form::Person(id) => Err(GraphError::no_such_object(&id.to_string())),
            Form::ByIds { friends, .. } if friends_count == friends => Ok(()),
            Form::ByIds { .. } => {
                Err(named::unknown(self.query.ids.as_deref().unwrap_or_default()))
            }
        }
    }
}
