//! What every source does alike, whatever is behind it. A source joins by implementing [`Platform`] and one
//! line of `conforms!`, in a file whose name says what it stands on: the tests are named after it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use countersign_domain::field::{FieldId, FieldSet};
use countersign_domain::identifier::Identifier;
use countersign_domain::person::Handle;
use countersign_domain::preset::Preset;
use countersign_domain::route::Route;
use countersign_domain::settings::Settings;
use countersign_log::Log;
use countersign_people::store::People;
use countersign_source::image::ImageSource;
use countersign_source::{Question, Source, SourceError};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::World;
use crate::support::people::{self, Kind};
use crate::support::source_opened::{Seen, open};
use crate::support::source_people::{ALONE, MINOR, Network, STRANGER, VIEWER};

/// A platform that has people, and a source that asks it.
pub(crate) trait Platform: Sized + Sync {
    /// Whether values come as the bytes that the platform has. If not, they are the same JSON.
    const KEEPS_BYTES: bool;

    /// A platform with these people. Whom `store` does not know yet starts with [`everything_open`].
    fn build(network: &Network, store: &Arc<People>, folder: &Path) -> Self;

    /// The source.
    fn source(&self) -> &Source;

    /// From now on the platform has these people.
    fn change(&self, network: &Network, store: &Arc<People>, folder: &Path);

    /// Makes the platform fail so, or well again; `false` if it cannot fail so.
    fn fail(&self, fault: Option<Fault>) -> bool;

    /// Lets questions wait at the platform until the guard is dropped, if any can wait there. The guard
    /// tells when one does.
    fn hold(&self) -> Option<Box<dyn Held + '_>>;
}

/// Questions wait while this is there.
pub(crate) trait Held {
    /// Whether a question waits.
    fn is_waited_for(&self) -> bool;
}

/// How a platform can fail.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// Nobody answers.
    Down,
    /// The answer takes longer than it may.
    Slow,
    /// The answer ends in its middle.
    Truncated,
    /// The answer is not of the form that it should have.
    WrongForm,
    /// A value is JSON that not every reader takes.
    UnsoundValue,
    /// A friend stands there twice.
    PersonTwice,
    /// The viewer is their own friend.
    OwnFriend,
    /// The answer is about another viewer.
    AnotherViewer,
}

impl Fault {
    pub(crate) const ALL: [Self; 8] = [
        Self::Down,
        Self::Slow,
        Self::Truncated,
        Self::WrongForm,
        Self::UnsoundValue,
        Self::PersonTwice,
        Self::OwnFriend,
        Self::AnotherViewer,
    ];
}

/// The settings with which everything is open.
pub(crate) fn everything_open() -> Settings {
    Settings::from_sets([people::default_schema().all(); 4])
}

/// A platform with its store.
struct Stage<P> {
    platform: P,
    store: Arc<People>,
    log: Log,
    folder: TempDir,
    runtime: tokio::runtime::Runtime,
}

impl<P: Platform> Stage<P> {
    fn new(network: &Network) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = World::founded_in(folder.path());
        let (store, log) = (world.people(), world.log());
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let platform = P::build(network, &store, folder.path());
        for account in [VIEWER, ALONE] {
            store.enrol([account], everything_open()).unwrap();
        }
        Self { platform, store, log, folder, runtime }
    }

    fn handle(&self, account: &str) -> Handle {
        self.store.person_of_account(account).unwrap().unwrap()
    }

    fn change(&self, network: &Network) {
        self.platform.change(network, &self.store, self.folder.path());
    }

    fn try_ask(
        &self,
        viewer: Handle,
        partner: &str,
        fields: Option<FieldSet>,
    ) -> Result<Vec<Seen>, SourceError> {
        let partner = Identifier::parse(partner).unwrap();
        let viewer_fields = fields.unwrap_or(FieldSet::ALL);
        let question = Question { viewer, partner: &partner, viewer_fields, friend_fields: fields };
        self.runtime.block_on(async {
            let people = self.platform.source().ask(&question).await?;
            Ok(open(people, &self.store, &self.log).await)
        })
    }

    fn ask(&self, viewer: &str) -> Vec<Seen> {
        self.try_ask(self.handle(viewer), "aurora", Some(FieldSet::ALL)).unwrap()
    }
}

