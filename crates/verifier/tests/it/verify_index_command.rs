//! `countersign-verify index` and `index-audit` as auditors meet them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use countersign_protocol::index_audit::{IndexAudit, IndexAuditError};
use countersign_protocol::note::NoteKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use serde_json::Value;

use crate::index_world::{Indexed, label};
use crate::verify_world::{log_key, public_key, sign, signing_key};

const AUDITOR: &str = "auditor.example/1";

/// An auditor's desk: the log, the lists that were given, a key.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new(log: &Indexed) -> Self {
        let folder = tempfile::tempdir().unwrap();
        log.world.publish(&folder.path().join("log"));
        fs::write(folder.path().join("lists"), log.file()).unwrap();
        let pem = signing_key("auditor").to_pkcs8_pem(LineEnding::LF).unwrap();
        let key = folder.path().join("auditor.key");
        fs::write(&key, pem.as_bytes()).unwrap();
        let desk = Self(folder);
        desk.set_mode(0o600);
        desk
    }

    fn set_mode(&self, mode: u32) {
        let key = self.path().join("auditor.key");
        fs::set_permissions(key, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_countersign-verify"));
        command.current_dir(self.path()).args(arguments).output().unwrap()
    }

    fn index(&self, more: &[&str]) -> Output {
        let key = log_key().to_string();
        self.run(&[&["index", "lists", "log", "--key", &key], more].concat())
    }

    fn cosign(&self) -> Output {
        self.index(&["--cosign", "auditor.key", "--name", AUDITOR, "--out", "audit"])
    }

    fn audit(&self, key: &NoteKey) -> Output {
        self.run(&["index-audit", "audit", "--key", &key.to_string()])
    }
}

