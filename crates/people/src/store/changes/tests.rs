//! Tests of changes, removals and erasures against a plain model, and of readers while they happen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use countersign_domain::field::FieldId;
use countersign_domain::route::Route;
use countersign_domain::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::store::image_writer::write_next;
use crate::store::layout::image_path;
use crate::store::{Import, NewPerson, People, StoreOptions, Way, told};

const MADE: Made = Made { at: Timestamp::from_seconds(1_000), by: Way::Command };

type Values = BTreeMap<u8, Vec<u8>>;

/// A person as a test thinks of them.
#[derive(Clone, Debug, PartialEq)]
struct Thought {
    values: Values,
    settings: Settings,
    minor: bool,
    removed: bool,
    erased: bool,
    friends: BTreeSet<String>,
}

impl Thought {
    /// Somebody of whom nothing is known.
    fn nobody() -> Self {
        Self {
            values: Values::new(),
            settings: Settings::CLOSED,
            minor: false,
            removed: false,
            erased: false,
            friends: BTreeSet::new(),
        }
    }
}

type Model = BTreeMap<String, Thought>;

#[derive(Clone, Debug)]
enum Op {
    Whole(u8, Values, bool),
    Part(u8, Values, u8),
    Befriend(u8, u8),
    End(u8, u8),
    Friends(u8, BTreeSet<u8>),
    Remove(u8),
    Settings(u8, u128),
    Enrol(Vec<u8>),
    Fold,
    Reopen,
    Rebuild,
    Import(u8),
    Erase(u8),
    /// Everybody who is erased.
    Destroy,
}

fn op() -> impl Strategy<Value = Op> {
    let values = || {
        let value = proptest::collection::vec(any::<u8>(), 0..30);
        proptest::collection::btree_map(2_u8..128, value, 0..5)
    };
    let who = 0_u8..10;
    prop_oneof![
        4 => (who.clone(), values(), any::<bool>()).prop_map(|(w, v, m)| Op::Whole(w, v, m)),
        3 => (who.clone(), values(), 2_u8..128).prop_map(|(w, v, u)| Op::Part(w, v, u)),
        4 => (who.clone(), who.clone()).prop_map(|(a, b)| Op::Befriend(a, b)),
        2 => (who.clone(), who.clone()).prop_map(|(a, b)| Op::End(a, b)),
        2 => (who.clone(), proptest::collection::btree_set(who.clone(), 0..6))
            .prop_map(|(w, f)| Op::Friends(w, f)),
        1 => who.clone().prop_map(Op::Remove),
        2 => (who.clone(), any::<u128>()).prop_map(|(w, s)| Op::Settings(w, s)),
        2 => proptest::collection::vec(who.clone(), 0..5).prop_map(Op::Enrol),
        1 => Just(Op::Fold),
        1 => Just(Op::Reopen),
        1 => Just(Op::Rebuild),
        1 => who.clone().prop_map(Op::Import),
        2 => who.prop_map(Op::Erase),
        1 => Just(Op::Destroy),
    ]
}

fn open(dir: &Path) -> People {
    People::open(dir, StoreOptions::default()).unwrap()
}

fn profile(values: &Values) -> Profile {
    let mut profile = Profile::default();
    for (field, value) in values {
        profile.set(FieldId::new(*field).unwrap(), value);
    }
    profile
}

/// The person of the model, who comes if need be.
fn of(model: &mut Model, who: u8) -> &mut Thought {
    model.entry(who.to_string()).or_insert_with(Thought::nobody)
}

fn befriend(model: &mut Model, one: u8, other: u8) {
    of(model, one).friends.insert(other.to_string());
    of(model, other).friends.insert(one.to_string());
}

fn unfriend(model: &mut Model, one: u8) {
    for friend in std::mem::take(&mut of(model, one).friends) {
        model.get_mut(&friend).unwrap().friends.remove(&one.to_string());
    }
}

/// Whether a change names somebody who is erased, so that it is refused as a whole.
fn is_refused(model: &Model, op: &Op) -> bool {
    let is_erased = |who: &u8| model.get(&who.to_string()).is_some_and(|thought| thought.erased);
    match op {
        Op::Whole(who, ..) | Op::Part(who, ..) | Op::Import(who) | Op::Settings(who, _) => {
            is_erased(who)
        }
        Op::Befriend(one, other) => is_erased(one) || is_erased(other),
        Op::Friends(who, friends) => is_erased(who) || friends.iter().any(is_erased),
        _ => false,
    }
}

