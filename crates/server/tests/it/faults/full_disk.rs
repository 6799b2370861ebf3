//! A disk that takes no more: nothing is released, everybody is told clearly, and it goes on by itself
//! once there is room. On a real file system that is full, where this may be mounted, and on a limit of
//! the process, anywhere.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use countersign_demo::client::Reply;
use countersign_demo::world as demo;
use rustix::process::{Resource, Rlimit, prlimit};
use serde_json::{Value, json};

use crate::support::village;
use crate::support::{Serving, World, eventually, finish, header, program};

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name,work,birthday}";

/// Reads until the disk refuses; the indices of the answers, and the refusal.
fn read_until_refused(serving: &Serving<'_>, token: &str) -> (Vec<u64>, Reply) {
    let mut indices = Vec::new();
    loop {
        let reply = serving.get(READ, token);
        if reply.status != 200 {
            return (indices, reply);
        }
        indices.push(serving.world.receipt(&reply).index);
        assert!(indices.len() < 20_000, "the disk takes everything");
    }
}

/// Fills the disk by reading, and makes room again.
fn assert_stops_and_recovers(serving: &Serving<'_>, token: &str, make_room: impl FnOnce()) {
    let world = serving.world;
    let (indices, refused) = read_until_refused(serving, token);
    assert_eq!((refused.status, refused.error_code()), (500, Some(1)));
    // It does not pass by itself, so nobody is asked to try again, and no traffic is sent here.
    assert_eq!(header(&refused, "retry-after"), None);
    assert!(refused.json().unwrap()["error"].get("is_transient").is_none());
    let ready = serving.get("/readyz", "");
    let said = String::from_utf8(ready.body).unwrap();
    assert!(ready.status == 503 && said.contains("make room on it"), "{said}");
    // A command does not wait for what does not come by itself.
    let wanted = ["--account", village::VIEWER, "--build", demo::BUILD, "--purpose", demo::PURPOSE];
    let made = finish(program(&["people", "token"]).arg("--dir").arg(world.path()).args(wanted));
    let said = String::from_utf8_lossy(&made.stderr).into_owned();
    assert_eq!(made.status.code(), Some(1), "{said}");
    assert!(said.contains("make room") || said.contains("No space left"), "{said}");
    assert!(!said.contains("asks to wait"), "{said}");
    assert_eq!(header(&refused, "countersign-receipt"), None);
    let said = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(said.contains("nothing was released") && !said.contains(" of "), "{said}");

    // Refusals go on, leave nothing behind in the log, and the operator is told what to do.
    let head = serving.head();
    for _ in 0..200 {
        let reply = serving.get(READ, token);
        assert_eq!((reply.status, reply.error_code()), (500, Some(1)));
    }
    // What the token's person chose is told as soon as there is room for so little.
    assert!(serving.head() <= head + 1, "refusals are in the log");
    let said = serving.said();
    assert!(said.contains("make room on it: appending goes on by itself"), "{said}");

    make_room();
    // It is found ready again without anybody who asks for data.
    eventually("it is ready again", || serving.get("/readyz", "").status == 200);
    eventually("it goes on by itself", || serving.get(READ, token).status == 200);
    let reply = serving.get(READ, token);
    let receipt = world.receipt(&reply);
    assert_eq!(receipt.index + 1, serving.head());
    let leaves = world.verified(serving.head());
    assert_eq!(leaves[receipt.index as usize].hash, receipt.leaf.0);
    assert!(indices.iter().all(|index| (*index as usize) < leaves.len()));
    world.assert_checks();
}

/// A small file system that is gone with the test.
pub(crate) struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    pub(crate) fn at(folder: &'a Path, size: &str) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| Self(folder))
    }
}

impl Drop for Mounted<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).output();
    }
}

#[test]
fn crash_full_disk_stops_releases_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let Some(_mounted) = Mounted::at(folder.path(), "16m") else {
        println!(
            "skipped: crash_full_disk_stops_releases_and_recovers: only root may mount a disk"
        );
        return;
    };
    let world = World::founded_in(folder.path());
    village::settle(&world);
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    // What the server says goes to the same disk, which has room for a few lines of it: a line that
    // cannot be written must not stop the server either.
    let filler = folder.path().join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    while file.write_all(&[0; 65_536]).is_ok() {}
    file.set_len(file.metadata().unwrap().len() - 32 * 1_024).unwrap();
    drop(file);
    assert_stops_and_recovers(&serving, &token, || fs::remove_file(&filler).unwrap());
    assert!(serving.stop().success());
    world.assert_checks();
}

#[test]
fn crash_file_limit_stops_releases_and_recovers() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    // The people store maps a large file and was written before; the stream is what grows.
    let serve = "trap '' XFSZ; ulimit -S -f 1024; exec \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", serve, "sh"]).arg(program(&[]).get_program()).arg("serve");
    let serving = world.serve_with(command.arg("--dir").arg(world.path()));
    assert_stops_and_recovers(&serving, &token, || {
        let unlimited = Rlimit { current: None, maximum: None };
        prlimit(Some(serving.pid()), Resource::Fsize, unlimited).unwrap();
    });
}

