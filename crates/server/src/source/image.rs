//! The embedded source: answers from the image of the people store.
//!
//! Friends come in the order of their pairwise ids. That order is another one for every partner, so
//! that two partners cannot lay their lists side by side, and a cursor is the last id of a page.

use std::sync::Arc;

use countersign_domain::decide::Candidate;
use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{PairwiseId, Secret};
use countersign_log::guarded::{Guarded, Profiles};
use countersign_verifier::record::pairwise_id;

use super::{About, Question, SourceError};
use crate::store::{People, Span, View};

/// The source over a store.
#[derive(Clone, Debug)]
pub struct ImageSource {
    people: Arc<People>,
}

impl ImageSource {
    /// The source over this store.
    #[must_use]
    pub const fn new(people: Arc<People>) -> Self {
        Self { people }
    }

    /// The people that a question is about, with settings as they are this moment.
    ///
    /// # Errors
    /// [`SourceError::UnknownPerson`] when the viewer is nobody; [`SourceError::Damaged`].
    pub fn ask(&self, question: &Question<'_>) -> Result<Guarded<Circle>, SourceError> {
        Circle::of(self.people.view(), question).map(Guarded::new)
    }
}

/// The viewer and friends of one question.
pub struct Circle {
    view: Arc<View>,
    candidates: Vec<Candidate>,
    /// Where the data of each candidate lies.
    spans: Vec<Span>,
}

/// Somebody who is in the answer, before they are put in order.
#[derive(Clone, Copy)]
struct Chosen {
    pairwise: PairwiseId,
    number: u32,
    span: Span,
}

impl Circle {
    fn of(view: Arc<View>, question: &Question<'_>) -> Result<Self, SourceError> {
        let number = view.number_of(question.viewer).ok_or(SourceError::UnknownPerson)?;
        let span = view.image().span(number).ok_or(SourceError::Damaged)?;
        let mut secret = Secret([0; 32]);
        let viewer = name(&view, question.partner, &mut secret, number, span)?;
        let mut friends = choose(&view, viewer, question, &mut secret)?;
        friends.sort_unstable_by_key(|friend| friend.pairwise);

        let mut candidates = Vec::with_capacity(friends.len() + 1);
        let mut spans = Vec::with_capacity(friends.len() + 1);
        for Chosen { pairwise, number, span } in std::iter::once(viewer).chain(friends) {
            let person = view.image().person_at(span).ok_or(SourceError::Damaged)?;
            candidates.push(Candidate {
                handle: person.handle(),
                pairwise,
                settings: view.settings(number, &person),
                present: person.present(),
                minor: person.is_minor(),
            });
            spans.push(span);
        }
        Ok(Self { view, candidates, spans })
    }
}

/// The friends that the question is about, in no order.
fn choose(
    view: &View,
    viewer: Chosen,
    question: &Question<'_>,
    secret: &mut Secret,
) -> Result<Vec<Chosen>, SourceError> {
    let is_asked_for = |friend: &Chosen| match question.about {
        About::Viewer => false,
        About::Friends { after } => after.is_none_or(|after| friend.pairwise > after),
        About::Friend(wanted) => friend.pairwise == wanted,
    };
    if question.about == About::Viewer {
        return Ok(Vec::new());
    }
    let image = view.image();
    let person = image.person_at(viewer.span).ok_or(SourceError::Damaged)?;
    let numbers = person.friends().ok_or(SourceError::Damaged)?;
    let mut places = Vec::with_capacity(numbers.len());
    for number in numbers {
        places.push((number, image.span(number).ok_or(SourceError::Damaged)?));
    }
    image.touch(places.iter().map(|(_, span)| *span));

    let named =
        places.into_iter().map(|(number, span)| name(view, question.partner, secret, number, span));
    keep(named, is_asked_for)
}

/// Those who are asked for. It looks at everybody, also after the one who was wanted: how long it takes
/// must not tell a friend who keeps everything closed from a stranger.
fn keep<T, E>(
    everybody: impl Iterator<Item = Result<T, E>>,
    is_asked_for: impl Fn(&T) -> bool,
) -> Result<Vec<T>, E> {
    let (expected, _) = everybody.size_hint();
    let mut kept = Vec::with_capacity(expected);
    for one in everybody {
        let one = one?;
        if is_asked_for(&one) {
            kept.push(one);
        }
    }
    Ok(kept)
}

