//! Programs on libraries that we did not write. Each gets a JSON document and gives one back.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::ids;

/// What a program of `testdata/interop/python` finds.
pub(crate) fn python(program: &str, asked: &Value) -> Value {
    let mut python = interpreter("COUNTERSIGN_PYTHON", "Python and the packages from PyPI");
    run(python.args(["-W", "ignore"]), &format!("python/{program}"), asked)
}

/// What a program of `testdata/interop/node` finds.
pub(crate) fn node(program: &str, asked: &Value) -> Value {
    let mut node = interpreter("COUNTERSIGN_NODE", "Node.js and the packages from npm");
    run(node.arg("--no-deprecation"), &format!("node/{program}"), asked)
}

fn interpreter(variable: &str, what: &str) -> Command {
    let Some(path) = std::env::var_os(variable) else {
        panic!("this test needs {what}: run cargo xtask test interop_");
    };
    Command::new(path)
}

fn run(command: &mut Command, program: &str, asked: &Value) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/interop");
    let mut running = command
        .arg(folder.join(program))
        .env("NO_PROXY", "*")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
    let output = running.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The ids of the friends that a program found, each of them once.
pub(crate) fn friends(found: &Value) -> BTreeSet<String> {
    let listed = ids(&json!({ "data": found["friends"] }));
    let set: BTreeSet<_> = listed.iter().cloned().collect();
    assert_eq!(set.len(), listed.len(), "a friend came twice");
    set
}

/// The names of the permissions that a program found granted.
pub(crate) fn granted(found: &Value) -> BTreeSet<String> {
    let list = found["permissions"].as_array().unwrap_or_else(|| panic!("{found}"));
    let granted = list.iter().filter(|one| one["status"] == "granted");
    granted.map(|one| one["permission"].as_str().unwrap().to_owned()).collect()
}