fn accounts(seen: &[Seen]) -> BTreeSet<&str> {
    let accounts: BTreeSet<_> = seen.iter().map(|person| person.account.as_str()).collect();
    assert_eq!(accounts.len(), seen.len(), "somebody is there twice");
    accounts
}

fn names(seen: &[Seen]) -> Vec<(&str, &str)> {
    seen.iter().map(|one| (one.account.as_str(), one.pairwise.as_str())).collect()
}

/// Values as every reader of JSON has them, or byte by byte.
fn values<P: Platform>(values: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let one = |(name, value): (&String, &String)| {
        let mut parsed: Value = serde_json::from_str(value).unwrap();
        parsed.sort_all_objects();
        (name.clone(), if P::KEEPS_BYTES { value.clone() } else { parsed.to_string() })
    };
    values.iter().map(one).collect()
}

pub(crate) fn the_viewer_comes_first_then_all_friends_once_in_the_order_of_their_ids<
    P: Platform,
>() {
    let network = Network::of_all_kinds();
    let stage = Stage::<P>::new(&network);
    let seen = stage.ask(VIEWER);
    let (viewer, friends) = seen.split_first().unwrap();
    assert_eq!(viewer.account, VIEWER);
    assert_eq!(accounts(friends), network.friends_of(VIEWER).into_iter().collect());
    assert!(friends.is_sorted_by_key(|friend| friend.pairwise.as_str()));
    assert!(!accounts(&seen).contains(STRANGER));
}

pub(crate) fn partners_see_other_ids_in_another_order<P: Platform>() {
    let stage = Stage::<P>::new(&Network::of_all_kinds());
    let (viewer, all) = (stage.handle(VIEWER), Some(FieldSet::ALL));
    let of = |partner| stage.try_ask(viewer, partner, all).unwrap();
    let (one, other) = (of("aurora"), of("clover"));
    let ids = |seen: &[Seen]| seen.iter().map(|one| one.pairwise.clone()).collect::<BTreeSet<_>>();
    assert!(ids(&one).is_disjoint(&ids(&other)));
    assert_eq!(accounts(&one), accounts(&other));
    let order = |seen: &[Seen]| seen.iter().map(|one| one.account.clone()).collect::<Vec<_>>();
    assert_ne!(order(&one), order(&other));
    assert_eq!(names(&one), names(&of("aurora")), "the same partner sees the same ids");
}

pub(crate) fn values_are_those_that_the_platform_has<P: Platform>() {
    let network = Network::of_all_kinds();
    let stage = Stage::<P>::new(&network);
    for person in stage.ask(VIEWER) {
        let expected = network.find(&person.account).unwrap();
        assert_eq!(values::<P>(&person.values), values::<P>(&expected.present()));
        let mut present: BTreeSet<String> = expected.present().into_keys().collect();
        present.extend(["id".to_owned(), "friends".to_owned()]);
        assert_eq!(person.present.into_iter().collect::<BTreeSet<_>>(), present);
        assert_eq!(person.minor, person.account == MINOR);
    }
}

pub(crate) fn a_viewer_without_friends_is_alone<P: Platform>() {
    let stage = Stage::<P>::new(&Network::of_all_kinds());
    let seen = stage.ask(ALONE);
    assert_eq!(accounts(&seen), BTreeSet::from([ALONE]));
    assert_eq!(seen[0].values["name"], "\"the name of 3\"");
}

pub(crate) fn five_thousand_friends_are_all_there<P: Platform>() {
    let network = Network::of_friends(5_000);
    let stage = Stage::<P>::new(&network);
    let seen = stage.ask(VIEWER);
    assert_eq!(seen.len(), 5_001);
    assert_eq!(accounts(&seen[1..]), network.friends_of(VIEWER).into_iter().collect());
    assert!(seen.iter().all(|person| person.values.contains_key("name")));
}

pub(crate) fn a_question_about_the_viewer_is_about_nobody_else<P: Platform>() {
    let stage = Stage::<P>::new(&Network::of_all_kinds());
    let seen = stage.try_ask(stage.handle(VIEWER), "aurora", None).unwrap();
    assert_eq!(accounts(&seen), BTreeSet::from([VIEWER]));
    assert_eq!(seen[0], stage.ask(VIEWER)[0]);
}

