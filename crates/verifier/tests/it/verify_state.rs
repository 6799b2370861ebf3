//! Checks that go on from a kept state: the same verdict as from the start, only new files read, and what does
//! not continue what was kept is named and not forgotten.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::Path;

use countersign_domain::act::{Act, Published, Reinstatement, ReviewOutcome, Subject, Suspension};
use countersign_domain::digest::Digest;
use countersign_domain::key::Signature;
use countersign_protocol::note::NoteKey;
use countersign_verifier::log_check::{LogCheck, Question, check_log};
use countersign_verifier::site::{FolderSite, Site, SiteError};
use countersign_verifier::state::{State, StateError};
use countersign_verifier::verdict::{Rule, Tally, Verdict};
use proptest::prelude::*;

use crate::verify_rules::LIES;
use crate::verify_world::{
    BEGINNING_S, ORIGIN, World, at, build, failed, log_key, name, public_key, review, rules,
};

const NOW_S: u64 = BEGINNING_S + 3 * 86_400;

/// A site that notes which files are read.
pub(crate) struct Counting {
    site: FolderSite,
    read: RefCell<BTreeSet<String>>,
}

impl Counting {
    pub(crate) fn new(folder: &Path) -> Self {
        Self { site: FolderSite::new(folder), read: RefCell::default() }
    }

    pub(crate) fn read_files(&self) -> Vec<String> {
        self.read.take().into_iter().collect()
    }
}

