//! A log under a policy: it is checked as far as the policy's witnesses have cosigned, and not if they have not.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::cosignature::{WitnessKey, cosign};
use countersign_protocol::note::SignedNote;
use countersign_protocol::witness_policy::Policy;
use countersign_verifier::log_check::{LogCheckError, Question, check_log};
use countersign_verifier::site::FolderSite;
use countersign_verifier::verdict::{Rule, Verdict};

use crate::verify_world::{World, at, failed, log_key, public_key, sign};

fn witness(name: &str) -> WitnessKey {
    WitnessKey::new(&format!("{name}.example"), public_key(name)).unwrap()
}

pub(crate) fn policy_text() -> String {
    let (one, two, three) = (witness("one"), witness("two"), witness("three"));
    format!(
        "log {}\nwitness 1 {one}\nwitness 2 {two}\nwitness 3 {three}\ngroup g 2 1 2 3\nquorum g\n",
        log_key()
    )
}

/// A checkpoint's note with the lines of these witnesses.
pub(crate) fn cosigned(note: &str, by: &[&str], time_s: u64) -> String {
    let parsed = SignedNote::parse(note.as_bytes()).unwrap();
    let checkpoint = Checkpoint::parse(parsed.text()).unwrap();
    let line = |name: &&str| {
        cosign(&checkpoint, time_s, &witness(name), |message| sign(name, message)).unwrap()
    };
    by.iter().map(line).fold(note.to_owned(), |note, line| note + &line)
}

fn put(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(name), text).unwrap();
}

fn verdict(folder: &Path, now_s: u64, max_age_s: Option<u64>) -> Verdict {
    let (key, policy) = (log_key(), Policy::parse(policy_text().as_bytes()).unwrap());
    let policy = Some(&policy);
    let question = Question { policy, max_age_s, ..Question::new(&key, at(now_s)) };
    check_log(&FolderSite::new(folder), &question, |_| {}).unwrap().verdict
}

/// A log in a folder, which grew after its first checkpoint; that one's note, and the newest one's.
fn grown() -> (tempfile::TempDir, World, [String; 2]) {
    let folder = tempfile::tempdir().unwrap();
    let mut world = World::governed();
    world.disclose(|_| {});
    world.publish(folder.path());
    let first = world.checkpoint();
    world.clock_s += 60;
    world.disclose(|_| {});
    world.publish(folder.path());
    let newest = world.checkpoint();
    (folder, world, [first, newest])
}

/// What is said of the entries that the witnesses did not see.
fn beyond(verdict: &Verdict) -> Vec<&str> {
    let says = verdict.notices.iter().map(|notice| notice.says.as_str());
    says.filter(|says| says.contains("beyond")).collect()
}

#[test]
fn the_newest_checkpoint_is_checked_if_the_quorum_cosigned_it() {
    let (folder, world, [_, newest]) = grown();
    put(folder.path(), "checkpoint", &cosigned(&newest, &["one", "three"], world.clock_s));
    let verdict = verdict(folder.path(), world.clock_s, Some(60));
    assert_eq!((verdict.failures.as_slice(), verdict.size), (&[][..], world.size()));
    assert!(verdict.rule_holds(Rule::Witnesses) && verdict.rule_holds(Rule::WitnessTime));
    assert!(beyond(&verdict).is_empty());
}

#[test]
fn the_newest_one_that_the_quorum_cosigned_is_checked_otherwise_and_what_is_beyond_is_counted() {
    let (folder, world, [first, newest]) = grown();
    put(folder.path(), "checkpoint", &cosigned(&newest, &["one"], world.clock_s));
    let witnessed = cosigned(&first, &["one", "two"], world.clock_s - 50);
    put(folder.path(), "checkpoint.witnessed", &witnessed);
    let found = verdict(folder.path(), world.clock_s, Some(60));
    assert_eq!((found.failures.as_slice(), found.size), (&[][..], world.size() - 1));
    assert_eq!(beyond(&found).len(), 1);
    assert!(beyond(&found)[0].starts_with("1 entries beyond"), "{:?}", found.notices);
    // Under a limit of age the witnesses have to have looked lately, not the log alone.
    let stale = verdict(folder.path(), world.clock_s + 11, Some(60));
    assert_eq!(stale.failures.iter().filter(|failure| failure.rule == Rule::Fresh).count(), 2);
    put(folder.path(), "checkpoint.witnessed", &cosigned(&first, &["one"], world.clock_s));
    assert_eq!(failed(&verdict(folder.path(), world.clock_s, None)), [(Rule::Witnesses, None)]);
    fs::remove_file(folder.path().join("checkpoint.witnessed")).unwrap();
    let found = verdict(folder.path(), world.clock_s, None);
    assert_eq!(failed(&found), [(Rule::Witnesses, None)]);
    assert!(found.failures[0].found.starts_with("1 cosignatures"), "{:?}", found.failures);
    assert_eq!(found.size, world.size());
}

