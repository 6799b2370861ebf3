//! What says nothing about the log: files of another kind, of another log or under another key, and old copies. Each
//! command ends in 2 for them, and in 1 only for what claims to be this log's.

use std::fs;
use std::process::Command;

use countersign_domain::digest::Digest;
use countersign_protocol::note::NoteKey;
use serde_json::Value;

use crate::index_world::Indexed;
use crate::verify_command::clock_s;
use crate::verify_ledger::{VIEWER, told};
use crate::verify_receipt::{NONCE, URI, answered};
use crate::verify_world::{ORIGIN, World, log_key, public_key};

/// A folder with a log and files beside it.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new(world: &World) -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.publish(world);
        desk
    }

    fn publish(&self, world: &World) {
        world.publish(&self.0.path().join("log"));
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.0.path().join(name), bytes).unwrap();
    }

    /// The exit code, what is said, and the JSON of the same.
    fn run(&self, key: &NoteKey, arguments: &str) -> (Option<i32>, String, Value) {
        let run = |json: &[&str]| {
            let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
            command.current_dir(self.0.path()).args(arguments.split(' ')).args(json);
            command.args(["--key", &key.to_string()]).output().unwrap()
        };
        let (plain, json) = (run(&[]), run(&["--json"]));
        assert_eq!(plain.status.code(), json.status.code(), "{arguments}");
        let said = String::from_utf8([plain.stdout, plain.stderr].concat()).unwrap();
        let json = serde_json::from_slice(&json.stdout).unwrap();
        (plain.status.code(), said, json)
    }

    fn ends(&self, code: i32, key: &NoteKey, arguments: &str, says: &str) -> Value {
        let (found, said, json) = self.run(key, arguments);
        assert_eq!(found, Some(code), "{arguments}: {said}");
        assert!(said.contains(says), "{arguments}: {said}");
        let verdicts = ["The ", "Not checked: ", "Out of date: ", "Not yet: ", "It does not hold"];
        assert!(verdicts.iter().any(|verdict| said.starts_with(verdict)), "{arguments}: {said}");
        let holds =
            [Value::from(true), false.into(), Value::Null][usize::try_from(code).unwrap()].clone();
        assert_eq!(json["holds"], holds, "{arguments}: {json:#}");
        json
    }

    fn not_checked(&self, key: &NoteKey, arguments: &str) {
        self.ends(2, key, arguments, "Not checked: ");
    }

    fn out_of_date(&self, arguments: &str) -> Value {
        self.ends(2, &log_key(), arguments, "Out of date: proves nothing after ")
    }
}

/// Another log's key, and one of another log that has this one's name.
fn other_keys() -> [NoteKey; 2] {
    let key = public_key("another log");
    [NoteKey::new("another.example/log", key).unwrap(), NoteKey::new(ORIGIN, key).unwrap()]
}

#[test]
fn a_file_of_another_kind_is_not_checked() {
    let log = told();
    let desk = Desk::new(&log.world);
    desk.write("page", "<!doctype html>\n<p>404</p>\n");
    let bundle = log.bundle(VIEWER).to_bytes();
    desk.write("me.ledger", &bundle);
    desk.write("cut.ledger", &bundle[..bundle.len() - 1]);
    let key = log_key();
    for file in ["page", "me.ledger", "log/checkpoint"] {
        desk.not_checked(&key, &format!("consent {file} --log log"));
        desk.not_checked(&key, &format!("evidence {file}"));
        desk.not_checked(&key, &format!("directory {file} log"));
        desk.not_checked(&key, &format!("receipt --log log --headers {file} --body page --uri /"));
        desk.not_checked(
            &key,
            &format!("ledger me.ledger --receipt {file} --at {}", log.world.clock_s),
        );
    }
    for file in ["page", "log/checkpoint", "cut.ledger"] {
        desk.not_checked(&key, &format!("ledger {file}"));
        desk.not_checked(&key, &format!("index-audit {file}"));
    }
    // A host that serves a page for every file.
    desk.write("log/checkpoint", "<!doctype html>\n<p>404</p>\n");
    desk.not_checked(&key, "log log");
}

#[test]
fn under_another_key_or_without_a_signature_that_holds_nothing_is_checked() {
    let log = told();
    let desk = Desk::new(&log.world);
    desk.write("me.ledger", log.bundle(VIEWER).to_bytes());
    let chose = log.held.iter().find(|held| held.person == VIEWER).unwrap().item.index;
    desk.write("choice", log.receipt(VIEWER, chose, |_| {}));
    for key in other_keys() {
        for arguments in ["log log", "consent choice --log log", "ledger me.ledger"] {
            desk.not_checked(&key, arguments);
        }
    }
    // It claims to be this log's, and is not: it was damaged, or anybody forged it.
    let checkpoint = fs::read_to_string(desk.0.path().join("log/checkpoint")).unwrap();
    let size = format!("\n{}\n", log.world.size());
    desk.write("log/checkpoint", checkpoint.replace(&size, "\n999\n"));
    desk.ends(2, &log_key(), "log log", "Not checked: the signature by ");
}