fn name(
    view: &View,
    partner: &Identifier,
    secret: &mut Secret,
    number: u32,
    span: Span,
) -> Result<Chosen, SourceError> {
    view.image().person_at(span).ok_or(SourceError::Damaged)?.secret_into(secret);
    Ok(Chosen { pairwise: pairwise_id(secret, partner), number, span })
}

impl Profiles for Circle {
    fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    fn values(&self, position: usize, fields: FieldSet, show: impl FnMut(FieldId, &[u8])) {
        let person = self.spans.get(position).and_then(|span| self.view.image().person_at(*span));
        if let Some(person) = person {
            person.values(fields, show);
        }
    }
}

impl std::fmt::Debug for Circle {
    /// How many, not who.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Circle").field("people", &self.candidates.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_domain::field::FieldSet;
    use countersign_domain::person::Handle;
    use countersign_domain::route::Route;
    use countersign_domain::settings::Settings;
    use proptest::prelude::*;

    use super::*;
    use crate::store::{NewPerson, Profile, StoreOptions};

    /// A person as a test thinks of them.
    #[derive(Clone, Debug)]
    struct Thought {
        values: BTreeMap<u8, Vec<u8>>,
        settings: [u128; 4],
        minor: bool,
    }

    fn thought() -> impl Strategy<Value = Thought> {
        let value = proptest::collection::vec(any::<u8>(), 0..40);
        let values = proptest::collection::btree_map(2_u8..128, value, 0..8);
        (values, any::<[u128; 4]>(), any::<bool>()).prop_map(|(values, settings, minor)| Thought {
            values,
            settings,
            minor,
        })
    }

    /// A store in which everybody is a friend of everybody else.
    fn store(dir: &std::path::Path, thoughts: &[Thought]) -> Arc<People> {
        let people = People::open(dir, StoreOptions::default()).unwrap();
        let mut import = people.import().unwrap();
        for (thought, number) in thoughts.iter().zip(0_u32..) {
            let mut profile = Profile::default();
            for (field, value) in thought.values.iter().rev() {
                profile.set(FieldId::new(*field).unwrap(), value);
            }
            let settings = Settings::from_sets(thought.settings.map(FieldSet::from_bits));
            let account = number.to_string();
            let (minor, profile) = (thought.minor, &mut profile);
            import.person(NewPerson { account: &account, minor, settings, profile }).unwrap();
        }
        let everybody: Vec<u32> = (0..thoughts.len() as u32).collect();
        for number in &everybody {
            let friends: Vec<u32> = everybody.iter().copied().filter(|f| f != number).collect();
            import.set_friends(*number, &friends).unwrap();
        }
        import.commit(&mut |_, _| ()).unwrap();
        Arc::new(people)
    }

    fn circle(people: &People, viewer: Handle, about: About) -> Circle {
        let partner = Identifier::parse("aurora").unwrap();
        Circle::of(people.view(), &Question { viewer, partner: &partner, about }).unwrap()
    }

    fn handle(people: &People, account: &str) -> Handle {
        people.person_of_account(account).unwrap().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn property_what_was_written_is_read(
            thoughts in proptest::collection::vec(thought(), 1..12)
        ) {
            let dir = tempfile::tempdir().unwrap();
            let people = store(dir.path(), &thoughts);
            let viewer = handle(&people, "0");
            let circle = circle(&people, viewer, About::Friends { after: None });
            prop_assert_eq!(circle.candidates().len(), thoughts.len());
            prop_assert_eq!(circle.candidates()[0].handle, viewer);
            for (position, candidate) in circle.candidates().iter().enumerate() {
                let account = people.account_of(candidate.handle).unwrap();
                let thought = &thoughts[account.parse::<usize>().unwrap()];
                prop_assert_eq!(candidate.minor, thought.minor);
                prop_assert_eq!(candidate.settings.sets().map(FieldSet::bits), thought.settings);
                let rendered = [FieldId::ID, FieldId::FRIENDS].into_iter().collect::<FieldSet>();
                let mut present = rendered;
                for number in 0..128 {
                    let field = FieldId::new(number).unwrap();
                    let expected = thought.values.get(&number).cloned();
                    let mut shown = None;
                    circle.values(position, FieldSet::of(field), |_, value| shown = Some(value.to_vec()));
                    prop_assert_eq!(&shown, &expected);
                    present = if expected.is_some() { present.with(field) } else { present };
                }
                let mut all = Vec::new();
                circle.values(position, FieldSet::ALL, |field, value| {
                    all.push((field.number() as u8, value.to_vec()));
                });
                prop_assert_eq!(all, thought.values.clone().into_iter().collect::<Vec<_>>());
                prop_assert_eq!(candidate.present, present);
            }
        }
    }

