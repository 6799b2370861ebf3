//! The load generator against the floor's server: what it counts is what was served.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

/// A program that is killed when the test ends.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn xtask() -> Command {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
}

#[test]
fn the_load_generator_counts_what_the_floor_serves() {
    let mut floor = xtask();
    floor.args(["floor", "--body-bytes", "300000", "--people", "17", "--header-bytes", "900"]);
    let mut floor = Killed(floor.stdout(Stdio::piped()).spawn().unwrap());
    let mut address = String::new();
    BufReader::new(floor.0.stdout.take().unwrap()).read_line(&mut address).unwrap();

    let folder = tempfile::tempdir().unwrap();
    let requests = folder.path().join("requests");
    std::fs::write(&requests, "/me?fields=id\ttoken-1\n/me\ttoken-2\n").unwrap();
    let mut load = xtask();
    load.args(["load", "--address", address.trim(), "--connections", "3", "--seconds", "0.5"]);
    let output = load.args(["--warm-up-seconds", "0.1", "--requests"]).arg(&requests).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let measured: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(measured["answers"].as_u64().unwrap() > 10, "{measured}");
    assert_eq!(measured["refused"], 0);
    assert_eq!(measured["body_bytes_mean"], 300_000.0);
    assert_eq!(measured["people_per_answer"], 17.0);
    assert!(measured["p50_us"].as_u64() <= measured["p99_us"].as_u64());
    assert!(measured["p99_us"].as_u64() <= measured["max_us"].as_u64());
}
