//! One question of one client, from the register to the log: decided, appended, and decided again if an
//! act landed in between.

use std::sync::Arc;

use countersign_domain::decide::{Permitted, decide};
use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::time::Timestamp;
use countersign_log::annex::Circumstances;
use countersign_log::append::AppendError;
use countersign_log::guarded::Guarded;
use countersign_log::released::Released;

use super::asked::{Asked, Form};
use super::query::Query;
use super::target::{Node, Target};
use super::unavailable;
use crate::clock;
use crate::gateway::Gateway;
use crate::gateway::errors::GraphError;
use crate::gateway::masks::Compiled;
use crate::source::{Circle, Question, id_toward};
use crate::store::GrantRecord;

/// How often a request is decided again when an act lands between its decision and its entry.
const DECISIONS_MAX: usize = 4;

/// A question that was decided and logged, so that it may be answered.
pub(super) struct Logged {
    /// The right to read what was decided.
    pub(super) released: Released<Circle>,
    /// What was asked.
    pub(super) asked: Asked,
    /// What the decision was made with.
    pub(super) compiled: Arc<Compiled>,
}

/// A question that was decided and is not logged yet.
struct Decision {
    permitted: Permitted<Guarded<Circle>>,
    asked: Asked,
    compiled: Arc<Compiled>,
}

/// One question of one client, which may have to be decided more than once.
pub(super) struct Inquiry<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) build: &'a str,
    pub(super) stored: &'a GrantRecord,
    pub(super) target: Target<'a>,
    pub(super) query: Query<'a>,
}

impl Inquiry<'_> {
    /// Decides and logs, until the log takes the decision.
    pub(super) async fn release(
        &self,
        token_in_query: bool,
        request: Digest,
        circumstances: &Circumstances,
        mut now: Timestamp,
    ) -> Result<Logged, GraphError> {
        for _ in 0..DECISIONS_MAX {
            let decision = self.decide(token_in_query, now).await?;
            let Decision { permitted, asked, compiled } = decision;
            match self.gateway.log.append(permitted, request, circumstances.clone()).await {
                Ok(released) => return Ok(Logged { released, asked, compiled }),
                Err(refused) if matches!(refused.error, AppendError::Stale(_)) => {
                    now = clock::now();
                }
                Err(refused) => return Err(unavailable(refused.error)),
            }
        }
        Err(unavailable("acts kept landing between decision and entry"))
    }

    async fn decide(&self, token_in_query: bool, now: Timestamp) -> Result<Decision, GraphError> {
        let gateway = self.gateway;
        let view = gateway.log.view();
        let compiled = gateway.masks.at(&view.register, now);
        let grant = &self.stored.grant;
        let basis = compiled.masks.basis(self.build, grant.purpose.as_str());
        let basis = basis.ok_or_else(GraphError::unknown_build)?;
        if token_in_query && !basis.query_token {
            return Err(GraphError::token_in_query());
        }
        let schema = compiled.register.schema().ok_or_else(GraphError::unknown_build)?;
        // A receipt that the register's key does not verify would be worth nothing, so nothing is logged.
        let receipts = compiled.register.keys().map(|keys| keys.receipts);
        if receipts != Some(gateway.receipts.public_key()) {
            return Err(unavailable("keys/receipts.key is not the receipts key of the register"));
        }
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
        Ok(Decision { permitted, asked, compiled })
    }

    /// Whether the node of the path is the viewer, by whichever name.
    fn is_about_viewer(&self, partner: &Identifier) -> bool {
        match self.target.node {
            Node::Me => true,
            Node::Id(id) => {
                id_toward(&self.gateway.people, self.stored.viewer, partner) == Some(id)
            }
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