pub(crate) fn nobody_is_an_error<P: Platform>() {
    let stage = Stage::<P>::new(&Network::of_all_kinds());
    let asked = stage.try_ask(Handle([9; 16]), "aurora", Some(FieldSet::ALL));
    assert!(matches!(asked, Err(SourceError::UnknownPerson)), "{asked:?}");
}

pub(crate) fn settings_changed_between_two_questions_are_in_the_second<P: Platform>() {
    let stage = Stage::<P>::new(&Network::of_all_kinds());
    assert!(stage.ask(VIEWER).iter().all(|person| person.settings == everything_open()));
    let opened = Settings::CLOSED.with(Route::FriendsDevice, FieldSet::of(FieldId::ID));
    people::set_settings(&stage.store, stage.handle("bob"), opened);
    for person in stage.ask(VIEWER) {
        let expected = if person.account == "bob" { opened } else { everything_open() };
        assert_eq!(person.settings, expected, "{}", person.account);
    }
}

pub(crate) fn settings_changed_while_a_question_is_under_way_count<P: Platform>() {
    let stage = Stage::<P>::new(&Network::of_all_kinds());
    stage.ask(VIEWER);
    let Some(held) = stage.platform.hold() else {
        // Nothing can come between: the question is answered in one go.
        return;
    };
    std::thread::scope(|threads| {
        let asking = threads.spawn(|| stage.ask(VIEWER));
        crate::support::eventually("a question waits", || held.is_waited_for());
        people::set_settings(&stage.store, stage.handle("bob"), Settings::CLOSED);
        drop(held);
        let seen = asking.join().unwrap();
        let bob = seen.iter().find(|person| person.account == "bob").unwrap();
        assert_eq!(bob.settings, Settings::CLOSED);
        assert!(bob.values.is_empty(), "what was closed meanwhile is not released");
    });
}

pub(crate) fn a_friend_who_was_removed_is_gone<P: Platform>() {
    let network = Network::of_all_kinds();
    let stage = Stage::<P>::new(&network);
    let before = stage.ask(VIEWER);
    stage.change(&network.without_friendship("bob", VIEWER));
    let after = stage.ask(VIEWER);
    let kept: Vec<_> = before.into_iter().filter(|person| person.account != "bob").collect();
    assert_eq!(after, kept);
}

pub(crate) fn the_people_are_the_same_whatever_fields_are_asked_for<P: Platform>() {
    let stage = Stage::<P>::new(&Network::of_all_kinds());
    let (viewer, all) = (stage.handle(VIEWER), stage.ask(VIEWER));
    for fields in [FieldSet::EMPTY, FieldSet::of(FieldId::ID), FieldSet::of(FieldId::FRIENDS)] {
        let seen = stage.try_ask(viewer, "aurora", Some(fields)).unwrap();
        let closed = |people: &[Seen]| {
            let facts = people.iter().map(|one| (one.account.clone(), one.minor, one.settings));
            facts.collect::<Vec<_>>()
        };
        assert_eq!((names(&seen), closed(&seen)), (names(&all), closed(&all)));
    }
}

pub(crate) fn whoever_closed_everything_is_looked_at_like_anybody<P: Platform>() {
    let network = Network::of_all_kinds();
    let stage = Stage::<P>::new(&network);
    let open = stage.ask(VIEWER);
    people::set_settings(&stage.store, stage.handle("bob"), Settings::CLOSED);
    let closed = stage.ask(VIEWER);
    assert_eq!(names(&closed), names(&open), "the friend is still a candidate");
    let bob = |seen: &[Seen]| seen.iter().find(|person| person.account == "bob").cloned().unwrap();
    let (was, is) = (bob(&open), bob(&closed));
    assert_eq!((is.present, is.minor), (was.present, was.minor));
    assert!(!was.values.is_empty() && is.values.is_empty());
    stage.change(&network.without_friendship("bob", VIEWER));
    let without: Vec<_> =
        names(&open).into_iter().filter(|(account, _)| *account != "bob").collect();
    assert_eq!(names(&stage.ask(VIEWER)), without, "a stranger is not, and changes nothing else");
}

