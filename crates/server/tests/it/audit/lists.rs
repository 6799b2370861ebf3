//! From the operator to the auditor: `countersign audit lists` beside a running server, `countersign-verify index`
//! against its site, and what the auditor signs.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use countersign_domain::person::{Handle, Secret};
use countersign_log::backend::posix::Posix;
use countersign_log::period::{Limits, Periods, Secrets, SecretsError};
use countersign_protocol::entry::DirectoryRoot;
use countersign_protocol::index_audit::IndexAudit;
use countersign_protocol::note::NoteKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::village;
use crate::support::{World, eventually, finish, program, verifier};

/// Secrets of the test's own. Of choices the commitments stand in the annex, so only labels depend on them.
struct OfTheTest;

impl Secrets for OfTheTest {
    fn secret(&self, person: Handle) -> Result<Option<Secret>, SecretsError> {
        Ok(Some(Secret(Sha256::digest(person.0).into())))
    }
}

/// A world in which three people chose something, and a period was closed; who they are.
fn closed() -> World {
    let world = village::founded();
    let serving = world.serve();
    for number in 1..=3 {
        serving.open_to_friends_devices(&village::closed(number), &["id", "name"]);
    }
    serving.stop();
    let log = world.log();
    let backend = Arc::new(Posix::new(world.directory.log()));
    let mut periods = Periods::open(backend, Limits::default()).unwrap();
    let directory = DirectoryRoot::EMPTY;
    let closed = periods.close(&log, log.head(), &OfTheTest, directory).unwrap();
    assert!(closed.head.people >= 3);
    log.shutdown();
    world
}

fn lists(world: &World, period: &str, out: &Path) -> (bool, String) {
    let mut command = program(&["audit", "lists"]);
    let output = finish(
        command.arg("--dir").arg(world.path()).arg(period).arg("--out").arg(out).arg("--json"),
    );
    let said = if output.status.success() { output.stdout } else { output.stderr };
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn an_auditor_checks_and_signs_what_an_operator_hands_over() {
    let world = closed();
    let serving = world.serve();
    let file = world.path().join("period-0.lists");
    let (done, said) = lists(&world, "0", &file);
    assert!(done, "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((&said["period"], &said["from"]), (&json!(0), &json!(0)));
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "others can read the lists");
    let (done, why) = lists(&world, "0", &file);
    assert!(!done && why.contains("period-0.lists: a file of this name exists"), "{why}");
    let none = world.path().join("period-1.lists");
    let (done, why) = lists(&world, "1", &none);
    assert!(!done && why.contains("period 1 has no files in stream/periods"), "{why}");
    assert!(!none.exists());

    let close = said["close"].as_u64().unwrap();
    eventually("the close is published", || world.checkpoint().size > close);
    let (key, audit) = (world.path().join("auditor.key"), world.path().join("period-0.audit"));
    assert!(finish(program(&["key", "new"]).arg(&key)).status.success());
    let mut index = Command::new(verifier());
    index.arg("index").arg(&file).arg(format!("{}/log", world.url()));
    index.args(["--key", &world.key.to_string(), "--json", "--name", "auditor.example/1"]);
    let output = finish(index.arg("--cosign").arg(&key).arg("--out").arg(&audit));
    let found = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{found}{}", String::from_utf8_lossy(&output.stderr));
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found["counts"]["people"], said["people"]);
    assert_eq!(found["counts"]["items"], said["items"]);
    assert_eq!(found["index"]["unaccounted"], 0);
    let auditor = NoteKey::parse(found["signed_by"].as_str().unwrap()).unwrap();
    let signed = IndexAudit::open(&std::fs::read(&audit).unwrap(), &auditor).unwrap();
    assert_eq!(signed.period.origin, world.key.name());
    assert_eq!(signed.period.close.index, close);
    let mut read = Command::new(verifier());
    let read = finish(read.arg("index-audit").arg(&audit).args(["--key", &auditor.to_string()]));
    assert!(read.status.success());
    drop(serving);
}