impl Site for Counting {
    fn read(&self, path: &str, bytes_max: u64) -> Result<Option<Vec<u8>>, SiteError> {
        let bytes = self.site.read(path, bytes_max)?;
        if bytes.is_some() {
            self.read.borrow_mut().insert(path.to_owned());
        }
        Ok(bytes)
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, SiteError> {
        self.site.list(folder)
    }
}

/// A check that goes on from this state, which is written and read again on the way.
fn go_on(site: &impl Site, state: &State) -> LogCheck {
    let key = log_key();
    let state = State::from_bytes(&state.to_bytes().unwrap(), &key).unwrap();
    let question = Question { state: Some(&state), ..Question::new(&key, at(NOW_S)) };
    check_log(site, &question, |_| {}).unwrap()
}

fn begin(folder: &Path) -> LogCheck {
    go_on(&FolderSite::new(folder), &State::new(ORIGIN))
}

fn disclosures(world: &mut World, count: u64) {
    for _ in 0..count {
        world.disclose(|_| {});
    }
}

/// A log of 600 entries, and what a check of it leaves.
fn checked() -> (World, tempfile::TempDir, State) {
    let mut world = World::governed();
    disclosures(&mut world, 593);
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    let check = begin(folder.path());
    assert_eq!(check.verdict.failures, []);
    assert_eq!(check.state.size(), 600);
    (world, folder, check.state)
}

#[test]
fn only_what_is_new_is_read() {
    let (mut world, folder, state) = checked();
    let site = Counting::new(folder.path());
    let check = go_on(&site, &state);
    assert_eq!(site.read_files(), ["checkpoint"]);
    assert!(check.verdict.holds() && !check.state.goes_beyond(&state));
    disclosures(&mut world, 10);
    world.publish(folder.path());
    let check = go_on(&site, &state);
    assert!(check.verdict.holds(), "{:#?}", check.verdict.failures);
    let new = ["checkpoint", "tile/0/002.p/98", "tile/1/000.p/2", "tile/entries/002.p/98"];
    assert_eq!(site.read_files(), new);
    assert!(check.verdict.rule_holds(Rule::Consistency));
    assert_eq!((check.verdict.acts, check.verdict.disclosures), (7, 603));
}

#[test]
fn a_lie_in_the_newest_entries_is_found_by_reading_the_new_files_alone() {
    let (mut world, folder, mut state) = checked();
    let site = Counting::new(folder.path());
    let mut read = Vec::new();
    let lie = loop {
        disclosures(&mut world, 300);
        if world.size() > 1_700 {
            break world.disclose(|d| d.friend.push("email".to_owned()));
        }
        world.publish(folder.path());
        let check = go_on(&site, &state);
        assert!(check.verdict.holds());
        read.extend(site.read_files());
        state = check.state;
    };
    world.publish(folder.path());
    let check = go_on(&site, &state);
    let expected = [(Rule::FieldsAgreed, Some(lie)), (Rule::FieldsDeclared, Some(lie))];
    assert_eq!(failed(&check.verdict), expected);
    let new = site.read_files();
    // Three bundles of entries with their tiles, one tile above, and the checkpoint.
    assert_eq!(new.len(), 8, "{new:?}");
    let again: Vec<_> = new.iter().filter(|file| read.contains(file)).collect();
    assert_eq!(again, ["checkpoint"]);
}

#[test]
fn a_decision_that_had_not_seen_what_an_earlier_check_read_is_named() {
    let (mut world, folder, state) = checked();
    world.clock_s += 3;
    let lie = world.disclose(|d| d.as_of -= 1);
    world.publish(folder.path());
    let check = go_on(&FolderSite::new(folder.path()), &state);
    assert_eq!(failed(&check.verdict), [(Rule::AsOfRecent, Some(lie))]);
}

#[test]
fn a_lie_found_once_is_not_forgotten() {
    let (mut world, folder, state) = checked();
    let lie = world.disclose(|d| d.build = name("aurora-home@42"));
    world.publish(folder.path());
    let mut state = go_on(&FolderSite::new(folder.path()), &state).state;
    for _ in 0..2 {
        disclosures(&mut world, 300);
        world.publish(folder.path());
        let check = go_on(&FolderSite::new(folder.path()), &state);
        assert_eq!(failed(&check.verdict), [(Rule::BuildKnown, Some(lie))]);
        state = check.state;
    }
}

/// What a check says of a site with another world in it, and what of the old one put back.
fn replaced(state: &State, other: &World, back: &World) -> [Verdict; 2] {
    let folder = tempfile::tempdir().unwrap();
    other.publish(folder.path());
    let check = go_on(&FolderSite::new(folder.path()), state);
    let folder = tempfile::tempdir().unwrap();
    back.publish(folder.path());
    [check.verdict, go_on(&FolderSite::new(folder.path()), &check.state).verdict]
}

#[test]
fn a_fork_is_named_and_remembered_with_what_was_signed() {
    let (world, _folder, state) = checked();
    for more in [0, 10, 700] {
        let mut fork = world.clone();
        fork.entries.truncate(500);
        fork.disclose(|d| d.records = Digest([9; 32]));
        disclosures(&mut fork, 99 + more);
        let [found, after] = replaced(&state, &fork, &world);
        assert_eq!(failed(&found), [(Rule::Consistency, None)], "{more}");
        assert!(!after.holds() && after.failures.is_empty(), "{more}");
        assert_eq!(after.remembered[0].failure.rule, Rule::Consistency);
        assert_eq!(after.remembered[0].checkpoint, fork.checkpoint());
        assert_eq!(after.remembered[0].at, at(NOW_S));
    }
}

#[test]
fn a_log_that_shrank_is_refused() {
    let (world, _folder, state) = checked();
    let mut shrunk = world.clone();
    shrunk.entries.truncate(599);
    let [found, after] = replaced(&state, &shrunk, &world);
    assert_eq!(failed(&found), [(Rule::NotShrunk, None)]);
    assert!(after.holds(), "an old checkpoint was signed once, and is no lie");
}

#[test]
fn an_old_entry_that_was_rewritten_is_named() {
    let (world, folder, state) = checked();
    let mut rewritten = world.clone();
    let lie = rewritten.entries.len() - 1;
    let mut more = world.clone();
    disclosures(&mut more, 3);
    more.publish(folder.path());
    // In the tree: the log signs another history.
    rewritten.entries.truncate(lie);
    rewritten.disclose(|d| d.records = Digest([9; 32]));
    disclosures(&mut rewritten, 3);
    let [found, _] = replaced(&state, &rewritten, &world);
    assert_eq!(failed(&found), [(Rule::Consistency, None)]);
    // In the bundle alone: the file that is read again for its newest entries.
    let bundle = folder.path().join("tile/entries/002.p/91");
    let mut bytes = std::fs::read(&bundle).unwrap();
    let people = bytes.windows(10).position(|window| window == b"\"people\":4").unwrap();
    bytes[people + 9] = b'8';
    std::fs::write(&bundle, bytes).unwrap();
    let check = go_on(&FolderSite::new(folder.path()), &state);
    assert_eq!(failed(&check.verdict), [(Rule::EntryBundle, Some(512))]);
    assert!(!check.state.goes_beyond(&state), "it goes on once the file is mended");
    more.publish(folder.path());
    let check = go_on(&FolderSite::new(folder.path()), &check.state);
    assert!(check.verdict.holds());
    assert_eq!(check.state.size(), 603);
}

#[test]
fn a_broken_new_file_is_no_second_history() {
    let (mut world, folder, state) = checked();
    disclosures(&mut world, 300);
    world.publish(folder.path());
    std::fs::remove_file(folder.path().join("tile/entries/003.p/132")).unwrap();
    let check = go_on(&FolderSite::new(folder.path()), &state);
    assert_eq!(failed(&check.verdict), [(Rule::Root, None), (Rule::EntryBundle, None)]);
    assert_eq!(check.verdict.remembered, []);
    assert!(check.verdict.rule_holds(Rule::Consistency), "the tiles still prove it");
    assert!(!check.state.goes_beyond(&state));
    // And a document that comes late is not missed for ever.
    let digest = world.document(&rules(&["KP", "SY"]));
    world.act(Act::Rules(Published { digest }), &["reviewer:ann", "reviewer:bob"]);
    world.publish(folder.path());
    let document = folder.path().join(format!("documents/{digest}.json"));
    let bytes = std::fs::read(&document).unwrap();
    std::fs::remove_file(&document).unwrap();
    let check = go_on(&FolderSite::new(folder.path()), &state);
    assert_eq!(failed(&check.verdict), [(Rule::Root, None), (Rule::Document, Some(900))]);
    std::fs::write(&document, bytes).unwrap();
    let check = go_on(&FolderSite::new(folder.path()), &check.state);
    assert!(check.verdict.holds() && check.state.size() == 901);
}

#[test]
fn a_root_of_no_files_is_remembered_from_the_first_check_on() {
    let mut world = World::governed();
    disclosures(&mut world, 20);
    let folder = tempfile::tempdir().unwrap();
    world.publish(folder.path());
    let mut other = world.clone();
    other.entries.swap(10, 11);
    other.entries.pop();
    other.disclose(|d| d.people = 8);
    std::fs::write(folder.path().join("checkpoint"), other.checkpoint()).unwrap();
    let check = begin(folder.path());
    assert!(failed(&check.verdict).contains(&(Rule::Root, None)));
    assert_eq!(check.state.size(), 0);
    world.publish(folder.path());
    let check = go_on(&FolderSite::new(folder.path()), &check.state);
    assert!(!check.verdict.holds() && check.verdict.failures.is_empty());
    assert_eq!(check.verdict.remembered[0].failure.rule, Rule::Root);
    assert_eq!(check.state.size(), 27);
}

#[test]
fn a_state_that_is_torn_changed_or_anothers_is_an_error() {
    let (_world, _folder, state) = checked();
    let (bytes, key) = (state.to_bytes().unwrap(), log_key());
    let read = |bytes: &[u8], key: &NoteKey| State::from_bytes(bytes, key).unwrap_err();
    assert!(State::from_bytes(&bytes, &key).is_ok());
    for end in (0..bytes.len()).step_by(97) {
        let error = read(&bytes[..end], &key);
        assert!(matches!(error, StateError::NotAState | StateError::Torn), "{end}: {error}");
        let mut changed = bytes.clone();
        changed[end] ^= 1;
        read(&changed, &key);
    }
    assert!(matches!(read(b"{}", &key), StateError::NotAState));
    let text = String::from_utf8(bytes.clone()).unwrap();
    let newer = text.replacen("/state 2 ", "/state 3 ", 1);
    assert!(matches!(read(newer.as_bytes(), &key), StateError::UnknownVersion { .. }));
    let other = NoteKey::new("log.example/other", public_key("log")).unwrap();
    assert!(matches!(read(&bytes, &other), StateError::OtherLog { .. }));
    let other = NoteKey::new(ORIGIN, public_key("another")).unwrap();
    assert!(matches!(read(&bytes, &other), StateError::Checkpoint(_)));
}

/// A state whose JSON was changed by somebody who made its digest fit.
fn forged(state: &State, change: impl FnOnce(&mut serde_json::Value)) -> StateError {
    use sha2::{Digest as _, Sha256};
    let bytes = state.to_bytes().unwrap();
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    let mut json = serde_json::from_slice(&bytes[end + 1..]).unwrap();
    change(&mut json);
    let json = serde_json::to_vec(&json).unwrap();
    let digest = Digest(Sha256::digest(&json).into());
    let forged = [format!("countersign-verify/state 2 {digest}\n").as_bytes(), &json].concat();
    State::from_bytes(&forged, &log_key()).unwrap_err()
}

#[test]
fn a_state_is_made_again_from_what_it_is_made_of() {
    let (_world, _folder, state) = checked();
    let error = forged(&state, |json| json["edge"][0][3] = json["edge"][0][4].clone());
    assert!(matches!(error, StateError::Tree), "{error}");
    let error = forged(&state, |json| {
        json["edge"][0].as_array_mut().unwrap().pop();
    });
    assert!(matches!(error, StateError::Tree), "{error}");
    let error = forged(&state, |json| {
        let entry = json["acts"][6]["entry"].as_str().unwrap();
        json["acts"][6]["entry"] = entry.replace("aurora-home@41", "aurora-home@42").into();
    });
    assert!(matches!(error, StateError::Act { index: 6, .. }), "{error}");
    let error = forged(&state, |json| json["acts"][6]["index"] = 5.into());
    assert!(matches!(error, StateError::Order { .. }), "{error}");
    let error = forged(&state, |json| json["documents"] = serde_json::json!([]));
    assert!(matches!(error, StateError::Act { index: 1, .. }), "{error}");
    let error = forged(&state, |json| {
        json["found"]["rules"].as_object_mut().unwrap().remove("as_of");
    });
    assert!(matches!(error, StateError::OtherRules), "{error}");
}

#[test]
fn a_state_is_replaced_and_never_edited() {
    let (_world, _folder, state) = checked();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.state");
    assert!(State::read(&path, &log_key()).unwrap().is_none());
    State::new(ORIGIN).write(&path).unwrap();
    state.write(&path).unwrap();
    let read = State::read(&path, &log_key()).unwrap().unwrap();
    assert_eq!(read.to_bytes().unwrap(), state.to_bytes().unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

/// What happens in a random world.
#[derive(Clone, Copy, Debug)]
enum Step {
    Disclose(u8),
    Lie(prop::sample::Index),
    Suspend,
    Reinstate,
    Submit(u8),
    Approve(u8, bool),
    Revoke(u8),
    Forged,
    Garbage,
    Wait(u16),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => any::<u8>().prop_map(Step::Disclose),
        2 => any::<prop::sample::Index>().prop_map(Step::Lie),
        1 => Just(Step::Suspend),
        1 => Just(Step::Reinstate),
        1 => (0..3_u8).prop_map(Step::Submit),
        1 => (0..3_u8, any::<bool>()).prop_map(|(build, both)| Step::Approve(build, both)),
        1 => (0..3_u8).prop_map(Step::Revoke),
        1 => Just(Step::Forged),
        1 => Just(Step::Garbage),
        2 => (0..20_000_u16).prop_map(Step::Wait),
        2 => (0..5_u16).prop_map(Step::Wait),
    ]
}

fn happen(world: &mut World, step: Step) {
    let both = ["reviewer:ann", "reviewer:bob"];
    let subject = || "client:aurora-home".parse::<Subject>().unwrap();
    let of = |number: u8| format!("aurora-home@{}", 50 + number);
    match step {
        Step::Disclose(times) => disclosures(world, times.into()),
        Step::Lie(which) => {
            world.disclose(which.get(LIES).1);
        }
        Step::Suspend => {
            let act = Suspension { subject: subject(), reason: "audit".to_owned() };
            world.act(Act::Suspension(act), &both[..1]);
        }
        Step::Reinstate => {
            let act = Reinstatement { subject: subject(), reason: "done".to_owned() };
            world.act(Act::Reinstatement(act), &both);
        }
        Step::Submit(number) => {
            world.act(Act::Build(build(&of(number))), &["partner:aurora"]);
        }
        Step::Approve(number, by_both) => {
            let act = review(&of(number), ReviewOutcome::Approve);
            world.act(act, if by_both { &both } else { &both[..1] });
        }
        Step::Revoke(number) => {
            world.act(review(&of(number), ReviewOutcome::Revoke), &both[..1]);
        }
        Step::Forged => {
            let act = Suspension { subject: subject(), reason: "forged".to_owned() };
            world.act(Act::Suspension(act), &both[..1]);
            let last = world.entries.pop().unwrap();
            let zeros = Signature([0; 64]).to_string();
            let text = String::from_utf8(last).unwrap();
            let sig = text.find("\"sig\":\"").unwrap() + 7;
            world.entries.push([&text[..sig], &zeros, &text[sig + 128..]].concat().into_bytes());
        }
        Step::Garbage => world.entries.push(b"{}".to_vec()),
        Step::Wait(seconds) => world.clock_s += u64::from(seconds),
    }
}

/// The verdict without what is counted by check and not by entry.
fn of_entries(mut verdict: Verdict) -> Verdict {
    for rule in [Rule::NotShrunk, Rule::Consistency, Rule::HashTile, Rule::EntryBundle] {
        let tally = verdict.rules.insert(rule, Tally::default());
        assert_eq!(tally.unwrap().failed, 0, "{rule}");
    }
    verdict
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn property_a_check_with_state_says_what_one_from_the_start_says(
        steps in prop::collection::vec((step(), prop::bool::weighted(0.3)), 1..25),
    ) {
        let mut world = World::governed();
        let folder = tempfile::tempdir().unwrap();
        let site = FolderSite::new(folder.path());
        let mut state = State::new(ORIGIN);
        for (step, cut) in steps {
            happen(&mut world, step);
            if cut {
                world.publish(folder.path());
                state = go_on(&site, &state).state;
                prop_assert_eq!(state.size(), world.size());
            }
        }
        world.publish(folder.path());
        let with_state = go_on(&site, &state);
        let from_start = begin(folder.path());
        prop_assert_eq!(of_entries(with_state.verdict), of_entries(from_start.verdict));
        // The next check of either begins alike: the register, the times and the tree are the same.
        let kept = |check: &State| {
            let bytes = check.to_bytes().unwrap();
            let json = bytes.splitn(2, |byte| *byte == b'\n').nth(1).unwrap();
            let mut json: serde_json::Value = serde_json::from_slice(json).unwrap();
            json["found"]["rules"] = serde_json::Value::Null;
            json
        };
        prop_assert_eq!(kept(&with_state.state), kept(&from_start.state));
    }
}
