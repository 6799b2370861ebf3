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

use std::ops::Range;
use std::sync::Arc;

use crate::field::{FieldId, FieldSet};
use crate::grant::Grant;
use crate::mask::Basis;
use crate::person::{Handle, PairwiseId};
use crate::reason::Reason;
use crate::relation::Relation;
use crate::request::{From, Page, Request, Selection};
use crate::route::Route;
use crate::settings::Settings;
use crate::time::Timestamp;

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
    /// The viewer, then the friends in the order of their pairwise ids, which is that of an answer.
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
    /// Whether friends who can be reached by paging stand before the page.
    pub previous: bool,
    /// Whether friends who can be reached by paging follow after the page.
    pub more: bool,
    /// How many friends can be reached by paging, where that was asked for and there are any; beside nobody
    /// only where the page was to hold nobody.
    pub count: Option<usize>,
    /// How many entries of the log the decision has seen.
    pub as_of: u64,
    /// The second in which it was decided; it holds from then on.
    pub decided_at: Timestamp,
    /// The first second in which it no longer holds.
    pub valid_until: Timestamp,
}

impl Decided {
    /// Whether an answer that was decided so may still leave, now that `later` is decided: under the same
    /// agreements, and nobody and nothing is in it that would not be in an answer of now.
    #[must_use]
    pub fn is_within(&self, later: &Self) -> bool {
        // Both are in the order of the candidates, so one walk finds whoever is in both.
        let mut later_records = later.records.iter();
        let still = |record: &DecidedRecord| {
            let now = later_records.find(|now| now.handle == record.handle);
            now.is_some_and(|now| record.fields.is_within(now.fields))
        };
        // How many friends there are beyond the page is an answer about them, too.
        let counts = (self.count.unwrap_or(0), later.count.unwrap_or(0));
        self.basis.agreements == later.basis.agreements
            && self.records.iter().all(still)
            && counts.0 <= counts.1
            && self.previous <= later.previous
            && self.more <= later.more
    }
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
/// ```
/// use std::sync::Arc;
///
/// use countersign_domain::agreement::{Delivery, Wait};
/// use countersign_domain::decide::{Candidate, People, decide};
/// use countersign_domain::field::FieldSet;
/// use countersign_domain::grant::Grant;
/// use countersign_domain::identifier::Identifier;
/// use countersign_domain::mask::{Basis, Mask};
/// use countersign_domain::person::{Handle, PairwiseId};
/// use countersign_domain::request::{FriendsRequest, Request};
/// use countersign_domain::route::{ClientKind, Route};
/// use countersign_domain::settings::Settings;
/// use countersign_domain::time::Timestamp;
///
/// struct Pair([Candidate; 2]);
/// impl People for Pair {
///     fn candidates(&self) -> &[Candidate] {
///         &self.0
///     }
/// }
///
/// let (id, id_and_name) = (FieldSet::from_bits(0b001), FieldSet::from_bits(0b101));
/// let person = |number: u8, settings| Candidate {
///     handle: Handle([number; 16]),
///     pairwise: PairwiseId([number; 16]),
///     settings,
///     present: FieldSet::from_bits(0b111),
///     minor: false,
/// };
/// let viewer = person(1, Settings::from_sets([FieldSet::ALL; 4]));
/// // The friend lets friends' devices have the id alone.
/// let friend = person(2, Settings::CLOSED.with(Route::FriendsDevice, id));
///
/// let name = |text| Identifier::parse(text).unwrap();
/// let open = || Mask::opening(id_and_name);
/// let basis = Arc::new(Basis {
///     partner: name("aurora"),
///     client: name("home"),
///     build: name("home@1"),
///     agreements: [].into(),
///     purpose: name("address-book"),
///     kind: ClientKind::Device,
///     delivery: Delivery::Clear,
///     wait: Wait::Durable,
///     query_token: false,
///     new_grants: true,
///     stopped: None,
///     viewer: Mask::opening(FieldSet::from_bits(0b111)),
///     friend: open(),
///     minor_friend: open(),
///     holds_until: Timestamp::MAX,
/// });
/// let (all, until) = (FieldSet::ALL, Timestamp::MAX);
/// let (client, purpose) = (basis.client.clone(), basis.purpose.clone());
/// let grant = Grant { client, purpose, viewer: all, friend: all, until };
/// let friends = Some(FriendsRequest::first(id_and_name, 10));
/// let request = Request { viewer: FieldSet::from_bits(0b111), friends };
///
/// let now = Timestamp::from_seconds(1_600_000_000);
/// let permitted = decide(&basis, &grant, request, Pair([viewer, friend]), now, 0)?;
/// let released = |position: usize| permitted.decided().records[position].fields;
/// assert_eq!(released(1), id);
/// # Ok::<(), countersign_domain::decide::Refused>(())
/// ```
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
    let viewer = decide_viewer(basis, grant, &request, viewer)?;
    let list_released = viewer.fields.contains(FieldId::FRIENDS);
    let mut answer = Selected { records: vec![viewer], ..Selected::default() };
    if let Some(asked) = request.friends.as_ref() {
        let list = FriendList::of(basis, grant, asked.fields, friends);
        if list_released {
            answer.select(&list, &asked.selection);
        }
    }
    answer.keep_list_only_with_friends();
    let decided = Decided {
        basis: Arc::clone(basis),
        not_granted: not_granted(basis, grant, &request),
        request,
        records: answer.records,
        hidden_count: answer.hidden_count,
        previous: answer.previous,
        more: answer.more,
        count: answer.count,
        as_of,
        decided_at: now,
        valid_until: basis.holds_until.min(grant.until),
    };
    Ok(Permitted { decided, people })
}

