//! What is the same for everybody in an answer, compiled before anybody asks.

use std::sync::Arc;

use crate::agreement::{Delivery, Wait};
use crate::clause::Clauses;
use crate::digest::Digest;
use crate::field::FieldSet;
use crate::identifier::Identifier;
use crate::reason::Reason;
use crate::relation::Relation;
use crate::route::ClientKind;
use crate::time::Timestamp;

/// What agreement, build and platform rules leave open about people of one relation.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mask {
    /// The fields that may be released, as far as these are concerned.
    pub open: FieldSet,
    /// The others, each under the one reason that withheld it first.
    pub withheld: Vec<(Reason, FieldSet)>,
}

impl Mask {
    /// The mask that opens `fields`, from which clauses then take away.
    #[must_use]
    pub fn opening(fields: FieldSet) -> Self {
        Self { open: fields, withheld: Vec::new() }
    }

    /// The mask that says what these clauses say.
    #[must_use]
    pub fn of(clauses: &Clauses) -> Self {
        let all = Self::opening(FieldSet::ALL);
        clauses.iter().fold(all, |mask, clause| mask.keep(clause.allowed, clause.reason))
    }

    /// Keeps open only what is in `allowed`; what goes, goes for this reason.
    #[must_use]
    pub fn keep(mut self, allowed: FieldSet, reason: Reason) -> Self {
        let gone = self.open.without(allowed);
        if !gone.is_empty() {
            self.withheld.push((reason, gone));
        }
        self.open = self.open.and(allowed);
        self
    }
}

/// The basis of every decision for one build and purpose: who asks, under what, and the masks. It is
/// compiled by `countersign-policy` from the register; decisions share it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Basis {
    /// The recipient.
    pub partner: Identifier,
    /// Its client.
    pub client: Identifier,
    /// The build.
    pub build: Identifier,
    /// The digests of the signed agreements in force, in the order of their names.
    pub agreements: Arc<[Digest]>,
    /// The purpose.
    pub purpose: Identifier,
    /// Device or app.
    pub kind: ClientKind,
    /// How answers are delivered.
    pub delivery: Delivery,
    /// How long an answer waits.
    pub wait: Wait,
    /// Whether a bearer token may stand in the query.
    pub query_token: bool,
    /// Whether new grants may be made.
    pub new_grants: bool,
    /// The clause that stops every answer, whatever is asked.
    pub stopped: Option<Reason>,
    /// The mask for the viewer.
    pub viewer: Mask,
    /// The mask for a friend.
    pub friend: Mask,
    /// The mask for a friend who is a minor.
    pub minor_friend: Mask,
    /// The first second for which it has to be compiled again.
    pub holds_until: Timestamp,
}

impl Basis {
    /// The mask for a person of this relation.
    #[must_use]
    pub const fn mask(&self, relation: Relation, minor: bool) -> &Mask {
        match (relation, minor) {
            (Relation::Viewer, _) => &self.viewer,
            (Relation::Friend, false) => &self.friend,
            (Relation::Friend, true) => &self.minor_friend,
        }
    }
}
