//! A check that is cut off wherever it may be, and goes on from what it had proved: it comes to the verdict of one that
//! was not, and a log that shows another tree meanwhile is found.

use std::cell::Cell;
use std::path::Path;

use countersign_protocol::witness_policy::Policy;
use countersign_verifier::log_check::{Checked, LogCheck, Question, check_log_in_part};
use countersign_verifier::site::{FolderSite, Site, SiteError};
use countersign_verifier::state::{State, StateError};
use countersign_verifier::verdict::Rule;

use crate::verify_witnesses::policy_text;
use crate::verify_world::{BEGINNING_S, ORIGIN, World, at, failed, log_key, verdict};

/// A site that can be read so many times, and then no more.
struct Failing {
    site: FolderSite,
    reads_left: Cell<u32>,
}

impl Failing {
    fn after(folder: &Path, reads: u32) -> Self {
        Self { site: FolderSite::new(folder), reads_left: Cell::new(reads) }
    }
}

impl Site for Failing {
    fn read(&self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SiteError> {
        let Some(left) = self.reads_left.get().checked_sub(1) else {
            let (path, reason) = (path.to_owned(), "the test has had enough".to_owned());
            return Err(SiteError::Unreadable { path, reason });
        };
        self.reads_left.set(left);
        self.site.read(path, bytes_max)
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, SiteError> {
        self.site.list(folder)
    }
}

/// A check from this state that may read so many files: what it leaves, written and read again.
fn go_on(folder: &Path, state: &State, reads: u32) -> (State, Option<LogCheck>) {
    let key = log_key();
    let question =
        Question { state: Some(state), ..Question::new(&key, at(BEGINNING_S + 3 * 86_400)) };
    let site = Failing::after(folder, reads);
    let (state, whole) = match check_log_in_part(&site, &question, |_| {}) {
        Ok(Checked::Whole(check)) => (check.state.clone(), Some(*check)),
        Ok(Checked::Cut(cut)) => {
            let prefix = cut.prove(&FolderSite::new(folder));
            (prefix.map_or_else(|| state.clone(), |prefix| prefix.state), None)
        }
        Err(_) => (state.clone(), None),
    };
    (State::from_bytes(&state.to_bytes().unwrap(), &key).unwrap(), whole)
}

fn world(size: u64) -> World {
    let mut world = World::governed();
    grow(&mut world, size);
    world
}

fn grow(world: &mut World, size: u64) {
    while world.size() < size {
        world.disclose(|_| {});
    }
}

fn published(world: &World) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    folder
}

/// A state of this log that was cut off behind its first bundles.
fn cut_off(world: &World) -> State {
    let folder = published(world);
    let states = (1..).map(|reads| go_on(folder.path(), &State::new(ORIGIN), reads).0);
    states.into_iter().find(|state| state.size() > 0).unwrap()
}

#[test]
fn a_check_that_is_cut_off_at_every_file_comes_to_the_same_verdict() {
    let mut world = world(700);
    world.disclose(|disclosure| disclosure.friend.push("email".to_owned()));
    grow(&mut world, 1_300);
    let folder = published(&world);
    let expected = verdict(folder.path());
    assert_eq!(expected.failures.len(), 2);
    for reads in 8..40 {
        let (mut state, mut rounds, mut whole) = (State::new(ORIGIN), 0, None);
        while whole.is_none() {
            rounds += 1;
            assert!(rounds < 100, "{reads} reads are not enough");
            let before = state.size();
            (state, whole) = go_on(folder.path(), &state, reads);
            assert!(state.size() >= before);
        }
        let whole = whole.unwrap();
        assert_eq!(failed(&whole.verdict), failed(&expected), "{reads} reads a round");
        assert_eq!(whole.verdict.disclosures, expected.disclosures);
        assert_eq!(whole.state.size(), world.size());
    }
}

#[test]
fn a_tree_that_was_shown_and_not_read_to_its_end_is_not_forgotten() {
    let shown = world(1_300);
    let state = cut_off(&shown);
    let read = state.size();
    assert!(read > 0 && read < 1_300, "{read}");
    // Another one that begins with what was read, and goes on otherwise.
    let mut other = shown.clone();
    other.entries.truncate(usize::try_from(read).unwrap() + 10);
    other.disclose(|disclosure| disclosure.people = 8);
    for size in [1_300, 1_600] {
        let mut other = other.clone();
        grow(&mut other, size);
        let (state, whole) = go_on(published(&other).path(), &state, u32::MAX);
        let whole = whole.unwrap();
        assert_eq!(failed(&whole.verdict), [(Rule::Consistency, None)], "{size}");
        assert_eq!((state.size(), state.lies().len()), (read, 1), "{size}");
    }
    let (_, whole) = go_on(published(&world(1_299)).path(), &state, u32::MAX);
    assert_eq!(failed(&whole.unwrap().verdict), [(Rule::NotShrunk, None)]);
    let mut grown = shown;
    grow(&mut grown, 1_600);
    let (state, whole) = go_on(published(&grown).path(), &state, u32::MAX);
    assert_eq!(failed(&whole.unwrap().verdict), []);
    assert_eq!(state.size(), 1_600);
}

#[test]
fn a_tree_that_does_not_go_on_from_what_was_shown_is_not_kept_in_part() {
    let shown = world(1_300);
    let state = cut_off(&shown);
    let read = state.size();
    // Two bundles more are as they were, and then it goes on otherwise than it was shown to.
    let mut other = shown;
    other.entries.truncate(usize::try_from(read).unwrap() + 600);
    other.disclose(|disclosure| disclosure.people = 8);
    grow(&mut other, 1_600);
    let folder = published(&other);
    let mut cut = 0;
    for reads in 1..60 {
        let (next, whole) = go_on(folder.path(), &state, reads);
        if whole.is_none() {
            cut += 1;
            assert_eq!(next.size(), read, "{reads} reads");
        }
    }
    assert!(cut > 5, "{cut}");
}

#[test]
fn what_no_quorum_cosigned_is_not_kept_in_part() {
    let world = world(1_300);
    let folder = published(&world);
    let (key, policy) = (log_key(), Policy::parse(policy_text().as_bytes()).unwrap());
    let kept = |policy: Option<&Policy>| {
        let state = State::new(ORIGIN);
        let now = at(BEGINNING_S + 3 * 86_400);
        let question = Question { policy, state: Some(&state), ..Question::new(&key, now) };
        (1..40).any(|reads| {
            let site = Failing::after(folder.path(), reads);
            match check_log_in_part(&site, &question, |_| {}) {
                Ok(Checked::Cut(cut)) => cut.prove(&FolderSite::new(folder.path())).is_some(),
                _ => false,
            }
        })
    };
    assert_eq!((kept(None), kept(Some(&policy))), (true, false));
}

#[test]
fn a_state_that_was_cut_off_holds_only_with_its_proof() {
    let state = cut_off(&world(1_300));
    let text = String::from_utf8(state.to_bytes().unwrap()).unwrap();
    let (_, json) = text.split_once('\n').unwrap();
    let mut document: serde_json::Value = serde_json::from_str(json).unwrap();
    document["proof"].as_array_mut().unwrap().pop();
    let json = serde_json::to_vec(&document).unwrap();
    let digest = <sha2::Sha256 as sha2::Digest>::digest(&json);
    let digest = countersign_domain::digest::Digest(digest.into());
    let head = format!("countersign-verify/state 2 {digest}\n");
    let read = State::from_bytes(&[head.as_bytes(), &json].concat(), &log_key());
    assert!(matches!(read, Err(StateError::Tree)), "{read:?}");
}