fn decide_viewer(
    basis: &Basis,
    grant: &Grant,
    request: &Request,
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

/// The viewer's friends, and what may be released of any of them before their own settings are asked.
struct FriendList<'a> {
    basis: &'a Basis,
    friends: &'a [Candidate],
    /// Of friends of full age, and of minors.
    allowed: [FieldSet; 2],
}

impl<'a> FriendList<'a> {
    fn of(basis: &'a Basis, grant: &Grant, asked: FieldSet, friends: &'a [Candidate]) -> Self {
        // There is no friend-of-friend, whatever masks and grants say.
        let asked = asked.with(FieldId::ID).without(FieldSet::of(FieldId::FRIENDS));
        let granted = asked.and(grant.friend);
        let allowed =
            [false, true].map(|minor| granted.and(basis.mask(Relation::Friend, minor).open));
        Self { basis, friends, allowed }
    }

    /// The record of the friend at this place of the list; `None` of one whose id may not be released,
    /// who is passed over and leaves no trace in the answer.
    fn record(&self, place: usize) -> Option<DecidedRecord> {
        let friend = self.friends.get(place)?;
        let allowed = if friend.minor { self.allowed[1] } else { self.allowed[0] };
        let record = record(place + 1, Relation::Friend, friend, allowed, self.basis);
        record.fields.contains(FieldId::ID).then_some(record)
    }

    fn any(&self, mut places: Range<usize>) -> bool {
        places.any(|place| self.record(place).is_some())
    }
}

/// The people of one answer while they are being selected.
#[derive(Default)]
struct Selected {
    records: Vec<DecidedRecord>,
    hidden_count: usize,
    previous: bool,
    more: bool,
    count: Option<usize>,
}

impl Selected {
    fn select(&mut self, list: &FriendList<'_>, selection: &Selection) {
        match selection {
            Selection::Page(page) => self.page(list, *page),
            Selection::Named(ids) => {
                for (place, friend) in list.friends.iter().enumerate() {
                    if ids.contains(&friend.pairwise) {
                        self.take(list.record(place));
                    }
                }
            }
        }
    }

    fn page(&mut self, list: &FriendList<'_>, page: Page) {
        let (all, friends) = (list.friends.len(), list.friends);
        let place_after = |id| friends.partition_point(|friend| friend.pairwise <= id);
        match page.from {
            From::Start => self.forward(list, 0, page.limit),
            From::After(id) => self.forward(list, place_after(id), page.limit),
            From::Before(id) => {
                let end = friends.partition_point(|friend| friend.pairwise < id);
                self.backward(list, end, page.limit);
            }
        }
        if page.count {
            let count = (0..all).filter(|place| list.record(*place).is_some()).count();
            // Beside nobody a count is told only to who asked for nobody.
            let is_told = self.records.len() > 1 || page.limit == 0;
            self.count = Some(count).filter(|count| *count > 0 && is_told);
        }
    }

    /// Takes friends from `start` on until the limit is reached.
    fn forward(&mut self, list: &FriendList<'_>, start: usize, limit: usize) {
        let all = list.friends.len();
        self.records.reserve(all.saturating_sub(start).min(limit));
        self.previous = list.any(0..start);
        for place in start..all {
            let record = list.record(place);
            if record.is_some() && self.records.len() > limit {
                self.more = true;
                return;
            }
            self.take(record);
        }
    }

