//! What a durable disclosure gives: the right to read, once, what was decided, and the answer that is
//! made of it.
//!
//! What it is not: delivery. How an answer gets to its recipient is the gateway's business.

use std::sync::Arc;

use countersign_domain::decide::{Decided, DecidedRecord};
use countersign_domain::digest::Digest;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::mask::Basis;
use countersign_domain::person::PairwiseId;
use countersign_domain::relation::Relation;
use countersign_domain::time::Timestamp;
use countersign_protocol::merkle::Hash;
use countersign_protocol::record::Seed;

use crate::guarded::{Guarded, Profiles};

/// Where and when an entry stands in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed {
    /// Its index.
    pub index: u64,
    /// The hash of its leaf.
    pub leaf_hash: Hash,
    /// Its time, as the entry says it.
    pub time: Timestamp,
    /// The second until which it will be in a published checkpoint.
    pub deadline: Timestamp,
    /// How many bytes entry and annex have in the stream.
    pub bytes: usize,
}

/// A disclosure that is durable in the log, with the people's data that it covers. Only
/// [`Log::append`](crate::Log::append) makes one, and it is used up by making the answer.
#[must_use = "the log says that this may have been released"]
pub struct Released<T> {
    decided: Decided,
    people: Guarded<T>,
    request: Digest,
    placed: Placed,
    seed: Seed,
}

/// An answer as it is sent, with what a receipt says about it. Nothing else can be sent as a success.
#[must_use = "an answer is there to be sent"]
pub struct Answer {
    body: Vec<u8>,
    request: Digest,
    placed: Placed,
    seed: Seed,
    basis: Arc<Basis>,
    viewer: Option<PairwiseId>,
}

impl<T> Released<T> {
    pub(crate) const fn new(
        decided: Decided,
        people: Guarded<T>,
        request: Digest,
        placed: Placed,
        seed: Seed,
    ) -> Self {
        Self { decided, people, request, placed, seed }
    }

    /// Where and when the disclosure stands in the log.
    #[must_use]
    pub const fn placed(&self) -> Placed {
        self.placed
    }

    /// What was decided.
    #[must_use]
    pub const fn decided(&self) -> &Decided {
        &self.decided
    }

    /// The seed of the records' salts, which goes to the recipient.
    #[must_use]
    pub const fn seed(&self) -> &Seed {
        &self.seed
    }
}

impl<T: Profiles> Released<T> {
    /// Makes the answer: `write` gets the records, the viewer's first, and writes the body.
    pub fn answer(self, write: impl FnOnce(Records<'_, T>) -> Vec<u8>) -> Answer {
        let Self { decided, people, request, placed, seed } = self;
        let people = people.open();
        let body = write(Records { left: decided.records.iter(), people: &people });
        Answer {
            body,
            request,
            placed,
            seed,
            viewer: decided.records.first().map(|viewer| viewer.pairwise),
            basis: decided.basis,
        }
    }
}

/// The records of a disclosure, the viewer's first.
pub struct Records<'a, T> {
    left: std::slice::Iter<'a, DecidedRecord>,
    people: &'a T,
}

/// One person in an answer: nothing of them can be read but what is released of that very person.
pub struct Record<'a, T> {
    decided: &'a DecidedRecord,
    people: &'a T,
}

impl<'a, T: Profiles> Iterator for Records<'a, T> {
    type Item = Record<'a, T>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left.next().map(|decided| Record { decided, people: self.people })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl<T: Profiles> ExactSizeIterator for Records<'_, T> {}

impl<'a, T: Profiles> Record<'a, T> {
    /// The person's name toward the partner.
    #[must_use]
    pub const fn pairwise(&self) -> PairwiseId {
        self.decided.pairwise
    }

    /// What they are to the viewer.
    #[must_use]
    pub const fn relation(&self) -> Relation {
        self.decided.relation
    }

    /// The fields that are released.
    #[must_use]
    pub const fn fields(&self) -> FieldSet {
        self.decided.fields
    }

    /// Shows the values of the released fields, lowest number first, as bytes that are already JSON.
    pub fn values(&self, mut show: impl FnMut(FieldId, &[u8])) {
        let fields = self.decided.fields;
        self.people.values(self.decided.position, fields, |field, value| {
            // A source that shows more than it was asked for is not believed.
            if fields.contains(field) {
                show(field, value);
            }
        });
    }
}

impl Answer {
    /// The body as it is sent.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The digest of the request that it answers.
    #[must_use]
    pub const fn request(&self) -> Digest {
        self.request
    }

    /// The body, to be sent. Make the receipt before.
    #[must_use]
    pub fn into_body(self) -> Vec<u8> {
        self.body
    }

    /// Where and when the disclosure stands in the log.
    #[must_use]
    pub const fn placed(&self) -> Placed {
        self.placed
    }

    /// The seed of the records' salts, which goes to the recipient.
    #[must_use]
    pub const fn seed(&self) -> &Seed {
        &self.seed
    }

    /// Who asked, under what.
    #[must_use]
    pub const fn basis(&self) -> &Arc<Basis> {
        &self.basis
    }

    /// The viewer's name toward the partner.
    #[must_use]
    pub const fn viewer(&self) -> Option<PairwiseId> {
        self.viewer
    }
}
