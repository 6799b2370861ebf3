//! The sample of a period, from the operator's command to the auditor's verdict.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use serde_json::{Value, json};

use crate::audit::ledger::close;
use crate::support::village;
use crate::support::{Serving, World, finish, program, send, verifier};

const QUESTION: &str = "/me?fields=id,name,friends{id,name}";

/// Longer than an answer that was decided before may take.
const SETTLED: Duration = Duration::from_secs(11);

/// The lists of a period, which the operator hands over.
pub(crate) fn lists(world: &World, period: u64) -> PathBuf {
    let period = period.to_string();
    let out = world.path().join(format!("period-{period}.lists"));
    let done = finish(
        program(&["audit", "lists"])
            .arg("--dir")
            .arg(world.path())
            .args([&period, "--out"])
            .arg(&out),
    );
    assert!(done.status.success());
    out
}

/// What came of the sample.
pub(crate) fn sample(world: &World, out: &str, more: &[&str]) -> Result<PathBuf, String> {
    let out = world.path().join(out);
    let mut command = program(&["audit", "sample"]);
    let done = finish(command.arg("--dir").arg(world.path()).args(more).arg("--out").arg(&out));
    match done.status.success() {
        true => Ok(out),
        false => Err(String::from_utf8(done.stderr).unwrap()),
    }
}

/// What the auditor says.
pub(crate) fn audited(world: &World, lists: &Path, sample: &Path, more: &[&str]) -> (bool, Value) {
    let mut index = Command::new(verifier());
    index.arg("index").arg(lists).arg(format!("{}/log", world.url()));
    index.args(["--key", &world.key.to_string(), "--json", "--sample"]).arg(sample).args(more);
    let output = finish(&mut index);
    let said = serde_json::from_slice(&output.stdout);
    let said = said.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.success(), said)
}

fn erase(serving: &Serving<'_>, account: &str) {
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/json")];
    let path = format!("/admin/v1/people/{account}/erasure");
    let body = json!({"export": "made"}).to_string();
    let reply = send(&serving.world.url(), "POST", &path, &headers, &body);
    assert!((200..300).contains(&reply.status), "{:?}", reply.json());
}

#[test]
fn an_auditor_learns_who_is_behind_the_items_that_the_close_draws() {
    let world = village::founded();
    let serving = world.serve();
    serving.read(QUESTION, &serving.token(village::VIEWER));
    let closed = close(&serving);
    let items = closed["items"].as_u64().unwrap();
    let lists = lists(&world, 0);

    let file = sample(&world, "all.sample", &["0"]).unwrap();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let (holds, said) = audited(&world, &lists, &file, &[]);
    assert!(holds, "{said:#}");
    assert_eq!(said["sample"]["opened"], items);
    let accounts = said["sample"]["accounts"].as_array().unwrap();
    assert!(accounts.contains(&json!(village::VIEWER)), "{accounts:?}");
    assert_eq!(accounts.len() as u64, closed["people"].as_u64().unwrap());

    // The auditor's own challenge draws others, and nothing but what was drawn is opened.
    let challenge = "7".repeat(64);
    let asked = ["0", "--items", "3", "--challenge", &challenge];
    let few = sample(&world, "few.sample", &asked).unwrap();
    let asked = ["--sample-items", "3", "--challenge", &challenge];
    let (holds, said) = audited(&world, &lists, &few, &asked);
    assert!(holds, "{said:#}");
    assert_eq!((&said["sample"]["opened"], &said["index"]["sample"]), (&json!(3), &json!(3)));
    let (holds, said) = audited(&world, &lists, &few, &["--sample-items", "3"]);
    assert!(!holds);
    assert_eq!(said["failures"][0]["rule"], "sample_drawn");

    let why = sample(&world, "none.sample", &["1"]).unwrap_err();
    assert!(why.contains("period 1 has no files"), "{why}");

    // Of whom is erased since nobody can open anything; without a server either.
    erase(&serving, village::VIEWER);
    sleep(SETTLED);
    close(&serving);
    let later = sample(&world, "later.sample", &["0"]).unwrap();
    let (holds, said) = audited(&world, &lists, &later, &[]);
    assert!(!holds);
    assert_eq!(said["failures"][0]["rule"], "sample_erased", "{said:#}");
    assert_eq!(said["failure_count"], 1, "{said:#}");
    let erased = said["sample"]["erased"].as_u64().unwrap();
    let (holds, said) = audited(&world, &lists, &later, &["--erased-max", &erased.to_string()]);
    assert!(holds, "{said:#}");
    assert_eq!(said["sample"]["opened"], items - erased);
    serving.stop();
    let offline = sample(&world, "offline.sample", &["0"]).unwrap();
    assert_eq!(std::fs::read(offline).unwrap(), std::fs::read(later).unwrap());
}
