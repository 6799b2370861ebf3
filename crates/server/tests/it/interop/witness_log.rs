//! Software that we did not write, on both sides: PyPI's witness-log 0.6.1, whose `WitnessService` is a witness
//! without a server, and whose logs ask witnesses. The programs are `testdata/interop/python/witness_server.py`
//! and `witness_client.py`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use countersign_protocol::note::NoteKey;
use serde_json::{Value, json};

use crate::log::witnessed::world;
use crate::support::eventually;
use crate::support::foreign::python;
use crate::support::village::VIEWER;
use crate::support::witnesses::{Watcher, add_checkpoint, configure, witnessed, witnessed_size};

/// A witness of theirs, which ends with the test.
struct Theirs {
    child: Child,
    url: String,
    key: String,
}

impl Theirs {
    fn start(log: &NoteKey, state: &std::path::Path) -> Self {
        let python = std::env::var_os("COUNTERSIGN_PYTHON").unwrap_or_else(|| {
            panic!(
                "this test needs Python and the packages from PyPI: run cargo xtask test interop_"
            )
        });
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/interop/python");
        let mut child = Command::new(python)
            .arg(format!("{folder}/witness_server.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let asked = json!({
            "name": "theirs.example/w",
            "state": state,
            "origin": log.name(),
            "log": log.to_string(),
        });
        writeln!(child.stdin.as_mut().unwrap(), "{asked}").unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let said: Value = serde_json::from_str(&said).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Self { child, url: text("url"), key: text("key") }
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn interop_witness_log_cosigns_our_log_before_answers_leave() {
    let (world, token) = world();
    let folder = tempfile::tempdir().unwrap();
    let theirs = Theirs::start(&world.key, &folder.path().join("state"));
    let ours = Watcher::of("w.example/1", &world.key);
    let peers = [(theirs.key.as_str(), theirs.url.clone()), (ours.key.as_str(), ours.url())];
    let policy = configure(&world, &peers, 2);
    let serving = world.serve();
    let path = "/v3.0/me?fields=name,friends.limit(400){name}";
    for _ in 0..3 {
        let reply = serving.get(path, &token);
        let size = witnessed_size(&world, &policy);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        assert!(world.receipt(&reply).index < size);
    }
    // A server that begins knows nothing of what they have seen: 409, and a proof from there.
    assert!(serving.stop().success());
    let serving = world.serve();
    serving.read(path, &serving.token(VIEWER));
    let wanted = serving.head();
    eventually("they go on", || witnessed_size(&world, &policy) >= wanted);
    assert_eq!(witnessed(&world, &policy).unwrap().cosignatures.len(), 2);
    // What their witness says to what is no request of ours is what ours says.
    for body in [&b"old 1"[..], b"old 0\n\nnothing\n"] {
        let statuses = [&theirs.url, &ours.url()].map(|url| add_checkpoint(url, body).0);
        assert_eq!(statuses, [400, 400]);
    }
}

#[test]
fn interop_witness_log_has_its_log_cosigned_by_our_witness() {
    let seed = "07".repeat(32);
    let theirs = python("witness_client.py", &json!({ "seed": seed }));
    let log = NoteKey::parse(theirs["log"].as_str().unwrap()).unwrap();
    assert_eq!(theirs["origin"], log.name());
    let ours = Watcher::of("w.example/1", &log);
    let asked = json!({ "seed": seed, "witness": ours.url(), "key": ours.key });
    let found = python("witness_client.py", &asked);
    // One cosignature each at 2 and at 5 entries; told the wrong size, they learn the right one; a proof
    // that proves nothing is refused.
    let steps = json!([[200, 1], [200, 1], [409, "5\n"], [422, Value::Null]]);
    assert_eq!(found["steps"], steps, "{found}");
}
