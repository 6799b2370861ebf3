//! The product's own decision: masks that were compiled when the register changed, and an AND per friend.

use countersign_domain::decide::{Candidate, People, decide};
use countersign_domain::field::FieldSet;
use countersign_domain::request::{FriendsRequest, Request};

use crate::Trouble;
use crate::contender::Contender;
use crate::question::{FRIENDS, NOW, Question};

/// Countersign.
pub(crate) struct Ours<'a>(pub(crate) &'a Question);

/// The people of the question; their values are nobody's concern here.
struct Circle<'a>(&'a [Candidate]);

impl People for Circle<'_> {
    fn candidates(&self) -> &[Candidate] {
        self.0
    }
}

impl Contender for Ours<'_> {
    fn name(&self) -> &'static str {
        "Countersign"
    }

    fn decide(&mut self) -> Result<Vec<FieldSet>, Trouble> {
        let question = self.0;
        let friends = FriendsRequest::first(question.asked, FRIENDS);
        let request = Request { viewer: FieldSet::EMPTY, friends: Some(friends) };
        let circle = Circle(&question.people);
        let permitted = decide(&question.basis, &question.grant, request, circle, NOW, 7)?;
        let mut released = vec![FieldSet::EMPTY; FRIENDS];
        for record in permitted.decided().records.iter().skip(1) {
            if let Some(fields) = released.get_mut(record.position - 1) {
                *fields = record.fields;
            }
        }
        Ok(released)
    }
}