fn auditor() -> NoteKey {
    NoteKey::new(AUDITOR, public_key("auditor")).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn lists_that_hold_are_signed() {
    let log = Indexed::closed(|_| {});
    let desk = Desk::new(&log);
    let output = desk.cosign();
    assert_eq!(code(&output), 0, "{}{}", text(&output.stdout), text(&output.stderr));
    let report = text(&output.stdout);
    assert!(report.contains("lists    7 with 11 items under "), "{report}");
    assert!(report.contains(&format!("\nsigned by {}\n", auditor())), "{report}");
    assert!(report.starts_with("The index holds.\n\n"), "{report}");
    assert!(!report.contains("fields_agreed"), "a rule about something else is in the report");

    let note = fs::read(desk.path().join("audit")).unwrap();
    let audit = IndexAudit::open(&note, &auditor()).unwrap();
    assert_eq!(audit.period, log.period());
    assert_eq!((audit.people, audit.items, audit.unaccounted), (8, 16, 0));
    assert!(text(&note).starts_with("countersign-index-audit/v1\nlog.example/aurora\nperiod 3\n"));

    let read = desk.audit(&auditor());
    assert_eq!(code(&read), 0, "{}", text(&read.stdout));
    assert!(text(&read.stdout).starts_with("auditor.example/1 signed it.\n"));
    assert!(text(&read.stdout).contains("up to 8 with up to 16 items"), "{}", text(&read.stdout));
    let other = desk.audit(&NoteKey::new(AUDITOR, public_key("log")).unwrap());
    assert_eq!(code(&other), 2, "it is signed by another key");
    fs::write(desk.path().join("audit"), text(&note).replace("people 8", "people 4")).unwrap();
    let changed = desk.audit(&auditor());
    assert_eq!(code(&changed), 2, "the auditor did not sign that");
    assert!(text(&changed.stdout).starts_with("Not checked: "), "{}", text(&changed.stdout));

    let again = desk.cosign();
    assert_eq!(code(&again), 2, "what was signed was written over");
}

#[test]
fn lists_that_do_not_hold_are_not_signed() {
    let desk = Desk::new(&Indexed::closed(|lists| drop(lists.remove(&label(9)))));
    let output = desk.cosign();
    assert_eq!(code(&output), 1);
    let report = text(&output.stdout);
    assert!(
        report.contains("entry 9: index_complete: found commitment 1 in nobody's list; expected "),
        "{report}"
    );
    assert!(report.starts_with("The index does not hold.\n\n"), "{report}");
    assert!(!desk.path().join("audit").exists());

    let document: Value = serde_json::from_slice(&desk.index(&["--json"]).stdout).unwrap();
    assert_eq!(document["holds"], false);
    assert_eq!(document["failures"][0]["rule"], "index_complete");
    assert_eq!(document["failures"][0]["entry"], 9);
    assert_eq!((&document["counts"]["people"], &document["signed_by"]), (&6.into(), &Value::Null));
    assert_eq!((&document["index"]["people"], &document["sample"]), (&8.into(), &Value::Null));

    let borne = desk.index(&["--forgotten-max", "1"]);
    assert_eq!(code(&borne), 0);
    let report = text(&borne.stdout);
    assert!(report.contains("1 entries not accounted for"), "{report}");
    assert!(report.contains("entry 9: notice: commitment 1 in nobody's list"), "{report}");
}

#[test]
fn what_cannot_be_said_of_an_index_ends_in_two() {
    let desk = Desk::new(&Indexed::closed(|_| {}));
    let because = |output: Output, reason: &str| {
        assert_eq!(code(&output), 2, "{}", text(&output.stdout));
        assert!(text(&output.stderr).contains(reason), "{}", text(&output.stderr));
        assert!(!desk.path().join("audit").exists());
    };
    desk.set_mode(0o640);
    because(desk.cosign(), "others than its owner may read this key (mode 640)");
    desk.set_mode(0o600);
    because(desk.index(&["--cosign", "auditor.key"]), "--name <NAME>");
    let with = |key, name| desk.index(&["--cosign", key, "--name", name, "--out", "audit"]);
    because(with("auditor.key", "an auditor"), "cannot name a key");
    because(with("lists", AUDITOR), "others than its owner");
    because(with("nowhere", AUDITOR), "nowhere: No such file");
    because(desk.run(&["index", "nowhere", "log", "--key", &log_key().to_string()]), "nowhere: ");
    let lists = fs::read(desk.path().join("lists")).unwrap();
    fs::write(desk.path().join("lists"), &lists[..lists.len() - 1]).unwrap();
    because(desk.index(&[]), "lists: the lists are cut off in list 6 of 7");
    fs::write(desk.path().join("lists"), "no lists").unwrap();
    because(
        desk.index(&[]),
        "lists: this is no file of blinded lists; `countersign audit lists` writes one",
    );
}

#[test]
fn a_statement_is_its_text_and_has_one_spelling() {
    let audit = Indexed::closed(|_| {}).checked().audit;
    let good = audit.text();
    assert_eq!(IndexAudit::parse(&good), Some(audit.clone()));
    for (from, to) in [
        ("audit/v1", "audit/v2"),
        ("period 3", "period 03"),
        ("items 16", "items +16"),
        ("\nitems 16", ""),
        ("unaccounted 0", "unaccounted 0\nmore 1"),
        ("close 13 ", "close 13  "),
    ] {
        let changed = good.replacen(from, to, 1);
        assert_ne!(changed, good, "{from}");
        assert_eq!(IndexAudit::parse(&changed), None, "{from} as {to}");
    }
    let checkpoint = Indexed::closed(|_| {}).world.checkpoint();
    let opened = IndexAudit::open(checkpoint.as_bytes(), &log_key());
    assert_eq!(opened, Err(IndexAuditError::Form), "a checkpoint passes for a statement");
    let note = audit.sign(&auditor(), |message| sign("auditor", message)).unwrap();
    assert_eq!(IndexAudit::open(note.as_bytes(), &auditor()), Ok(audit));
}