#[test]
fn witnesses_who_are_behind_an_earlier_check_say_nothing_about_the_log() {
    let (folder, world, [first, newest]) = grown();
    let (key, policy) = (log_key(), Policy::parse(policy_text().as_bytes()).unwrap());
    let site = FolderSite::new(folder.path());
    let question = Question::new(&key, at(world.clock_s));
    let checked = check_log(&site, &question, |_| {}).unwrap();
    put(folder.path(), "checkpoint", &cosigned(&newest, &["one"], world.clock_s));
    let witnessed = cosigned(&first, &["one", "two"], world.clock_s - 50);
    put(folder.path(), "checkpoint.witnessed", &witnessed);
    let (state, since) = (Some(&checked.state), Some(newest.as_bytes()));
    for question in [Question { state, ..question.clone() }, Question { since, ..question.clone() }]
    {
        let question = Question { policy: Some(&policy), ..question };
        let error = check_log(&site, &question, |_| {}).unwrap_err();
        assert!(matches!(error, LogCheckError::WitnessesBehind { .. }), "{error}");
    }
    // A log that signs fewer entries than it did is another thing.
    put(folder.path(), "checkpoint", &cosigned(&first, &["one", "two"], world.clock_s));
    let question = Question { policy: Some(&policy), state, ..question };
    let shrunk = check_log(&site, &question, |_| {}).unwrap().verdict;
    assert_eq!(failed(&shrunk), [(Rule::NotShrunk, None)]);
}

#[test]
fn a_forged_cosignature_is_told_whatever_else_there_is() {
    let (folder, world, [first, newest]) = grown();
    let foreign = cosigned(&first, &["one", "two", "three"], world.clock_s);
    let lines = foreign.strip_prefix(&first).unwrap();
    put(folder.path(), "checkpoint", &format!("{newest}{lines}"));
    put(folder.path(), "checkpoint.witnessed", &foreign);
    assert_eq!(failed(&verdict(folder.path(), world.clock_s, None)), [(Rule::Witnesses, None)]);
    put(folder.path(), "checkpoint", &newest);
    assert_eq!(failed(&verdict(folder.path(), world.clock_s, None)), []);
}

#[test]
fn witnesses_who_saw_another_tree_show_that_the_log_lies() {
    let (folder, world, [_, newest]) = grown();
    let mut other = World::governed();
    other.clock_s += 7;
    other.disclose(|_| {});
    put(folder.path(), "checkpoint", &newest);
    let witnessed = cosigned(&other.checkpoint(), &["one", "two"], world.clock_s);
    put(folder.path(), "checkpoint.witnessed", &witnessed);
    let found = failed(&verdict(folder.path(), world.clock_s, None));
    assert!(found.contains(&(Rule::Root, None)), "{found:?}");
}

#[test]
fn no_entry_is_later_than_witnesses_saw_it() {
    let (folder, world, [_, newest]) = grown();
    let cosigned_at = |time_s| {
        put(folder.path(), "checkpoint", &cosigned(&newest, &["one", "two"], time_s));
        failed(&verdict(folder.path(), world.clock_s + 9_000, None))
    };
    assert_eq!(cosigned_at(world.clock_s - 900), []);
    assert_eq!(cosigned_at(world.clock_s - 901), [(Rule::WitnessTime, None)]);
}

#[test]
fn a_quiet_log_that_is_cosigned_anew_is_as_fresh_as_witnesses_saw_it_last() {
    let (folder, world, [_, newest]) = grown();
    let first = cosigned(&newest, &["one", "two"], world.clock_s);
    let again = cosigned(&first, &["two", "three"], world.clock_s + 5_000);
    put(folder.path(), "checkpoint", &again);
    let found = verdict(folder.path(), world.clock_s + 5_000, Some(5_000));
    assert_eq!(found.failures, []);
    let times = found.witnessed.unwrap();
    assert_eq!((times.earliest, times.latest), (at(world.clock_s), at(world.clock_s + 5_000)));
    // The entries are too old then, and the witnesses are not.
    let found = verdict(folder.path(), world.clock_s + 5_000, Some(60));
    assert_eq!(found.failures.iter().map(|one| one.rule).collect::<Vec<_>>(), [Rule::Fresh]);
}

#[test]
fn witnesses_who_are_ahead_of_the_reader_do_not_make_a_log_fresh_for_ever() {
    let (folder, world, [_, newest]) = grown();
    let found = |ahead_s| {
        let note = cosigned(&newest, &["one", "two"], world.clock_s + ahead_s);
        put(folder.path(), "checkpoint", &note);
        failed(&verdict(folder.path(), world.clock_s, Some(60)))
    };
    assert_eq!(found(900), []);
    assert_eq!(found(901), [(Rule::NotFuture, None)]);
}

#[test]
fn a_policy_about_other_logs_is_no_policy_about_this_one() {
    let (folder, world, [_, newest]) = grown();
    put(folder.path(), "checkpoint", &cosigned(&newest, &["one", "two"], world.clock_s));
    let key = log_key();
    let other = policy_text().replace(
        &key.to_string(),
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    );
    let policy = Policy::parse(other.as_bytes()).unwrap();
    let question = Question { policy: Some(&policy), ..Question::new(&key, at(world.clock_s)) };
    let verdict = check_log(&FolderSite::new(folder.path()), &question, |_| {}).unwrap().verdict;
    assert_eq!(failed(&verdict), [(Rule::Witnesses, None)]);
}

#[test]
fn the_command_takes_a_policy() {
    let (folder, world, [_, newest]) = grown();
    let policy = folder.path().join("mine.policy");
    fs::write(&policy, policy_text()).unwrap();
    let run = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
        command.arg("log").arg(folder.path()).args(["--key", &log_key().to_string()]);
        let output = command.arg("--policy").arg(&policy).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap(), String::from_utf8(said).unwrap())
    };
    let (code, said) = run();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("OPEN    witnesses"), "{said}");
    put(folder.path(), "checkpoint", &cosigned(&newest, &["two", "three"], world.clock_s));
    assert_eq!(run().0, 0, "{}", run().1);
    fs::write(&policy, "quorum nobody\n").unwrap();
    let (code, said) = run();
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("mine.policy: line 1 of the policy"), "{said}");
}
