//! An answer held against what its recipient has from elsewhere: witnesses whom they trust, a checkpoint or a state
//! from before.

use std::fs;
use std::process::Command;

use countersign_verifier::log_check::Question;
use countersign_verifier::promise::{Promise, check_answer};
use countersign_verifier::state::State;
use countersign_verifier::verdict::Rule;

use crate::verify_receipt::{Answered, NONCE, URI, answered};
use crate::verify_state::Counting;
use crate::verify_witnesses::{cosigned, policy_text};
use crate::verify_world::{BEGINNING_S, ORIGIN, at, failed, log_key};

/// An answer and its log on disk, and the command that checks it.
struct OnDisk {
    folder: tempfile::TempDir,
    answered: Answered,
}

impl OnDisk {
    fn new() -> Self {
        let on_disk = Self { folder: tempfile::tempdir().unwrap(), answered: answered() };
        on_disk.answered.publish(&on_disk.folder.path().join("log"));
        fs::write(on_disk.path("headers"), on_disk.answered.headers()).unwrap();
        fs::write(on_disk.path("body"), &on_disk.answered.body).unwrap();
        fs::write(on_disk.path("policy"), policy_text()).unwrap();
        on_disk
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, more: &[&str]) -> (Option<i32>, String) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
        command.args(["receipt", "--log", &self.path("log"), "--key", &log_key().to_string()]);
        command.args(["--headers", &self.path("headers"), "--body", &self.path("body")]);
        let output = command.args(["--uri", URI, "--nonce", NONCE]).args(more).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }
}

#[test]
fn an_answer_under_a_policy_needs_its_witnesses() {
    let on_disk = OnDisk::new();
    let policy = on_disk.path("policy");
    let (code, said) = on_disk.run(&["--policy", &policy]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.starts_with("Not checked: the quorum of your policy has not cosigned"), "{said}");
    let world = &on_disk.answered.world;
    let note = cosigned(&world.checkpoint(), &["one", "two"], world.clock_s);
    fs::write(on_disk.folder.path().join("log/checkpoint"), note).unwrap();
    let (code, said) = on_disk.run(&["--policy", &policy]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("seen     by the quorum of witnesses"), "{said}");
}

#[test]
fn an_answer_in_another_history_than_was_kept_is_refused() {
    let on_disk = OnDisk::new();
    let mut other = on_disk.answered.world.clone();
    other.entries.pop();
    other.disclose(|disclosure| disclosure.people = 8);
    fs::write(on_disk.path("since"), other.checkpoint()).unwrap();
    let (code, said) = on_disk.run(&["--since", &on_disk.path("since")]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("FAILED  consistency"), "{said}");
    fs::write(on_disk.path("since"), on_disk.answered.world.checkpoint()).unwrap();
    assert_eq!(on_disk.run(&["--since", &on_disk.path("since")]).0, Some(0));
    // The state is kept, and a fork of it is refused for ever.
    let state = on_disk.path("state");
    assert_eq!(on_disk.run(&["--state", &state]).0, Some(0));
    assert_eq!(on_disk.run(&["--state", &state]).0, Some(0));
    other.publish(&on_disk.folder.path().join("log"));
    for _ in 0..2 {
        let (code, said) = on_disk.run(&["--state", &state]);
        assert_eq!(code, Some(1), "{said}");
        on_disk.answered.publish(&on_disk.folder.path().join("log"));
    }
}

#[test]
fn behind_a_kept_state_an_answer_is_held_against_its_entry_all_the_same() {
    let mut answered = answered();
    for _ in 0..300 {
        answered.world.disclose(|_| {});
    }
    let folder = tempfile::tempdir().unwrap();
    answered.publish(folder.path());
    let (site, key) = (Counting::new(folder.path()), log_key());
    let headers = answered.headers();
    let mut state = State::new(ORIGIN);
    for round in 0..2 {
        site.read_files();
        let now = at(BEGINNING_S + 86_400);
        let question = Question { state: Some(&state), ..Question::new(&key, now) };
        let received = answered.received(&headers);
        let checked = check_answer(&site, &question, &received, |_, _| {}).unwrap();
        assert_eq!(checked.verdict.failures, [], "{round}");
        assert_eq!(checked.promise, Promise::Kept);
        let rules = [Rule::ReceiptSignature, Rule::ReceiptEntry, Rule::AnswerRecords];
        assert!(rules.iter().all(|rule| checked.verdict.rule_holds(*rule)), "{round}");
        let changed =
            answered.body.replace("Vera", "Veronica").replace("\"name\":\"Two\"", "\"work\":[]");
        let mut lie = received;
        lie.body = changed.as_bytes();
        let lie = check_answer(&site, &question, &lie, |_, _| {}).unwrap();
        let rules: Vec<_> = failed(&lie.verdict).into_iter().map(|(rule, _)| rule).collect();
        assert_eq!(rules, [Rule::ReceiptBody, Rule::AnswerRecords, Rule::AnswerFields], "{round}");
        state = checked.state;
    }
    let read = site.read_files();
    assert!(!read.contains(&"tile/entries/001.p/56".to_owned()), "{read:?}");
}