fn think(model: &mut Model, op: &Op) {
    match op {
        Op::Erase(who) if model.contains_key(&who.to_string()) => {
            unfriend(model, *who);
            *of(model, *who) = Thought { removed: true, erased: true, ..Thought::nobody() };
        }
        Op::Destroy => model.retain(|_, thought| !thought.erased),
        Op::Whole(who, values, minor) => {
            let thought = of(model, *who);
            (thought.values, thought.minor, thought.removed) = (values.clone(), *minor, false);
        }
        Op::Part(who, values, unset) => {
            let thought = of(model, *who);
            thought.removed = false;
            thought.values.remove(unset);
            thought.values.extend(values.clone());
        }
        Op::Befriend(one, other) if one != other => {
            befriend(model, *one, *other);
            of(model, *one).removed = false;
            of(model, *other).removed = false;
        }
        Op::End(one, other) if one != other => {
            of(model, *one).friends.remove(&other.to_string());
            of(model, *other).friends.remove(&one.to_string());
        }
        Op::Friends(who, friends) => {
            of(model, *who).removed = false;
            unfriend(model, *who);
            for friend in friends.iter().filter(|friend| *friend != who) {
                befriend(model, *who, *friend);
                of(model, *friend).removed = false;
            }
        }
        Op::Remove(who) if model.contains_key(&who.to_string()) => {
            unfriend(model, *who);
            let thought = of(model, *who);
            (thought.values, thought.removed) = (Values::new(), true);
        }
        Op::Settings(who, bits) => {
            let chosen = Settings::CLOSED.with(Route::FriendsApp, FieldSet::from_bits(*bits));
            let thought = of(model, *who);
            // Of somebody who was removed a choice closes, and opens nothing.
            thought.settings = if thought.removed { thought.settings.and(chosen) } else { chosen };
        }
        Op::Enrol(everybody) => everybody.iter().for_each(|who| drop(of(model, *who).clone())),
        Op::Import(who) => {
            let thought = of(model, *who);
            (thought.values, thought.minor, thought.removed) = (Values::new(), false, false);
        }
        _ => {}
    }
}

/// A change that is refused changes nothing.
fn refuse(people: &People, op: &Op) {
    let name = |who: &u8| who.to_string();
    let refused = |outcome: Result<(), StoreError>| {
        assert!(matches!(outcome, Err(StoreError::BeingErased)), "{op:?}");
    };
    let writer = people.writer();
    let mut changes = Changes::begin(&writer, Settings::CLOSED).unwrap();
    match op {
        Op::Whole(who, ..) | Op::Part(who, ..) => refused(changes.living(&name(who)).map(drop)),
        Op::Befriend(one, other) => {
            refused(
                [one, other].into_iter().try_for_each(|who| changes.living(&name(who)).map(drop)),
            );
        }
        Op::Friends(who, friends) => {
            let mut everybody = [who].into_iter().chain(friends);
            refused(everybody.try_for_each(|who| changes.living(&name(who)).map(drop)));
        }
        Op::Settings(who, _) => {
            drop(changes);
            drop(writer);
            let person = people.person_of_account(&name(who)).unwrap().unwrap();
            refused(told::choose(people, person, MADE, Settings::DEFAULT));
        }
        Op::Import(who) => {
            drop(changes);
            drop(writer);
            let importer = people.importer();
            let mut import = Import::begin(&importer, MADE.at).unwrap();
            let (account, profile) = (&*name(who), &mut Profile::default());
            let (minor, settings) = (false, Settings::CLOSED.into());
            refused(import.person(NewPerson { account, minor, settings, profile }).map(drop));
        }
        op => panic!("{op:?} is refused of nobody"),
    }
}