#[test]
fn lists_of_another_log_and_under_another_key_are_not_checked() {
    let indexed = Indexed::closed(|_| {});
    let desk = Desk::new(&indexed.world);
    desk.write("lists", indexed.file());
    desk.write("page", "<!doctype html>");
    let key = log_key();
    desk.ends(0, &key, "index lists log", "The index holds.");
    desk.not_checked(&key, "index lists log --sample page");
    let [elsewhere, renamed] = other_keys();
    desk.not_checked(&renamed, "index lists log");
    desk.not_checked(&elsewhere, "index lists log");
    // The lists name a close that this copy of the log does not have yet.
    let mut older = indexed.world.clone();
    older.entries.truncate(usize::try_from(indexed.close).unwrap());
    desk.publish(&older);
    let json = desk.out_of_date("index lists log");
    assert_eq!(json["failures"][0]["rule"], "index_close");
}

#[test]
fn an_answer_of_another_log_is_not_checked() {
    let mut answered = answered();
    let desk = Desk::new(&answered.world);
    answered.publish(&desk.0.path().join("log"));
    desk.write("headers", answered.headers());
    desk.write("body", &answered.body);
    let receipt =
        format!("receipt --log log --headers headers --body body --uri {URI} --nonce {NONCE}");
    desk.ends(0, &log_key(), &receipt, "The promise was kept");
    for key in other_keys() {
        desk.not_checked(&key, &receipt);
    }
    // An old copy breaks no promise, for somebody who knows that there is more.
    desk.ends(0, &log_key(), &format!("{receipt} --state state"), "The promise was kept");
    answered.world.entries.truncate(8);
    answered.publish(&desk.0.path().join("log"));
    let json = desk.out_of_date(&format!("{receipt} --state state"));
    assert_eq!(
        (&json["promise"], &json["failures"][0]["rule"]),
        (&"unchecked".into(), &"not_shrunk".into())
    );
    // To others it may be one.
    let json = desk.out_of_date(&receipt);
    assert_eq!(json["promise"], "overdue");
}

#[test]
fn an_old_copy_of_a_log_is_out_of_date_and_another_tree_of_its_size_is_not() {
    let mut world = World::governed();
    for _ in 0..4 {
        world.disclose(|_| {});
    }
    let desk = Desk::new(&world);
    desk.write("since", world.checkpoint());
    let key = log_key();
    desk.ends(0, &key, "log log --state state", "The log holds.");
    let state = fs::read(desk.0.path().join("state")).unwrap();
    let mut older = world.clone();
    older.entries.pop();
    desk.publish(&older);
    for arguments in
        ["log log --state state", "log log --since since", "log log --state state --max-age-s 60"]
    {
        let json = desk.out_of_date(arguments);
        assert_eq!(json["failures"][0]["rule"], "not_shrunk", "{arguments}");
    }
    assert_eq!(fs::read(desk.0.path().join("state")).unwrap(), state, "it is as it was");
    older.disclose(|disclosure| disclosure.records = Digest([1; 32]));
    desk.publish(&older);
    desk.ends(1, &key, "log log --since since", "FAILED  consistency");
    desk.ends(1, &key, "log log --state state", "FAILED  consistency");
    // A lie that is remembered is not made good by an old copy.
    desk.publish(&world);
    desk.ends(1, &key, "log log --state state", "remembered from ");
}

#[test]
fn a_choice_is_checked_as_the_platform_serves_its_receipt() {
    let log = told();
    let desk = Desk::new(&log.world);
    let chose = log.held.iter().find(|held| held.person == VIEWER).unwrap().item.index;
    let text = log.receipt(VIEWER, chose, |_| {});
    desk.write("me.ledger", log.bundle(VIEWER).to_bytes());
    let at_s = log.world.clock_s;
    for file in [
        text.clone(),
        format!("{text}\n"),
        format!("{{\"receipt\":\"{text}\"}}"),
        format!("{{\n  \"receipt\": \"{text}\"\n}}\n"),
        format!("HTTP/1.1 200 OK\r\ncountersign-consent-receipt: {text}\r\n\r\n"),
    ] {
        desk.write("choice", &file);
        desk.ends(0, &log_key(), "consent choice --log log", "The promise was kept");
        let ledger = format!("ledger me.ledger --at {at_s} --receipt choice");
        let json = desk.ends(0, &log_key(), &ledger, "settings and grants");
        assert_eq!(json["rules"]["ledger_receipt"]["checked"], 1);
    }
    desk.write("choice", &text);
    desk.ends(
        2,
        &log_key(),
        &format!("consent choice --log log --at {}", clock_s()),
        "give --ledger",
    );
    // Of another log, which signed it; and in this log's name, by nobody.
    let of_another = log.receipt(VIEWER, chose, |receipt| receipt.origin.push('2'));
    desk.write("choice", &of_another);
    let ledger = format!("ledger me.ledger --at {at_s} --receipt choice");
    desk.not_checked(&log_key(), &ledger);
    let signed_here =
        desk.ends(1, &log_key(), "consent choice --log log", "FAILED  receipt_origin");
    assert_eq!(signed_here["promise"], "kept");
    let (bytes, _) = of_another.split_once('.').unwrap();
    desk.write("choice", format!("{bytes}.{}", "A".repeat(86)));
    desk.not_checked(&log_key(), "consent choice --log log");
    let (bytes, _) = text.split_once('.').unwrap();
    desk.write("choice", format!("{bytes}.{}", "A".repeat(86)));
    let json = desk.ends(
        2,
        &log_key(),
        "consent choice --log log",
        "Not checked: the consent receipt's signature",
    );
    assert_eq!(json["promise"], "unchecked");
    // A bundle that is none says nothing about the choice.
    desk.write("choice", &text);
    let none = "consent choice --log log --ledger choice";
    desk.ends(2, &log_key(), none, "Not checked: the ledger: this is no ledger bundle");
}