    /// Takes the last friends before `end` until the limit is reached.
    fn backward(&mut self, list: &FriendList<'_>, end: usize, limit: usize) {
        self.more = list.any(end..list.friends.len());
        for place in (0..end).rev() {
            let record = list.record(place);
            if record.is_some() && self.records.len() > limit {
                self.previous = true;
                break;
            }
            self.take(record);
        }
        if let [_, friends @ ..] = self.records.as_mut_slice() {
            friends.reverse();
        }
    }

    fn take(&mut self, record: Option<DecidedRecord>) {
        match record {
            Some(record) => self.records.push(record),
            None => self.hidden_count += 1,
        }
    }

    /// The list is in the answer exactly if a friend is. An empty list would say that the viewer opened
    /// it, and nobody has to know who closed what.
    fn keep_list_only_with_friends(&mut self) {
        if let [viewer] = self.records.as_mut_slice() {
            viewer.fields = viewer.fields.without(FieldSet::of(FieldId::FRIENDS));
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
fn asked_of_viewer(request: &Request) -> FieldSet {
    let named = request.viewer.with(FieldId::ID).without(FieldSet::of(FieldId::FRIENDS));
    if request.friends.is_some() { named.with(FieldId::FRIENDS) } else { named }
}

fn not_granted(basis: &Basis, grant: &Grant, request: &Request) -> [FieldSet; 2] {
    let asked_of_friends = request.friends.as_ref().map_or(FieldSet::EMPTY, |asked| asked.fields);
    [
        asked_of_viewer(request).and(basis.viewer.open).without(grant.viewer),
        asked_of_friends.and(basis.friend.open).without(grant.friend),
    ]
}

#[cfg(test)]
mod independence;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::agreement::{Delivery, Wait};
    use crate::digest::Digest;
    use crate::identifier::Identifier;
    use crate::mask::Mask;
    use crate::request::FriendsRequest;
    use crate::route::ClientKind;

    pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_000);

    pub(super) struct Circle(pub(super) Vec<Candidate>);

    impl People for Circle {
        fn candidates(&self) -> &[Candidate] {
            &self.0
        }
    }

    fn basis(viewer: FieldSet, friend: FieldSet, minor_friend: FieldSet) -> Arc<Basis> {
        Arc::new(basis_of(viewer, friend, minor_friend))
    }

    pub(super) fn basis_of(viewer: FieldSet, friend: FieldSet, minor_friend: FieldSet) -> Basis {
        let name = |text| Identifier::parse(text).unwrap();
        Basis {
            partner: name("aurora"),
            client: name("home"),
            build: name("home@1"),
            agreements: [Digest([0; 32])].into(),
            purpose: name("address-book"),
            kind: ClientKind::Device,
            delivery: Delivery::Clear,
            wait: Wait::Durable,
            query_token: false,
            new_grants: true,
            stopped: None,
            viewer: Mask::opening(viewer),
            friend: Mask::opening(friend),
            minor_friend: Mask::opening(minor_friend),
            holds_until: NOW.plus_seconds(60),
        }
    }

    pub(super) fn grant(basis: &Basis, viewer: FieldSet, friend: FieldSet) -> Grant {
        let (client, purpose) = (basis.client.clone(), basis.purpose.clone());
        Grant { client, purpose, viewer, friend, until: NOW.plus_seconds(30) }
    }

    fn person(number: u8, open: FieldSet, present: FieldSet, minor: bool) -> Candidate {
        Candidate {
            handle: Handle([number; 16]),
            pairwise: PairwiseId([number; 16]),
            settings: Settings::CLOSED.with(Route::MyDevice, open).with(Route::FriendsDevice, open),
            present,
            minor,
        }
    }

    pub(super) fn bits() -> impl Strategy<Value = FieldSet> {
        // Few fields, so that sets meet; the id often, so that people are in the answer.
        (0_u128..256, any::<bool>()).prop_map(|(bits, id)| {
            let set = FieldSet::from_bits(bits);
            if id { set.with(FieldId::ID) } else { set }
        })
    }

    #[test]
    fn an_answer_is_within_a_later_one_that_has_everybody_and_everything_of_it() {
        let name = FieldSet::of(FieldId::ID).with(FieldId::new(2).unwrap());
        let all = name.with(FieldId::FRIENDS);
        let ended = Basis { agreements: [Digest([1; 32])].into(), ..basis_of(all, name, name) };
        let decided = |basis: Basis, friends: &[(u8, FieldSet)]| {
            let (grant, mut people) = (grant(&basis, all, all), vec![person(0, all, all, false)]);
            people.extend(friends.iter().map(|(n, open)| person(*n, *open, name, false)));
            let friends = Some(FriendsRequest::first(name, 9));
            let request = Request { viewer: all, friends };
            let people = Circle(people);
            decide(&Arc::new(basis), &grant, request, people, NOW, 7).unwrap().into_parts().0
        };
        let now = |friends: &[(u8, FieldSet)]| decided(basis_of(all, name, name), friends);
        let id = FieldSet::of(FieldId::ID);
        let two = now(&[(2, name), (4, id)]);
        assert!(two.is_within(&two));
        assert!(two.is_within(&now(&[(1, name), (2, name), (3, id), (4, name), (5, id)])));
        assert!(!two.is_within(&now(&[(2, name), (3, id)])), "somebody is gone");
        assert!(!two.is_within(&now(&[(2, id), (4, id)])), "a field is gone");
        assert!(!two.is_within(&now(&[])));
        assert!(!two.is_within(&decided(ended, &[(2, name), (4, id)])), "another agreement");
        let counted = |count, more| Decided { count, more, ..two.clone() };
        assert!(counted(Some(2), true).is_within(&counted(Some(3), true)));
        assert!(!counted(Some(3), false).is_within(&counted(Some(2), false)), "who was counted");
        assert!(!counted(Some(1), false).is_within(&counted(None, false)));
        assert!(!counted(None, true).is_within(&counted(None, false)), "who would have followed");
    }

    proptest! {
        #[test]
        fn property_what_is_released_is_the_and_of_every_clause(
            masks in [bits(), bits(), bits()],
            granted in [bits(), bits()],
            asked in [bits(), bits()],
            people in proptest::collection::vec((bits(), bits(), any::<bool>()), 1..8),
            limit in 1_usize..6,
        ) {
            let basis = basis(masks[0], masks[1], masks[2]);
            let grant = grant(&basis, granted[0], granted[1]);
            let people: Vec<_> = people.iter().zip(0..).map(|((open, present, minor), number)| {
                person(number, *open, present.with(FieldId::ID).with(FieldId::FRIENDS), *minor)
            }).collect();
            let friends = Some(FriendsRequest::first(asked[1], limit));
            let request = Request { viewer: asked[0], friends };
            let decided = decide(&basis, &grant, request, Circle(people.clone()), NOW, 7);

            let open = |person: &Candidate| person.settings.open(Route::MyDevice).and(person.present);
            let of_viewer = masks[0].and(granted[0]).and(open(&people[0]));
            let Ok(permitted) = decided else {
                prop_assert!(!of_viewer.contains(FieldId::ID));
                return Ok(());
            };
            let decided = permitted.decided();
            let of_friend = |person: &Candidate| {
                let mask = if person.minor { masks[2] } else { masks[1] };
                let all = asked[1].with(FieldId::ID).and(mask).and(granted[1]).and(open(person));
                all.without(FieldSet::of(FieldId::FRIENDS))
            };
            let listed = of_viewer.contains(FieldId::FRIENDS);
            let visible: Vec<_> = people[1..].iter()
                .filter(|person| listed && of_friend(person).contains(FieldId::ID))
                .collect();
            let shown = visible.len().min(limit);
            prop_assert_eq!(decided.records.len(), 1 + shown);
            prop_assert_eq!(decided.more, visible.len() > limit);
            for (record, person) in decided.records[1..].iter().zip(visible) {
                prop_assert_eq!(record.handle, person.handle);
                prop_assert_eq!(people[record.position].handle, person.handle);
                prop_assert_eq!(record.fields, of_friend(person));
            }
            let named = asked[0].with(FieldId::ID).without(FieldSet::of(FieldId::FRIENDS));
            let expected = named.and(of_viewer);
            let viewer = decided.records[0].fields;
            prop_assert_eq!(viewer.without(FieldSet::of(FieldId::FRIENDS)), expected);
            prop_assert_eq!(viewer.contains(FieldId::FRIENDS), shown > 0);
            prop_assert_eq!((decided.as_of, decided.decided_at), (7, NOW));
            prop_assert_eq!(decided.valid_until, NOW.plus_seconds(30));
        }
    }

    proptest! {
        #[test]
        fn property_pages_meet_in_both_directions_and_ids_find_who_may_be_seen(
            open in proptest::collection::vec(any::<bool>(), 0..20),
            limit in 1_usize..5,
            cursor in 0_u8..24,
            named in proptest::collection::vec(0_u8..24, 0..6),
        ) {
            let everything = basis(FieldSet::ALL, FieldSet::ALL, FieldSet::ALL);
            let grant = grant(&everything, FieldSet::ALL, FieldSet::ALL);
            let open = std::iter::once(true).chain(open).map(|open| if open { FieldSet::ALL } else { FieldSet::EMPTY });
            let people: Vec<_> =
                open.zip(0..).map(|(open, number)| person(number, open, FieldSet::ALL, false)).collect();
            let id = |number| PairwiseId([number; 16]);
            let visible: Vec<PairwiseId> = people[1..].iter()
                .filter(|person| person.settings.open(Route::FriendsDevice).contains(FieldId::ID))
                .map(|person| person.pairwise)
                .collect();
            let ask = |selection| {
                let friends = Some(FriendsRequest { fields: FieldSet::EMPTY, selection });
                let request = Request { viewer: FieldSet::EMPTY, friends };
                let (decided, _) =
                    decide(&everything, &grant, request, Circle(people.clone()), NOW, 0).unwrap().into_parts();
                let ids: Vec<_> = decided.records[1..].iter().map(|record| record.pairwise).collect();
                (ids, decided)
            };
            let page = |from| ask(Selection::Page(Page { from, limit, count: true }));

            let after = visible.partition_point(|id| *id <= PairwiseId([cursor; 16]));
            let (ids, decided) = page(From::After(id(cursor)));
            let end = visible.len().min(after + limit);
            prop_assert_eq!(&ids, &visible[after..end]);
            prop_assert_eq!((decided.previous, decided.more), (after > 0, end < visible.len()));
            prop_assert_eq!(decided.count, (!ids.is_empty()).then_some(visible.len()));
            let nobody = Page { from: From::Start, limit: 0, count: true };
            let (ids, decided) = ask(Selection::Page(nobody));
            prop_assert!(ids.is_empty());
            prop_assert_eq!(decided.count, Some(visible.len()).filter(|count| *count > 0));

            let before = visible.partition_point(|id| *id < PairwiseId([cursor; 16]));
            let (ids, decided) = page(From::Before(id(cursor)));
            let start = before.saturating_sub(limit);
            prop_assert_eq!(&ids, &visible[start..before]);
            prop_assert_eq!((decided.previous, decided.more), (start > 0, before < visible.len()));

            let (ids, decided) = page(From::Start);
            prop_assert_eq!(&ids, &visible[..visible.len().min(limit)]);
            prop_assert_eq!((decided.previous, decided.more), (false, visible.len() > limit));

            let wanted: Vec<_> = named.iter().map(|number| id(*number)).collect();
            let (ids, decided) = ask(Selection::Named(wanted.clone()));
            let expected: Vec<_> =
                visible.iter().copied().filter(|id| wanted.contains(id)).collect();
            prop_assert_eq!(ids, expected);
            prop_assert_eq!((decided.previous, decided.more, decided.count), (false, false, None));
        }
    }

    #[test]
    fn a_stopped_basis_and_a_grant_for_something_else_permit_nothing() {
        let open = basis(FieldSet::ALL, FieldSet::ALL, FieldSet::ALL);
        let good = grant(&open, FieldSet::ALL, FieldSet::ALL);
        let people = || Circle(vec![person(0, FieldSet::ALL, FieldSet::ALL, false)]);
        let request = Request { viewer: FieldSet::EMPTY, friends: None };
        let reason = |basis: &Arc<Basis>, grant: &Grant, now| {
            decide(basis, grant, request.clone(), people(), now, 0)
                .err()
                .map(|refused| refused.reason)
        };
        assert_eq!(reason(&open, &good, NOW), None);
        let stopped = Arc::new(Basis { stopped: Some(Reason::Suspended), ..(*open).clone() });
        assert_eq!(reason(&stopped, &good, NOW), Some(Reason::Suspended));
        assert_eq!(reason(&open, &good, good.until), Some(Reason::Grant));
        let other = Grant { purpose: Identifier::parse("ads").unwrap(), ..good.clone() };
        assert_eq!(reason(&open, &other, NOW), Some(Reason::Grant));
        let other = Grant { client: Identifier::parse("car").unwrap(), ..good };
        assert_eq!(reason(&open, &other, NOW), Some(Reason::Grant));
    }
}