fn act(people: &People, op: &Op) {
    let name = |who: &u8| who.to_string();
    let writer = people.writer();
    let mut changes = Changes::begin(&writer, Settings::CLOSED).unwrap();
    match op {
        Op::Whole(who, values, minor) => {
            let number = changes.living(&name(who)).unwrap();
            let mut profile = profile(values);
            let profile = Some(ProfileUpdate::Whole(&mut profile));
            changes.update(number, Update { minor: Some(*minor), profile }).unwrap();
        }
        Op::Part(who, values, unset) => {
            let number = changes.living(&name(who)).unwrap();
            let (set, unset) = (&profile(values), FieldSet::of(FieldId::new(*unset).unwrap()));
            let profile = Some(ProfileUpdate::Part { set, unset });
            changes.update(number, Update { minor: None, profile }).unwrap();
        }
        Op::Befriend(one, other) if one != other => {
            let [one, other] = [one, other].map(|who| changes.living(&name(who)).unwrap());
            changes.befriend(one, other).unwrap();
        }
        Op::End(one, other) if one != other => {
            let [one, other] = [one, other].map(|who| changes.person(&name(who)).unwrap());
            changes.part(one, other).unwrap();
        }
        Op::Friends(who, friends) => {
            let number = changes.living(&name(who)).unwrap();
            let friends = friends.iter().filter(|friend| *friend != who);
            let friends: Vec<u32> =
                friends.map(|friend| changes.living(&name(friend)).unwrap()).collect();
            changes.set_friends(number, &friends).unwrap();
        }
        Op::Remove(who) => changes.remove(&name(who)).unwrap(),
        _ => {}
    }
    changes.commit().unwrap();
}

/// What is done with the store as a whole.
fn handle_store(people: People, dir: &Path, op: &Op) -> People {
    match op {
        Op::Settings(who, bits) => {
            let [who] = people.enrol([&*who.to_string()], Settings::CLOSED).unwrap()[..] else {
                panic!("one account is one person")
            };
            let own = Settings::CLOSED.with(Route::FriendsApp, FieldSet::from_bits(*bits));
            told::choose(&people, who.handle, MADE, own).unwrap();
        }
        Op::Enrol(everybody) => {
            let names: Vec<String> = everybody.iter().map(u8::to_string).collect();
            let names = names.iter().map(String::as_str);
            let found = people.enrol(names.clone(), Settings::CLOSED).unwrap();
            for (enrolled, name) in found.iter().zip(names) {
                assert_eq!(people.account_of(enrolled.handle).as_deref(), Some(name));
            }
        }
        Op::Fold => {
            people.fold(&mut |_, _| ()).unwrap();
            assert_eq!(people.view().changed_count(), 0);
        }
        Op::Reopen => {
            drop(people);
            return open(dir);
        }
        Op::Rebuild => {
            drop(people);
            crate::store::rebuild_image(dir, StoreOptions::default()).unwrap();
            return open(dir);
        }
        Op::Import(who) => {
            let importer = people.importer();
            let mut import = Import::begin(&importer, MADE.at).unwrap();
            let (account, profile) = (&*who.to_string(), &mut Profile::default());
            let (minor, settings) = (false, Settings::CLOSED.into());
            import.person(NewPerson { account, minor, settings, profile }).unwrap();
            import.commit(&mut |_, _| ()).unwrap();
        }
        Op::Erase(who) => match people.erase(&who.to_string(), MADE) {
            Ok(erasure) => assert_eq!(erasure.account, who.to_string()),
            Err(error) => assert!(matches!(error, StoreError::UnknownPerson), "{error}"),
        },
        Op::Destroy => {
            let erased = people.erasures().unwrap();
            let erased: Vec<_> = erased.iter().map(|erasure| erasure.handle).collect();
            people.destroy(&erased).unwrap();
            assert_eq!(people.compact().unwrap(), !erased.is_empty());
        }
        op => act(&people, op),
    }
    people
}