/// Takes all the room that a folder's disk has.
pub(crate) fn fill(folder: &Path) -> std::path::PathBuf {
    let filler = folder.join("filler");
    let mut file = fs::File::create(&filler).unwrap();
    for bytes in [65_536, 4_096, 1] {
        while file.write_all(&vec![0; bytes]).is_ok() {}
    }
    filler
}

/// The names of the viewer's friends, as a partner's device sees them.
fn names(serving: &Serving<'_>, token: &str) -> Value {
    serving.read("/v3.0/me?fields=name,friends.limit(400){name}", token)
}

#[test]
fn crash_full_disk_of_people_changes_nothing_and_recovers() {
    let test = "crash_full_disk_of_people_changes_nothing_and_recovers";
    let world = village::founded();
    let token = world.token(village::VIEWER);
    // The people alone are on the disk that is full: the log goes on.
    let (people, beside) = (world.directory.people(), world.path().join("people-before"));
    fs::rename(&people, &beside).unwrap();
    fs::create_dir(&people).unwrap();
    let Some(_mounted) = Mounted::at(&people, "8m") else {
        return println!("skipped: {test}: only root may mount a disk");
    };
    let copied = Command::new("cp").arg("-a").arg(beside.join(".")).arg(&people).output().unwrap();
    assert!(copied.status.success());
    let before = {
        let serving = world.serve();
        let before = names(&serving, &token);
        let filler = fill(&people);
        // Grants are kept until the store would have to grow.
        let body =
            json!({"account": village::VIEWER, "build": demo::BUILD, "purpose": demo::PURPOSE});
        let ask = || {
            let admin = serving.admin_token();
            serving.client.post("/admin/v1/tokens", &admin, &body).unwrap()
        };
        let mut asked = 0;
        let refused = loop {
            let reply = ask();
            if reply.status != 200 {
                break reply;
            }
            asked += 1;
            assert!(asked < 20_000, "the disk takes everything");
        };
        let said = String::from_utf8_lossy(&refused.body).into_owned();
        assert!(refused.status == 507 && said.contains("No space left on device"), "{said}");
        assert_eq!(header(&refused, "retry-after"), None);
        assert_eq!(names(&serving, &token), before);
        fs::remove_file(filler).unwrap();
        eventually("grants are made again", || ask().status == 200);
        assert!(serving.stop().success());
        before
    };
    // An import that finds no room is no import.
    let filler = fill(&people);
    let file = world.path().join("more.jsonl");
    let line =
        |n| format!("{}\n", json!({"account": format!("more-{n}"), "profile": {"name": "N"}}));
    fs::write(&file, (0..2_000).map(line).collect::<String>()).unwrap();
    let import = || {
        finish(program(&["people", "import", "jsonl"]).arg("--dir").arg(world.path()).arg(&file))
    };
    let refused = import();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    world.assert_checks();
    let serving = world.serve();
    assert_eq!(names(&serving, &token), before);
    assert!(serving.stop().success());
    fs::remove_file(filler).unwrap();
    let imported = import();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
    let serving = world.serve();
    assert_eq!(names(&serving, &token), before);
    assert!(serving.stop().success());
    world.assert_checks();
}

#[test]
fn crash_full_disk_of_the_site_stops_releases_before_the_promise_and_recovers() {
    let test = "crash_full_disk_of_the_site_stops_releases_before_the_promise_and_recovers";
    let world = village::founded();
    world.configure("publish_deadline_s = 60", "publish_deadline_s = 10");
    let token = world.token(village::VIEWER);
    let (site, beside) = (world.directory.site(), world.path().join("log-before"));
    fs::rename(&site, &beside).unwrap();
    fs::create_dir(&site).unwrap();
    let Some(_mounted) = Mounted::at(&site, "1m") else {
        return println!("skipped: {test}: only root may mount a disk");
    };
    let copied = Command::new("cp").arg("-a").arg(beside.join(".")).arg(&site).output().unwrap();
    assert!(copied.status.success());
    let serving = world.serve();
    let published = world.verified(0).len() as u64;
    let filler = fill(&site);
    let receipt = world.receipt(&serving.get(READ, &token));
    assert!(receipt.index >= published);
    eventually("releases stop", || serving.get(READ, &token).status != 200);
    let refused = serving.get(READ, &token);
    assert_eq!((refused.status, refused.error_code()), (500, Some(1)));
    let ready = serving.get("/readyz", "");
    let said = String::from_utf8(ready.body).unwrap();
    assert!(ready.status == 503 && said.contains("nothing could be published since"), "{said}");
    // What was published stays whole, acts are taken, and the reason is told.
    assert_eq!(world.verified(0).len() as u64, published);
    serving.suspend();
    serving.reinstate();
    let said = serving.said();
    assert!(said.contains("the log was not published") && said.contains("No space left"), "{said}");
    fs::remove_file(filler).unwrap();
    eventually("it goes on by itself", || serving.get(READ, &token).status == 200);
    let leaves = world.verified(serving.head());
    assert_eq!(leaves[receipt.index as usize].hash, receipt.leaf.0);
    assert!(serving.stop().success());
    world.assert_checks();
}