pub(crate) fn a_platform_that_fails_is_a_clear_error<P: Platform>() {
    let network = Network::of_all_kinds();
    let stage = Stage::<P>::new(&network);
    let before = stage.ask(VIEWER);
    for fault in Fault::ALL {
        if !stage.platform.fail(Some(fault)) {
            continue;
        }
        let asked = stage.try_ask(stage.handle(VIEWER), "aurora", Some(FieldSet::ALL));
        let error = match asked {
            Err(error) => error,
            Ok(asked) => {
                // What is wrong with one friend takes that one away, if anybody, and no other.
                let (seen, all) = (names(&asked), names(&before));
                let without = |left_out: &str| {
                    all.iter().filter(|(account, _)| *account != left_out).eq(&seen)
                };
                let is_expected = match fault {
                    Fault::OwnFriend => seen == all,
                    Fault::PersonTwice => seen == all || without("bob"),
                    // One of a document or page, which are some.
                    Fault::UnsoundValue => {
                        let there = all.iter().filter(|one| seen.contains(one));
                        let is_less = seen.len() < all.len() && seen.len() * 2 > all.len();
                        seen[0] == all[0] && is_less && there.eq(&seen)
                    }
                    _ => false,
                };
                assert!(is_expected, "{fault:?}: {seen:?}");
                assert!(stage.platform.fail(None));
                continue;
            }
        };
        let is_expected = match fault {
            Fault::Down | Fault::Truncated => matches!(error, SourceError::Unavailable { .. }),
            Fault::Slow => matches!(error, SourceError::Late { .. }),
            _ => matches!(error, SourceError::Nonsense { .. } | SourceError::Misconfigured { .. }),
        };
        assert!(is_expected, "{fault:?}: {error:?}");
        let said = format!("{error} {error:?}");
        let told = |somebody: &crate::support::source_people::Somebody| {
            // Short accounts are parts of other words.
            somebody.account.len() > 6 && said.contains(&somebody.account)
        };
        assert!(!network.people.iter().any(told) && !said.contains("the name of"), "{said}");
        assert!(stage.platform.fail(None));
        assert_eq!(stage.ask(VIEWER), before, "after {fault:?}");
    }
}

/// Runs the suite on a platform.
macro_rules! conforms {
    ($source:ident, $platform:ty) => {
        conforms!($source, $platform,
            the_viewer_comes_first_then_all_friends_once_in_the_order_of_their_ids
            partners_see_other_ids_in_another_order
            values_are_those_that_the_platform_has
            a_viewer_without_friends_is_alone
            five_thousand_friends_are_all_there
            a_question_about_the_viewer_is_about_nobody_else
            nobody_is_an_error
            settings_changed_between_two_questions_are_in_the_second
            settings_changed_while_a_question_is_under_way_count
            a_friend_who_was_removed_is_gone
            the_people_are_the_same_whatever_fields_are_asked_for
            whoever_closed_everything_is_looked_at_like_anybody
            a_platform_that_fails_is_a_clear_error
        );
    };
    ($source:ident, $platform:ty, $($property:ident)+) => {
        mod $source {
            $(
                #[test]
                fn $property() {
                    $crate::source::conformance::$property::<$platform>();
                }
            )+
        }
    };
}

pub(crate) use conforms;

/// The embedded source.
struct Image(Source);

impl Platform for Image {
    const KEEPS_BYTES: bool = true;

    fn build(network: &Network, store: &Arc<People>, folder: &Path) -> Self {
        let image = Self(Source::Image(ImageSource::new(Arc::clone(store))));
        image.change(network, store, folder);
        image
    }

    fn source(&self) -> &Source {
        &self.0
    }

    fn change(&self, network: &Network, store: &Arc<People>, folder: &Path) {
        let path = folder.join("people.jsonl");
        std::fs::write(&path, network.to_lines()).unwrap();
        people::import(Kind::Jsonl, &path, store, Preset::Open).unwrap();
    }

    fn fail(&self, _: Option<Fault>) -> bool {
        false
    }

    fn hold(&self) -> Option<Box<dyn Held + '_>> {
        None
    }
}

conforms!(image, super::Image);
conforms!(http_listed_in_batches, crate::source::http::Batches);
conforms!(http_listed_one_by_one, crate::source::http::OneByOne);
conforms!(http_listed_whole_by_offset, crate::source::http::WholeByOffset);
conforms!(http_embedded_accounts, crate::source::http::EmbeddedAccounts);
conforms!(http_embedded_people, crate::source::http::EmbeddedPeople);
