//! Changes of people one by one: one transaction, and readers see them over the image, all at once.
//!
//! Friendship is mutual: whatever changes one list here changes the other one too.

use std::collections::{BTreeSet, HashSet};

use countersign_domain::field::FieldSet;
use countersign_domain::person::Handle;
use countersign_domain::preset::Preset;
use countersign_domain::settings::Settings;

use heed::RwTxn;

use super::choice::Choice;
use super::error::StoreError;
use super::history::{self, Made};
use super::lmdb::People;
use super::outbox::Holds;
use super::record::{self, Profile, Record};
use super::writing::{Known, Writing};
use super::{grants, legacy};

/// Changes that have begun. Dropped, they leave no trace.
pub struct Changes<'p> {
    writing: Writing<'p>,
    /// What new people begin with.
    beginning: Choice,
    touched: BTreeSet<u32>,
    /// Those whose grants and history end.
    removed: HashSet<Handle>,
    profile: Profile,
}

/// What changes about a person. What it does not say stays.
#[derive(Debug, Default)]
pub struct Update<'a> {
    /// Whether they are a minor.
    pub minor: Option<bool>,
    /// Their profile.
    pub profile: Option<ProfileUpdate<'a>>,
}

/// What changes about a profile.
#[derive(Debug)]
pub enum ProfileUpdate<'a> {
    /// This one takes the place of what was there.
    Whole(&'a mut Profile),
    /// Some fields alone.
    Part {
        /// New values.
        set: &'a Profile,
        /// Fields that have no value any more.
        unset: FieldSet,
    },
}

impl<'p> Changes<'p> {
    pub(super) fn begin(people: &'p People, beginning: Choice) -> Result<Self, StoreError> {
        Ok(Self {
            writing: Writing::begin(people)?,
            beginning,
            touched: BTreeSet::new(),
            removed: HashSet::new(),
            profile: Profile::default(),
        })
    }

