//! One question of one client, from the register to the log: decided, appended, and decided again if an
//! act landed in between.

use std::sync::Arc;

use countersign_domain::decide::{Permitted, decide};
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_log::annex::Circumstances;
use countersign_log::guarded::Guarded;
use countersign_log::released::Released;

use super::asked::{Asked, Form};
use super::query::Query;
use super::target::{Node, Target};
use super::unavailable;
use crate::gateway::Gateway;
use crate::gateway::errors::GraphError;
use crate::gateway::masks::Compiled;
use crate::gateway::release::{Decidable, Decision, ReleaseError, release};
use crate::source::{Circle, Question};
use crate::store::GrantRecord;

/// A question that was decided and logged, so that it may be answered.
pub(super) struct Logged {
    /// The right to read what was decided.
    pub(super) released: Released<Circle>,
    /// What was asked.
    pub(super) asked: Asked,
    /// What the decision was made with.
    pub(super) compiled: Arc<Compiled>,
}

/// One question of one client, which may have to be decided more than once.
pub(super) struct Inquiry<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) build: &'a str,
    pub(super) stored: &'a GrantRecord,
    pub(super) target: Target<'a>,
    pub(super) query: Query<'a>,
    /// Whether the token came in the query.
    pub(super) token_in_query: bool,
}

impl Decidable for Inquiry<'_> {
    type Context = (Asked, Arc<Compiled>);
    type Error = GraphError;

    async fn decide(&self, now: Timestamp) -> Result<Decision<Self::Context>, GraphError> {
        let gateway = self.gateway;
        let view = gateway.log.view();
        let compiled = gateway.masks.at(&view.register, now);
        let grant = &self.stored.grant;
        let basis = compiled.masks.basis(self.build, grant.purpose.as_str());
        let basis = basis.ok_or_else(GraphError::unknown_build)?;
        if self.token_in_query && !basis.query_token {
            return Err(GraphError::token_in_query());
        }
        let schema = compiled.register.schema().ok_or_else(GraphError::unknown_build)?;
        gateway.check_receipts_key(&compiled.register).map_err(unavailable)?;
        let about_viewer = self.is_about_viewer(&basis.partner);
        let graph = &gateway.config.graph;
        let asked = Asked::parse(&self.target, about_viewer, &self.query, schema, graph)?;
        let question = Question {
            viewer: self.stored.viewer,
            partner: &basis.partner,
            viewer_fields: asked.request.viewer,
            friend_fields: asked.request.friends.as_ref().map(|friends| friends.fields),
        };
        let people = gateway.source.ask(&question).await.map_err(unavailable)?;
        let permitted = decide(basis, grant, asked.request.clone(), people, now, view.as_of)
            .map_err(|refused| GraphError::refused(refused.reason))?;
        check_form(&permitted, asked.form)?;
        Ok((permitted, (asked, compiled)))
    }
}

impl Inquiry<'_> {
    /// Decides and logs.
    pub(super) async fn release(
        &self,
        request: Digest,
        circumstances: Circumstances,
    ) -> Result<Logged, GraphError> {
        let releasing = release(&self.gateway.log, request, circumstances, self);
        let (released, (asked, compiled)) = releasing.await.map_err(|error| match error {
            ReleaseError::Undecided(error) => error,
            ReleaseError::NotLogged(error) => unavailable(error),
        })?;
        Ok(Logged { released, asked, compiled })
    }

    /// Whether the node of the path is the viewer, by whichever name.
    fn is_about_viewer(&self, partner: &Identifier) -> bool {
        match self.target.node {
            Node::Me => true,
            Node::Id(id) => self.gateway.people.pairwise(self.stored.viewer, partner) == Some(id),
        }
    }
}

/// What would be an answer without its subject is refused before anything is logged.
fn check_form(permitted: &Permitted<Guarded<Circle>>, form: Form) -> Result<(), GraphError> {
    let records = &permitted.decided().records;
    match form {
        Form::Viewer | Form::Friends => Ok(()),
        Form::Person(_) if records.len() == 2 => Ok(()),
        Form::Person(id) => Err(GraphError::no_such_object(&id.to_string())),
    }
}