/// Everybody, as readers see them.
fn seen(people: &People) -> Model {
    let view = people.view();
    let account = |number: u32| view.person(number).unwrap().account().unwrap().to_owned();
    let living = |number: &u32| view.person(*number).unwrap().account().is_some();
    let everybody = (0..view.people_count()).filter(living).map(|number| {
        let person = view.person(number).unwrap();
        assert_eq!(view.number_of(person.handle()), Some(number));
        assert_eq!(
            view.person_at(view.place(number).unwrap()).unwrap().account(),
            person.account()
        );
        let mut values = Values::new();
        person.values(FieldSet::ALL, |field, value| {
            values.insert(field.number() as u8, value.to_vec());
        });
        let friends = person.friends().unwrap();
        assert_eq!(friends.len(), person.friends_count() as usize);
        let thought = Thought {
            values,
            settings: person.settings(),
            minor: person.is_minor(),
            removed: person.is_removed(),
            erased: person.is_erased(),
            friends: friends.map(account).collect(),
        };
        (account(number), thought)
    });
    everybody.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn property_image_and_overlay_read_as_a_plain_model(
        ops in proptest::collection::vec(op(), 1..40)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let (mut people, mut model) = (open(dir.path()), Model::new());
        let (mut handles, mut destroyed) = (BTreeMap::new(), 0);
        for op in &ops {
            if is_refused(&model, op) {
                refuse(&people, op);
                continue;
            }
            let known = model.len();
            think(&mut model, op);
            destroyed += if matches!(op, Op::Destroy) { known - model.len() } else { 0 };
            people = handle_store(people, dir.path(), op);
            handles.retain(|account, _| model.contains_key(account));
            prop_assert_eq!(&seen(&people), &model, "{:?}", op);
            let entries: usize = model.values().map(|thought| thought.friends.len()).sum();
            let counts = people.counts();
            prop_assert_eq!(counts.people, (model.len() + destroyed) as u64);
            prop_assert_eq!(counts.friendships, entries as u64 / 2);
            for account in model.keys() {
                let handle = people.person_of_account(account).unwrap().unwrap();
                prop_assert_eq!(*handles.entry(account.clone()).or_insert(handle), handle);
            }
        }
    }
}

#[test]
fn crash_a_new_image_without_its_commit_is_removed_and_changes_stay() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    act(&people, &Op::Befriend(1, 2));
    let before = seen(&people);
    let txn = people.storage.read().unwrap();
    let (_, name) = write_next(&txn, &mut |_, _| ()).unwrap();
    drop(txn);
    let generation = name.generation;
    // This is where the power goes: the image is on disk, and its generation is not committed.
    drop(people);
    assert!(image_path(dir.path(), generation).exists());
    let people = open(dir.path());
    assert!(!image_path(dir.path(), generation).exists());
    assert_eq!((seen(&people), people.view().changed_count()), (before, 2));
}

#[test]
fn readers_see_whole_people_from_one_commit_while_changes_and_folds_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let people = open(dir.path());
    let rounds: u32 = 120;
    let change = |round: u32| {
        let writer = people.writer();
        let mut changes = Changes::begin(&writer, Settings::DEFAULT).unwrap();
        let [one, other] = ["one", "other"].map(|account| changes.person(account).unwrap());
        for number in [one, other] {
            let mut profile = Profile::default();
            profile.set_value(FieldId::new(2).unwrap(), &round);
            let profile = Some(ProfileUpdate::Whole(&mut profile));
            changes.update(number, Update { minor: Some(round % 2 == 1), profile }).unwrap();
        }
        if round % 2 == 1 {
            changes.befriend(one, other).unwrap();
        } else {
            changes.part(one, other).unwrap();
        }
        changes.commit().unwrap();
    };
    change(0);
    let done = std::sync::atomic::AtomicBool::new(false);
    let is_done = || done.load(std::sync::atomic::Ordering::Relaxed);
    let read = || {
        let mut last = 0;
        while !is_done() {
            let view = people.view();
            let round = |number: u32| {
                let person = view.person(number).unwrap();
                let mut round = String::new();
                person.values(FieldSet::ALL, |_, value| {
                    round = String::from_utf8(value.to_vec()).unwrap();
                });
                let round: u32 = round.parse().unwrap();
                assert_eq!(person.is_minor(), round % 2 == 1);
                assert_eq!(person.friends_count(), round % 2);
                assert_eq!(person.friends().unwrap().len() as u32, round % 2);
                round
            };
            assert_eq!(round(0), round(1));
            assert!(round(0) >= last, "time ran back");
            last = round(0);
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(read);
        threads.spawn(read);
        threads.spawn(|| {
            // A busy machine may give this thread no turn before the rounds are over.
            let mut folds = 0;
            while folds < 3 || !is_done() {
                people.fold(&mut |_, _| ()).unwrap();
                folds += 1;
            }
        });
        (1..=rounds).for_each(change);
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(people.view().image().generation() > 2);
    drop(people);
    assert_eq!(seen(&open(dir.path())).values().next().unwrap().values[&2], b"120");
}