    /// The last sequence of the change feed that was applied; zero before the first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn sequence(&self) -> Result<u64, StoreError> {
        let feed = self.writing.people.databases.feed(&self.writing.txn);
        feed.map_err(|e| self.writing.failed(e))
    }

    /// Says up to which sequence the change feed is applied.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn set_sequence(&mut self, sequence: u64) -> Result<(), StoreError> {
        let people = self.writing.people;
        let put = people.databases.put_feed(&mut self.writing.txn, sequence);
        put.map_err(|e| people.failed(e))
    }

    /// The number of the person of this account, who comes if they were not there: with a handle, a
    /// secret and the settings that people begin with, without a profile and friends.
    ///
    /// # Errors
    /// [`StoreError::AccountLength`], [`StoreError::TooManyPeople`], [`StoreError::Full`], …
    pub fn person(&mut self, account: &str) -> Result<u32, StoreError> {
        if let Some(number) = self.writing.number_of(account)? {
            return Ok(number);
        }
        let number = self.writing.place(account)?;
        let known = self.writing.fresh(self.beginning.settings)?;
        self.writing.mark_new(number, self.beginning)?;
        self.profile.clear();
        self.writing.put(number, account, &known, &mut self.profile, true)?;
        self.touched.insert(number);
        Ok(number)
    }

    /// The number of the person of this account, as [`Changes::person`]; whoever was removed is back.
    ///
    /// # Errors
    /// As [`Changes::person`].
    pub fn living(&mut self, account: &str) -> Result<u32, StoreError> {
        let number = self.person(account)?;
        if self.writing.known(number)?.removed {
            self.put(number, |known, _| known.removed = false)?;
        }
        Ok(number)
    }

    /// Changes what is known of a person.
    ///
    /// # Errors
    /// [`StoreError::ProfileTooLarge`], [`StoreError::Full`], …
    pub fn update(&mut self, number: u32, update: Update<'_>) -> Result<(), StoreError> {
        self.put(number, |known, profile| {
            known.minor = update.minor.unwrap_or(known.minor);
            match update.profile {
                None => {}
                Some(ProfileUpdate::Whole(whole)) => std::mem::swap(profile, whole),
                Some(ProfileUpdate::Part { set, unset }) => {
                    profile.unset(unset);
                    profile.merge(set);
                }
            }
        })
    }

    /// Makes two people friends of each other.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn befriend(&mut self, one: u32, other: u32) -> Result<(), StoreError> {
        self.list(one, other)?;
        self.list(other, one)
    }

    /// Ends a friendship, if there is one.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn part(&mut self, one: u32, other: u32) -> Result<(), StoreError> {
        self.unlist(one, other)?;
        self.unlist(other, one)
    }

    /// Ends a friendship between the people of these accounts, if both are there.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn part_accounts(&mut self, one: &str, other: &str) -> Result<(), StoreError> {
        match (self.writing.number_of(one)?, self.writing.number_of(other)?) {
            (Some(one), Some(other)) => self.part(one, other),
            _ => Ok(()),
        }
    }

    /// Makes these people, and nobody else, the friends of a person.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn set_friends(&mut self, number: u32, friends: &[u32]) -> Result<(), StoreError> {
        let mut friends = friends.to_vec();
        friends.sort_unstable();
        friends.dedup();
        let before = self.writing.friends_of(number)?;
        if friends == before {
            return Ok(());
        }
        let is_in = |list: &[u32], person: &u32| list.binary_search(person).is_ok();
        for former in before.iter().filter(|former| !is_in(&friends, former)) {
            self.unlist(*former, number)?;
        }
        for new in friends.iter().filter(|new| !is_in(&before, new)) {
            self.list(*new, number)?;
        }
        self.touched.insert(number);
        self.writing.set_friends(number, &friends)
    }

    /// Removes the person of this account, if there is one: profile, friendships, grants and history go;
    /// handle, secret and settings stay until erasure.
    ///
    /// # Errors
    /// [`StoreError::Database`], [`StoreError::Full`].
    pub fn remove(&mut self, account: &str) -> Result<(), StoreError> {
        let Some(number) = self.writing.number_of(account)? else { return Ok(()) };
        self.set_friends(number, &[])?;
        self.removed.insert(self.writing.known(number)?.handle);
        self.put(number, |known, profile| {
            known.removed = true;
            profile.clear();
        })
    }

    /// What the person of this number chose, or began with.
    pub(super) fn settings(&self, number: u32) -> Result<Settings, StoreError> {
        Ok(self.writing.known(number)?.settings)
    }

    /// Remembers what the person of this number chose, where `before` was chosen before, and lets
    /// `in_force` hold: all of it, or what may until the log has it. The number of the choice, unless nothing
    /// changes: then it is the person's own all the same.
    pub(super) fn choose(
        &mut self,
        number: u32,
        [before, in_force]: [Settings; 2],
        own: Choice,
        made: Made,
        holds: Holds,
    ) -> Result<Option<u64>, StoreError> {
        let (people, handle) = (self.writing.people, self.writing.known(number)?.handle);
        self.put_own(number, in_force)?;
        self.mark(number, own.preset.filter(|_| in_force == own.settings))?;
        let Some(record) = history::of_settings(before, own.settings, own.preset, made) else {
            return Ok(None);
        };
        let txn = &mut self.writing.txn;
        let chosen = history::append(&people.databases, txn, handle, &record, holds);
        chosen.map(Some).map_err(|e| people.failed(e))
    }

    /// Lets these settings of the person of this number hold, which are their own.
    pub(super) fn put_in_force(&mut self, number: u32, choice: Choice) -> Result<(), StoreError> {
        self.put_own(number, choice.settings)?;
        self.mark(number, choice.preset)
    }

    fn put_own(&mut self, number: u32, settings: Settings) -> Result<(), StoreError> {
        let mut bytes = self.writing.record(number)?.to_vec();
        record::put_own_settings(&mut bytes, settings);
        self.touched.insert(number);
        self.writing.put_bytes(number, &bytes)
    }

    fn mark(&mut self, number: u32, preset: Option<Preset>) -> Result<(), StoreError> {
        let people = self.writing.people;
        let marked = legacy::mark(&people.databases, &mut self.writing.txn, number, preset);
        marked.map_err(|e| people.failed(e))
    }

    /// The transaction, to read in.
    pub(super) fn txn(&self) -> &RwTxn<'p> {
        &self.writing.txn
    }

    /// The transaction, to write in.
    pub(super) const fn txn_mut(&mut self) -> &mut RwTxn<'p> {
        &mut self.writing.txn
    }

    /// Makes all of it durable, and seen by the very next reader.
    ///
    /// # Errors
    /// [`StoreError`]; then nothing has changed.
    pub fn commit(mut self) -> Result<(), StoreError> {
        self.forget_removed()?;
        let Self { mut writing, touched, .. } = self;
        let people = writing.people;
        let stamp = people.databases.put_changed(&mut writing.txn, touched.iter().copied());
        let stamp = stamp.map_err(|e| people.failed(e))?;
        let changed = touched
            .into_iter()
            .map(|number| Ok((number, people.changed(&writing.txn, number, stamp)?)))
            .collect::<Result<Vec<_>, StoreError>>()?;
        let writer = writing.commit()?;
        people.show_changed(changed);
        drop(writer);
        Ok(())
    }

    /// Reads a record, changes it, and puts it back.
    fn put(
        &mut self,
        number: u32,
        change: impl FnOnce(&mut Known, &mut Profile),
    ) -> Result<(), StoreError> {
        let mut known = self.writing.known(number)?;
        let damaged = || self.writing.people.damaged("a person");
        let record = Record::parse(self.writing.record(number)?).ok_or_else(damaged)?;
        let account = record.account().ok_or_else(damaged)?.to_owned();
        self.profile.clear();
        let profile = &mut self.profile;
        record.values(FieldSet::ALL, |field, value| profile.set(field, value));
        change(&mut known, profile);
        self.touched.insert(number);
        self.writing.put(number, &account, &known, profile, false)
    }

    /// Puts a friend into a person's list.
    fn list(&mut self, number: u32, friend: u32) -> Result<(), StoreError> {
        let mut friends = self.writing.friends_of(number)?;
        let Err(at) = friends.binary_search(&friend) else { return Ok(()) };
        friends.insert(at, friend);
        self.touched.insert(number);
        self.writing.set_friends(number, &friends)
    }

    /// Takes a friend out of a person's list.
    fn unlist(&mut self, number: u32, friend: u32) -> Result<(), StoreError> {
        let mut friends = self.writing.friends_of(number)?;
        let Ok(at) = friends.binary_search(&friend) else { return Ok(()) };
        friends.remove(at);
        self.touched.insert(number);
        self.writing.set_friends(number, &friends)
    }

    /// Ends the grants of removed people, and their history with them.
    fn forget_removed(&mut self) -> Result<(), StoreError> {
        let people = self.writing.people;
        for person in &self.removed {
            let forgotten = grants::forget(&people.databases, &mut self.writing.txn, *person);
            forgotten.map_err(|e| people.failed(e))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use countersign_domain::field::FieldId;
    use countersign_domain::route::Route;
    use countersign_domain::time::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::store::opening::image_path;
    use crate::store::{NewPerson, StoreOptions, Way};

    const MADE: Made = Made { at: Timestamp::from_seconds(1_000), by: Way::Command };

    type Values = BTreeMap<u8, Vec<u8>>;

    /// A person as a test thinks of them.
    #[derive(Clone, Debug, PartialEq)]
    struct Thought {
        values: Values,
        settings: Settings,
        minor: bool,
        removed: bool,
        friends: BTreeSet<String>,
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
            1 => who.prop_map(Op::Import),
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
        model.entry(who.to_string()).or_insert_with(|| Thought {
            values: Values::new(),
            settings: Settings::CLOSED,
            minor: false,
            removed: false,
            friends: BTreeSet::new(),
        })
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

    fn think(model: &mut Model, op: &Op) {
        match op {
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
                let open = FieldSet::from_bits(*bits);
                of(model, *who).settings = Settings::CLOSED.with(Route::FriendsApp, open);
            }
            Op::Enrol(everybody) => everybody.iter().for_each(|who| drop(of(model, *who).clone())),
            Op::Import(who) => {
                let thought = of(model, *who);
                (thought.values, thought.minor, thought.removed) = (Values::new(), false, false);
            }
            _ => {}
        }
    }

    fn act(people: &People, op: &Op) {
        let name = |who: &u8| who.to_string();
        let mut changes = people.changes(Settings::CLOSED).unwrap();
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
                people.set_settings(who.handle, MADE, own).unwrap();
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
                let mut import = people.import(MADE.at).unwrap();
                let (account, profile) = (&*who.to_string(), &mut Profile::default());
                let (minor, settings) = (false, Settings::CLOSED.into());
                import.person(NewPerson { account, minor, settings, profile }).unwrap();
                import.commit(&mut |_, _| ()).unwrap();
            }
            op => act(&people, op),
        }
        people
    }

    /// Everybody, as readers see them.
    fn seen(people: &People) -> Model {
        let view = people.view();
        let account = |number: u32| view.person(number).unwrap().account().unwrap().to_owned();
        let everybody = (0..view.people_count()).map(|number| {
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
            let mut handles = BTreeMap::new();
            for op in &ops {
                think(&mut model, op);
                people = handle_store(people, dir.path(), op);
                prop_assert_eq!(&seen(&people), &model, "{:?}", op);
                let entries: usize = model.values().map(|thought| thought.friends.len()).sum();
                let counts = people.counts();
                prop_assert_eq!(counts.people, model.len() as u64);
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
        let (_, generation, _) = people.write_image(&mut |_, _| ()).unwrap();
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
            let mut changes = people.changes(Settings::DEFAULT).unwrap();
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
}