    fn empty(people: usize) -> Vec<Thought> {
        vec![Thought { values: BTreeMap::new(), settings: [0; 4], minor: false }; people]
    }

    #[test]
    fn friends_come_in_the_order_of_their_ids_and_pages_continue_each_other() {
        let dir = tempfile::tempdir().unwrap();
        let people = store(dir.path(), &empty(30));
        let viewer = handle(&people, "7");
        let all = circle(&people, viewer, About::Friends { after: None });
        let ids: Vec<PairwiseId> = all.candidates().iter().skip(1).map(|c| c.pairwise).collect();
        assert_eq!(ids.len(), 29);
        assert!(ids.is_sorted());
        let rest = circle(&people, viewer, About::Friends { after: Some(ids[9]) });
        let rest: Vec<PairwiseId> = rest.candidates().iter().skip(1).map(|c| c.pairwise).collect();
        assert_eq!(rest, ids[10..]);
        let one = circle(&people, viewer, About::Friend(ids[4]));
        assert_eq!(one.candidates().len(), 2);
        assert_eq!(one.candidates()[1], all.candidates()[5]);
        // The viewer is no friend of theirs, and somebody unknown is nobody.
        for id in [all.candidates()[0].pairwise, PairwiseId([0; 16])] {
            assert_eq!(circle(&people, viewer, About::Friend(id)).candidates().len(), 1);
        }
        assert_eq!(circle(&people, viewer, About::Viewer).candidates().len(), 1);
    }

    #[test]
    fn a_search_costs_the_same_whoever_is_found() {
        for wanted in [0, 3, 9, 10] {
            let mut looked_at = 0;
            let everybody = (0..10).inspect(|_| looked_at += 1).map(Ok::<u32, SourceError>);
            let kept = keep(everybody, |one| *one == wanted).unwrap();
            assert_eq!(kept, Vec::from_iter((wanted < 10).then_some(wanted)));
            assert_eq!(looked_at, 10, "it stopped at {wanted}");
        }
    }

    #[test]
    fn changed_settings_show_in_the_next_question_and_after_opening_and_importing_again() {
        let dir = tempfile::tempdir().unwrap();
        let people = store(dir.path(), &empty(3));
        let (viewer, friend) = (handle(&people, "0"), handle(&people, "1"));
        let opened = Settings::CLOSED.with(Route::FriendsDevice, FieldSet::of(FieldId::ID));
        let seen = |people: &People| {
            let circle = circle(people, viewer, About::Friends { after: None });
            let of = |handle| move |candidate: &&Candidate| candidate.handle == handle;
            circle.candidates().iter().find(of(friend)).unwrap().settings
        };
        assert_eq!(seen(&people), Settings::CLOSED);
        people.set_settings(friend, opened).unwrap();
        assert_eq!(seen(&people), opened);
        assert_eq!(people.settings(friend).unwrap(), opened);
        drop(people);
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        assert_eq!(seen(&people), opened);
        drop(people);
        // An import writes a new image and has other settings for the person, who chose their own.
        let people = store(dir.path(), &empty(3));
        assert_eq!(seen(&people), opened);
        drop(people);
        let people = store(dir.path(), &empty(3));
        assert_eq!(seen(&people), opened);
        assert_eq!(handle(&people, "1"), friend);
    }

    #[test]
    fn a_stranger_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let source = ImageSource::new(store(dir.path(), &empty(2)));
        let partner = Identifier::parse("aurora").unwrap();
        let viewer = Handle([9; 16]);
        let question = Question { viewer, partner: &partner, about: About::Viewer };
        assert_eq!(source.ask(&question).map(|_| ()), Err(SourceError::UnknownPerson));
    }
}
