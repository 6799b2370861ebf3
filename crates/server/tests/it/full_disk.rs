//! A disk that takes no more: nothing is released, everybody is told clearly, and it goes on by itself
//! once there is room. On a real file system that is full, where this may be mounted, and on a limit of
//! the process, anywhere.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use countersign::demo::client::Reply;
use rustix::process::{Resource, Rlimit, prlimit};

use crate::support::{Serving, World, eventually, header, program};
use crate::village;

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
    assert_eq!((refused.status, refused.error_code()), (503, Some(2)));
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    assert_eq!(header(&refused, "countersign-receipt"), None);
    let said = String::from_utf8_lossy(&refused.body).into_owned();
    assert!(said.contains("nothing was released") && !said.contains(" of "), "{said}");

    // Refusals go on, leave nothing behind in the log, and the operator is told what to do.
    let head = serving.head();
    for _ in 0..200 {
        let reply = serving.get(READ, token);
        assert_eq!((reply.status, reply.error_code()), (503, Some(2)));
    }
    assert_eq!(serving.head(), head);
    let said = serving.said();
    assert!(said.contains("make room on it: appending goes on by itself"), "{said}");

    make_room();
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
struct Mounted<'a>(&'a Path);

impl<'a> Mounted<'a> {
    fn at(folder: &'a Path, size: &str) -> Option<Self> {
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
    let serving = world.serve_with(command.arg(world.path()));
    assert_stops_and_recovers(&serving, &token, || {
        let unlimited = Rlimit { current: None, maximum: None };
        prlimit(Some(serving.pid()), Resource::Fsize, unlimited).unwrap();
    });
}
