//! The decision: which fields of which person are released.
//!
//! ```text
//! released = requested ∩ terms ∩ declared ∩ platform rules ∩ grant ∩ settings
//! ```
//!
//! The first three after `requested` are one [`Mask`](crate::mask::Mask) of a [`Basis`], which
//! `countersign-policy` compiled; grant and settings are looked at here. A [`Permitted`] owns what
//! was decided together with the people's data; nothing else can make one, and only the log can open it.
//!
//! What it is not: it orders nothing (the log does) and serves nothing (the gateway does).

use std::sync::Arc;

use crate::field::{FieldId, FieldSet};
use crate::grant::Grant;
use crate::mask::Basis;
use crate::person::{Handle, PairwiseId};
use crate::reason::Reason;
use crate::relation::Relation;
use crate::route::Route;
use crate::settings::Settings;
use crate::time::Timestamp;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Fields of the viewer; the id always comes with them.
    pub viewer: FieldSet,
    /// Fields of friends, if friends are asked for at all.
    pub friends: Option<FriendsRequest>,
}

/// What is asked for about friends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FriendsRequest {
    /// Fields of each friend; the id always comes with them.
    pub fields: FieldSet,
    /// The most friends in the answer.
    pub limit: usize,
}

/// A person who would be in the answer, and what the decision needs to know about them. No value of
/// a field is in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Candidate {
    /// The person.
    pub handle: Handle,
    /// Their name toward the partner that asks.
    pub pairwise: PairwiseId,
    /// Their own choices.
    pub settings: Settings,
    /// The fields for which there is a value.
    pub present: FieldSet,
    /// Whether they are a minor.
    pub minor: bool,
}

/// The people of one question, together with their data, which no reader of this trait can see.
pub trait People {
    /// The viewer, then the friends in the order in which an answer lists them.
    fn candidates(&self) -> &[Candidate];
}

/// What was decided about one person in the answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DecidedRecord {
    /// The person's place among the candidates.
    pub position: usize,
    /// The person.
    pub handle: Handle,
    /// Their name toward the partner.
    pub pairwise: PairwiseId,
    /// What they are to the viewer.
    pub relation: Relation,
    /// The fields that are released; the id is always one of them.
    pub fields: FieldSet,
    /// The fields that their own settings withheld and nothing else did.
    pub closed: FieldSet,
}

/// What was decided about a whole answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// Who asks, under what.
    pub basis: Arc<Basis>,
    /// What was asked for.
    pub request: Request,
    /// What the viewer did not grant of it, by relation.
    pub not_granted: [FieldSet; 2],
    /// The people in the answer, the viewer first.
    pub records: Vec<DecidedRecord>,
    /// How many friends were looked at and left out.
    pub hidden_count: usize,
    /// Whether more friends would follow beyond the limit.
    pub more: bool,
    /// How many entries of the log the decision has seen.
    pub as_of: u64,
    /// The first second in which it no longer holds.
    pub valid_until: Timestamp,
}

/// A decision that permits an answer, with the data of the people in it. Only [`decide`] makes one.
#[derive(Debug)]
#[must_use = "a decision that is not appended to the log releases nothing"]
pub struct Permitted<P> {
    decided: Decided,
    people: P,
}

impl<P> Permitted<P> {
    /// What was decided.
    #[must_use]
    pub const fn decided(&self) -> &Decided {
        &self.decided
    }

    /// Takes it apart. The permission ends with it: what is left are facts, and data that is still closed.
    #[must_use]
    pub fn into_parts(self) -> (Decided, P) {
        (self.decided, self.people)
    }
}

/// No answer may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no answer may be given: {reason:?}")]
pub struct Refused {
    /// The clause that stopped it.
    pub reason: Reason,
}

