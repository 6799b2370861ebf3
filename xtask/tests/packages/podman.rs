//! The container: an image from scratch, and what is in it at work.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::{Packed, is_left_out, said};

/// How long a server in a container may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

fn podman(arguments: &[&str]) -> Command {
    let mut podman = Command::new("podman");
    // crun takes no system with groups of both versions.
    podman.args(["--runtime", "runc"]).args(arguments);
    podman
}

/// A container or a volume that goes with the test.
struct Gone(&'static [&'static str]);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = podman(self.0).output();
    }
}

/// Limits that whoever may not raise their own can have.
const LIMITS: [&str; 2] = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096"];

#[test]
fn interop_podman_builds_the_image_from_scratch_and_runs_it_behind_https() {
    if is_left_out("interop_podman_builds_the_image_from_scratch_and_runs_it_behind_https") {
        return;
    }
    let packed = Packed::now();
    let context = packed.path().join("container");
    said(podman(&["build", "--tag", "countersign-test"]).arg(&context));
    let _image = Gone(&["rmi", "--force", "countersign-test"]);
    let _volume = Gone(&["volume", "rm", "--force", "countersign-test"]);
    let _container = Gone(&["rm", "--force", "countersign-test"]);
    let volume = "--volume=countersign-test:/var/lib/countersign";
    let init = ["init", "--origin", "log.example.org/2026"];
    said(
        podman(&["run", "--rm", "--network=none", volume])
            .args(LIMITS)
            .arg("countersign-test")
            .args(init),
    );
    said(
        podman(&["run", "--detach", "--name=countersign-test", "--network=none", volume])
            .args(LIMITS)
            .args(["--env", "COUNTERSIGN_LISTEN=0.0.0.0:8080"])
            .args(["--env", "COUNTERSIGN_PUBLIC_URL=https://platform.example"])
            .args(["--env", "COUNTERSIGN_NETWORK_TRUSTED_PROXIES=[\"10.0.0.0/8\"]"])
            .arg("countersign-test"),
    );
    // Commands find the server, as whoever runs a container has only them.
    let begun = Instant::now();
    loop {
        let closed = podman(&["exec", "countersign-test", "countersign", "log", "close"]).output();
        if closed.unwrap().status.success() {
            break;
        }
        let logs = || super::both(&podman(&["logs", "countersign-test"]).output().unwrap());
        assert!(begun.elapsed() < PATIENCE, "{}", logs());
        sleep(Duration::from_millis(500));
    }
    said(&mut podman(&["exec", "countersign-test", "countersign-verify", "--version"]));
    let stopped = said(&mut podman(&["stop", "--time=30", "countersign-test"]));
    assert!(stopped.contains("countersign-test"));
    let code = said(&mut podman(&["inspect", "--format={{.State.ExitCode}}", "countersign-test"]));
    assert_eq!(code.trim(), "0", "it was killed");
}
