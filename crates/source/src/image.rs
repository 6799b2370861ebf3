//! The embedded source: answers from the image of the people store.
//!
//! Friends come in the order of their pairwise ids. That order is another one for every partner, so
//! that two partners cannot lay their lists side by side, and a cursor is the last id of a page.
//! Everybody is always looked at: how long it takes must not tell a friend who keeps everything closed
//! from a stranger.

use std::sync::Arc;
use std::time::Instant;

use countersign_domain::decide::Candidate;
use countersign_domain::identifier::Identifier;
use countersign_domain::person::{PairwiseId, Secret};
use countersign_log::guarded::Guarded;
use countersign_people::store::{People, Place, View};
use countersign_protocol::record::pairwise_id;

use super::circle::{Circle, Values};
use super::{Question, SourceError};
use crate::metrics::QuestionMetrics;

/// The source over a store.
#[derive(Clone, Debug)]
pub struct ImageSource {
    people: Arc<People>,
    metrics: QuestionMetrics,
}

impl ImageSource {
    /// The source over this store.
    #[must_use]
    pub fn new(people: Arc<People>) -> Self {
        Self { people, metrics: QuestionMetrics::default() }
    }

    /// What the source counts.
    #[must_use]
    pub const fn metrics(&self) -> &QuestionMetrics {
        &self.metrics
    }

    /// The people that a question is about, with settings as they are this moment.
    ///
    /// # Errors
    /// [`SourceError::UnknownPerson`] when the viewer is nobody; [`SourceError::Damaged`].
    pub fn ask(&self, question: &Question<'_>) -> Result<Guarded<Circle>, SourceError> {
        let began = Instant::now();
        let found = circle(self.people.view(), question).map(Guarded::new);
        self.metrics.answered(began, &found);
        found
    }

    /// Whether there is a person of this account.
    ///
    /// # Errors
    /// [`SourceError::Store`].
    pub fn knows(&self, account: &str) -> Result<bool, SourceError> {
        Ok(self.people.person_of_account(account)?.is_some())
    }
}

/// Somebody who is in the answer, before they are put in order.
#[derive(Clone, Copy)]
struct Chosen {
    pairwise: PairwiseId,
    place: Place,
}

fn circle(view: Arc<View>, question: &Question<'_>) -> Result<Circle, SourceError> {
    let number = view.number_of(question.viewer).ok_or(SourceError::UnknownPerson)?;
    let place = view.place(number).ok_or(SourceError::Damaged)?;
    if view.person_at(place).is_some_and(|viewer| viewer.is_removed()) {
        return Err(SourceError::UnknownPerson);
    }
    let mut secret = Secret([0; 32]);
    let viewer = name(&view, question.partner, &mut secret, place)?;
    let mut friends = match question.friend_fields {
        Some(_) => friends(&view, viewer, question.partner, &mut secret)?,
        None => Vec::new(),
    };
    friends.sort_unstable_by_key(|friend| friend.pairwise);

    let mut candidates = Vec::with_capacity(friends.len() + 1);
    let mut places = Vec::with_capacity(friends.len() + 1);
    for Chosen { pairwise, place } in std::iter::once(viewer).chain(friends) {
        let person = view.person_at(place).ok_or(SourceError::Damaged)?;
        candidates.push(Candidate {
            handle: person.handle(),
            pairwise,
            settings: person.settings(),
            present: person.present(),
            minor: person.is_minor(),
        });
        places.push(place);
    }
    Ok(Circle { candidates, values: Values::Image { view, places } })
}

/// The viewer's friends, in no order.
fn friends(
    view: &View,
    viewer: Chosen,
    partner: &Identifier,
    secret: &mut Secret,
) -> Result<Vec<Chosen>, SourceError> {
    let person = view.person_at(viewer.place).ok_or(SourceError::Damaged)?;
    let numbers = person.friends().ok_or(SourceError::Damaged)?;
    let mut places = Vec::with_capacity(numbers.len());
    for number in numbers {
        places.push(view.place(number).ok_or(SourceError::Damaged)?);
    }
    view.touch(places.iter().copied());
    places.into_iter().map(|place| name(view, partner, secret, place)).collect()
}