/// Decides about an answer. `now` is the second in which it is asked, `as_of` the number of log
/// entries that `basis`, `grant` and the candidates' settings have seen.
///
/// # Errors
/// [`Refused`] when not even the viewer's id may be released, with the first clause that forbids it.
pub fn decide<P: People>(
    basis: &Arc<Basis>,
    grant: &Grant,
    request: Request,
    people: P,
    now: Timestamp,
    as_of: u64,
) -> Result<Permitted<P>, Refused> {
    if let Some(reason) = basis.stopped {
        return Err(Refused { reason });
    }
    if grant.client != basis.client || grant.purpose != basis.purpose || now >= grant.until {
        return Err(Refused { reason: Reason::Grant });
    }
    let [viewer, friends @ ..] = people.candidates() else {
        return Err(Refused { reason: Reason::Settings });
    };
    let viewer = decide_viewer(basis, grant, request, viewer)?;
    let list_released = viewer.fields.contains(FieldId::FRIENDS);
    let mut page = Page { records: vec![viewer], hidden_count: 0, more: false };
    if let Some(asked) = request.friends.filter(|_| list_released) {
        page.fill(basis, grant, asked, friends);
    }
    let decided = Decided {
        basis: Arc::clone(basis),
        request,
        not_granted: not_granted(basis, grant, request),
        records: page.records,
        hidden_count: page.hidden_count,
        more: page.more,
        as_of,
        valid_until: basis.holds_until.min(grant.until),
    };
    Ok(Permitted { decided, people })
}

fn decide_viewer(
    basis: &Basis,
    grant: &Grant,
    request: Request,
    viewer: &Candidate,
) -> Result<DecidedRecord, Refused> {
    let mask = &basis.viewer;
    let asked = asked_of_viewer(request);
    let allowed = asked.and(mask.open).and(grant.viewer);
    let record = record(0, Relation::Viewer, viewer, allowed, basis);
    if record.fields.contains(FieldId::ID) {
        return Ok(record);
    }
    let withheld_by_mask =
        mask.withheld.iter().find(|(_, fields)| fields.contains(FieldId::ID)).map(|(r, _)| *r);
    let reason = if mask.open.contains(FieldId::ID) {
        if grant.viewer.contains(FieldId::ID) { Reason::Settings } else { Reason::Grant }
    } else {
        withheld_by_mask.unwrap_or(Reason::Agreement)
    };
    Err(Refused { reason })
}

/// The friends of one answer while it is being filled.
struct Page {
    records: Vec<DecidedRecord>,
    hidden_count: usize,
    more: bool,
}

impl Page {
    /// Takes friends in order until the limit is reached; a friend whose id may not be released is
    /// passed over and leaves no trace in the answer.
    fn fill(&mut self, basis: &Basis, grant: &Grant, asked: FriendsRequest, friends: &[Candidate]) {
        // There is no friend-of-friend, whatever masks and grants say.
        let asked_fields = asked.fields.with(FieldId::ID).without(FieldSet::of(FieldId::FRIENDS));
        let granted = asked_fields.and(grant.friend);
        let allowed =
            [false, true].map(|minor| granted.and(basis.mask(Relation::Friend, minor).open));
        self.records.reserve(friends.len().min(asked.limit));
        for (friend, position) in friends.iter().zip(1..) {
            let allowed = if friend.minor { allowed[1] } else { allowed[0] };
            let record = record(position, Relation::Friend, friend, allowed, basis);
            if !record.fields.contains(FieldId::ID) {
                self.hidden_count += 1;
            } else if self.records.len() > asked.limit {
                self.more = true;
                return;
            } else {
                self.records.push(record);
            }
        }
    }
}

/// The last AND: the person's own settings on the route, and whether there is anything to release.
fn record(
    position: usize,
    relation: Relation,
    person: &Candidate,
    allowed: FieldSet,
    basis: &Basis,
) -> DecidedRecord {
    let open = person.settings.open(Route::of(basis.kind, relation));
    let there = allowed.and(person.present);
    DecidedRecord {
        position,
        handle: person.handle,
        pairwise: person.pairwise,
        relation,
        fields: there.and(open),
        closed: there.without(open),
    }
}

/// The id, what was named, and the list of friends exactly when friends are asked for.
fn asked_of_viewer(request: Request) -> FieldSet {
    let named = request.viewer.with(FieldId::ID).without(FieldSet::of(FieldId::FRIENDS));
    if request.friends.is_some() { named.with(FieldId::FRIENDS) } else { named }
}

fn not_granted(basis: &Basis, grant: &Grant, request: Request) -> [FieldSet; 2] {
    let asked_of_friends = request.friends.map_or(FieldSet::EMPTY, |asked| asked.fields);
    [
        asked_of_viewer(request).and(basis.viewer.open).without(grant.viewer),
        asked_of_friends.and(basis.friend.open).without(grant.friend),
    ]
}
