//! A question of the read API, for the application to decide: the viewer and friends, by the path and its expansion.

use countersign_domain::decide::Decided;
use countersign_domain::field::FieldSet;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{Handle, PairwiseId};
use countersign_domain::request::Request;
use countersign_domain::schema::FieldSchema;
use countersign_service::operations::Service;
use countersign_service::operations::disclosure::{Question, Whom};

use super::asked::{Asked, Asking, Form, Read};
use super::outcome::Stop;
use super::path::Node;
use crate::errors::GraphError;

/// What is decided about where there is nothing to ask for: whether the viewer's id may be told.
const NOTHING: Request = Request { viewer: FieldSet::EMPTY, friends: None };

/// A question of the read API.
pub(super) struct Inquiry<'a> {
    pub(super) service: &'a Service,
    /// The person who asks by their client.
    pub(super) viewer: Handle,
    /// What is asked for.
    pub(super) asking: Asking<'a>,
    /// Whether nobody but the viewer can be the answer, though others be friends.
    pub(super) viewer_only: bool,
}

impl Question for Inquiry<'_> {
    type Read = Read;
    type Told = Asked;
    type Error = Stop;

    fn read(&self, schema: &FieldSchema) -> Result<Read, Stop> {
        Ok(self.asking.read(schema)?)
    }

    fn whom<'a>(&'a self, read: &'a Read) -> Whom<'a> {
        let (viewer, friends) = read.needs();
        Whom::OfSource { viewer, friends }
    }

    fn asked(&self, read: Read, partner: &Identifier) -> (Request, Result<Asked, Stop>) {
        let asked = read.asked(self.viewer_toward(partner));
        let request = asked.as_ref().map_or(NOTHING, |asked| asked.request.clone());
        (request, asked.map_err(Stop::from))
    }

    /// What would be an answer without its subject is refused before anything is logged.
    fn check(&self, asked: &Asked, decided: &Decided) -> Result<(), Stop> {
        let friends_count = decided.records.len().saturating_sub(1);
        match asked.form {
            Form::Viewer | Form::Friends | Form::ByIds { friends: 0, .. } => Ok(()),
            Form::Person(_) if friends_count == 1 && !self.viewer_only => Ok(()),
            Form::Person(id) => Err(GraphError::no_such_object(&id.to_string()).into()),
            Form::ByIds { friends, .. } if friends_count == friends => Ok(()),
            Form::ByIds { .. } => Err(self.asking.unknown_ids().into()),
        }
    }
}

impl Inquiry<'_> {
    /// What the partner calls the viewer, where the path does not.
    fn viewer_toward(&self, partner: &Identifier) -> Option<PairwiseId> {
        match self.asking.target.node {
            Node::Me => None,
            Node::Id(_) | Node::Ids => self.service.pairwise(self.viewer, partner),
        }
    }
}