fn name(
    view: &View,
    partner: &Identifier,
    secret: &mut Secret,
    place: Place,
) -> Result<Chosen, SourceError> {
    view.person_at(place).ok_or(SourceError::Damaged)?.secret_into(secret);
    Ok(Chosen { pairwise: pairwise_id(secret, partner), place })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use countersign_domain::field::{FieldId, FieldSet};
    use countersign_domain::person::Handle;
    use countersign_domain::route::Route;
    use countersign_domain::settings::Settings;
    use countersign_domain::time::Timestamp;
    use countersign_log::guarded::Profiles as _;
    use proptest::prelude::*;

    use super::*;
    use countersign_people::store::{
        Import, LogMark, Logged, Made, NewPerson, Profile, SettledConsent, StoreError,
        StoreOptions, Way,
    };

    const MADE: Made = Made { at: Timestamp::from_seconds(1_000), by: Way::Command };

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
        let importer = people.importer();
        let mut import = Import::begin(&importer, MADE.at).unwrap();
        for (thought, number) in thoughts.iter().zip(0_u32..) {
            let mut profile = Profile::default();
            for (field, value) in thought.values.iter().rev() {
                profile.set(FieldId::new(*field).unwrap(), value);
            }
            let settings = Settings::from_sets(thought.settings.map(FieldSet::from_bits)).into();
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
        drop(importer);
        Arc::new(people)
    }

    fn circle_of(people: &People, viewer: Handle, friends: bool) -> Circle {
        let partner = Identifier::parse("aurora").unwrap();
        let friend_fields = friends.then_some(FieldSet::ALL);
        let question =
            Question { viewer, partner: &partner, viewer_fields: FieldSet::ALL, friend_fields };
        circle(people.view(), &question).unwrap()
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
            let circle = circle_of(&people, viewer, true);
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
    fn friends_come_in_the_order_of_their_ids() {
        let dir = tempfile::tempdir().unwrap();
        let people = store(dir.path(), &empty(30));
        let viewer = handle(&people, "7");
        let all = circle_of(&people, viewer, true);
        let ids: Vec<PairwiseId> = all.candidates().iter().skip(1).map(|c| c.pairwise).collect();
        assert_eq!(ids.len(), 29);
        assert!(ids.is_sorted());
        // The viewer is no friend of theirs.
        assert!(!ids.contains(&all.candidates()[0].pairwise));
        assert_eq!(circle_of(&people, viewer, false).candidates(), &all.candidates()[..1]);
    }

    #[test]
    fn changed_settings_show_in_the_next_question_and_after_opening_and_importing_again() {
        let dir = tempfile::tempdir().unwrap();
        let people = store(dir.path(), &empty(3));
        let (viewer, friend) = (handle(&people, "0"), handle(&people, "1"));
        let opened = Settings::CLOSED.with(Route::FriendsDevice, FieldSet::of(FieldId::ID));
        let seen = |people: &People| {
            let circle = circle_of(people, viewer, true);
            let of = |handle| move |candidate: &&Candidate| candidate.handle == handle;
            circle.candidates().iter().find(of(friend)).unwrap().settings
        };
        assert_eq!(seen(&people), Settings::CLOSED);
        people.choose_settings(friend, MADE, |_| Ok::<_, StoreError>(opened)).unwrap();
        assert_eq!(seen(&people), Settings::CLOSED, "the log does not have it");
        let consent = SettledConsent { handle: friend, number: 1, receipt: None };
        let logged = Logged { mark: LogMark { stream: [1; 16], entries: 1 }, time: MADE.at };
        people.settled(&[consent], logged).unwrap();
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
        let viewer_fields = FieldSet::ALL;
        let question = Question { viewer, partner: &partner, viewer_fields, friend_fields: None };
        assert!(matches!(source.ask(&question), Err(SourceError::UnknownPerson)));
    }
}
