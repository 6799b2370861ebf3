//! A full disk, as admin calls and commands say it: there is no room, and somebody has to make some.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_demo::client::Reply;
use serde_json::{Value, json};

use crate::faults::full_disk::{Mounted, fill};
use crate::support::village;
use crate::support::{Serving, World, finish, header, program, send};

/// Sends a feed of many people, which the store has to grow for.
fn feed(serving: &Serving<'_>) -> Reply {
    let line = |n: u64| {
        let profile = json!({ "name": "N".repeat(600) });
        format!("{}\n", json!({"sequence": n, "account": format!("new-{n}"), "profile": profile}))
    };
    let lines: String = (1..=2_000).map(line).collect();
    let authorization = format!("Bearer {}", serving.admin_token());
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/x-ndjson")];
    send(&serving.world.url(), "POST", "/admin/v1/people/feed", &headers, &lines)
}

fn post(serving: &Serving<'_>, path: &str, body: &Value) -> Reply {
    serving.client.post(path, &serving.admin_token(), body).unwrap()
}

fn assert_no_room(what: &str, reply: &Reply) {
    let said = String::from_utf8_lossy(&reply.body).into_owned();
    assert_eq!(reply.status, 507, "{what}: {said}");
    assert!(said.contains("No space left on device"), "{what}: {said}");
    assert_eq!(header(reply, "retry-after"), None, "{what}");
}

#[test]
fn crash_full_disk_is_no_room_to_every_admin_call_that_writes() {
    let test = "crash_full_disk_is_no_room_to_every_admin_call_that_writes";
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::at(folder.path(), "32m") else {
        return println!("skipped: {test}: only root may mount a disk");
    };
    let world = World::founded_in(folder.path());
    village::settle(&world);
    let serving = world.serve();
    let canary = json!({ "account": village::visible()[0] });
    let filler = fill(folder.path());
    assert_no_room("a close", &post(&serving, "/admin/v1/closes", &json!({})));
    assert_no_room("a canary", &post(&serving, "/admin/v1/canaries", &canary));
    // The system cuts a write short that begins where there is room and ends where there is none.
    let full = fs::metadata(&filler).unwrap().len();
    for free_kib in [0, 4, 12, 36, 68, 132, 260] {
        fill(folder.path());
        fs::File::options()
            .write(true)
            .open(&filler)
            .unwrap()
            .set_len(full - free_kib * 1_024)
            .unwrap();
        assert_no_room(&format!("a feed with {free_kib} KiB free"), &feed(&serving));
    }
    let applied = serving.client.get("/admin/v1/people/feed", &serving.admin_token()).unwrap();
    assert_eq!(applied.json().unwrap(), json!({ "sequence": 0 }));
    fs::remove_file(&filler).unwrap();
    for (what, reply) in [
        ("a close", post(&serving, "/admin/v1/closes", &json!({}))),
        ("a canary", post(&serving, "/admin/v1/canaries", &canary)),
        ("a feed", feed(&serving)),
    ] {
        assert_eq!(reply.status, 200, "{what}: {}", String::from_utf8_lossy(&reply.body));
    }
    assert!(serving.stop().success());
    world.assert_checks();
}

/// Makes a full disk a larger one.
fn make_room(folder: &Path) {
    let mut remount = Command::new("mount");
    assert!(remount.args(["-o", "remount,size=64m"]).arg(folder).status().unwrap().success());
}

#[test]
fn crash_init_on_a_full_disk_leaves_nothing_and_can_be_run_again() {
    let test = "crash_init_on_a_full_disk_leaves_nothing_and_can_be_run_again";
    let folder = tempfile::tempdir().unwrap();
    // A whole instance takes some 140 KiB of pages of 4 KiB.
    for (size_kib, below) in (4..=124).step_by(8).zip(["", "new"].into_iter().cycle()) {
        let size = format!("{size_kib}k");
        let Some(_mounted) = Mounted::at(folder.path(), &size) else {
            return println!("skipped: {test}: only root may mount a disk");
        };
        let path = folder.path().join(below);
        let init = || finish(program(&["init", "--listen", "127.0.0.1:0", "--dir"]).arg(&path));
        let refused = init();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(1), "{size}: {said}");
        let is_no_room = said.contains("No space left on device") || said.contains("make room");
        assert!(is_no_room, "{size}: {said}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert!(left.is_empty(), "{size}: {left:?}");
        make_room(folder.path());
        let made = init();
        assert!(made.status.success(), "{size}: {}", String::from_utf8_lossy(&made.stderr));
    }
}

#[test]
fn crash_a_new_witness_on_a_full_disk_can_be_made_again() {
    let test = "crash_a_new_witness_on_a_full_disk_can_be_made_again";
    let folder = tempfile::tempdir().unwrap();
    for size in ["4k", "8k"] {
        let Some(_mounted) = Mounted::at(folder.path(), size) else {
            return println!("skipped: {test}: only root may mount a disk");
        };
        let new = ["log", "witness", "new", "--name", "w.example/1", "--dir"];
        let make = || finish(program(&new).arg(folder.path()));
        let refused = make();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success() && said.contains("No space left on device"), "{said}");
        make_room(folder.path());
        let made = make();
        assert!(made.status.success(), "{size}: {}", String::from_utf8_lossy(&made.stderr));
    }
}
