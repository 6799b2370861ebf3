//! The API document judged by programs that we did not write: PyPI's openapi-spec-validator says whether
//! it is OpenAPI 3.1, and schemathesis whether the server does what it says, whatever it is sent.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use countersign_demo::world;
use serde_json::Value;

use crate::admin::openapi::names;
use crate::graph::client_tokens::{proof, with_other_client};
use crate::support::village;
use crate::support::{Serving, World, finish_within};

/// How long schemathesis may take before it is a failure.
const PATIENCE: Duration = Duration::from_secs(1_800);

fn python(arguments: &[&str]) -> Command {
    let Some(python) = std::env::var_os("COUNTERSIGN_PYTHON") else {
        panic!("this test needs Python packages: run cargo xtask test interop_openapi");
    };
    let mut command = Command::new(python);
    command.args(arguments).env("NO_PROXY", "*");
    command
}

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/interop/python").join(name)
}

/// Where a test leaves what its program wrote.
fn found(world: &World, name: &str) -> String {
    world.path().with_file_name(name).to_string_lossy().into_owned()
}

#[test]
fn interop_openapi_validator_finds_a_valid_document_and_true_examples() {
    let world = village::founded();
    let serving = world.serve();
    let file = found(&world, "openapi.json");
    std::fs::write(&file, serving.page("/openapi.json")).unwrap();
    let program = testdata("validate_openapi.py");
    let output = finish_within(
        python(&[program.to_str().unwrap(), &file]).current_dir(world.path()),
        PATIENCE,
    );
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let counts: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(counts["operations"].as_u64().unwrap() >= 20, "{counts}");
    assert!(counts["examples"].as_u64().unwrap() >= 20, "{counts}");
}

/// Runs schemathesis on everything that is documented.
fn examine(world: &World, serving: &Serving<'_>, access_token: &str, secret: &str) {
    let full = std::env::var_os("COUNTERSIGN_FULL").is_some();
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap().trim().to_owned();
    let url = format!("{}/openapi.json", world.url());
    let names = names(world, serving, access_token);
    let mut config = std::fs::read_to_string(testdata("schemathesis.toml")).unwrap();
    for (name, value) in [
        ("VIEWER_ID", &names["viewer"]),
        ("FRIEND_ID", &names["friend"]),
        ("DIGEST", &names["digest"]),
        ("ACCESS_TOKEN", &access_token.to_owned()),
        ("CLIENT", &world::CLIENT.to_owned()),
        ("CLIENT_SECRET", &secret.to_owned()),
        ("PROOF", &proof(secret, access_token)),
        ("ADMIN_TOKEN", &serving.admin_token()),
        ("DECIDE_TOKEN", &read(world.directory.decide_token())),
        ("METRICS_TOKEN", &read(world.directory.metrics_token())),
    ] {
        config = config.replace(&format!("${{{name}}}"), value);
    }
    let file = found(world, "schemathesis.toml");
    std::fs::write(&file, config).unwrap();
    let mut command = python(&["-c", "from schemathesis.cli import schemathesis; schemathesis()"]);
    command
        .args(["--config-file", &file, "run", &url])
        .args(["--seed", "20180601", "--workers", "1"])
        .args(["--max-examples", if full { "400" } else { "25" }])
        .args(["--generation-database", ":memory:"])
        .current_dir(world.path())
        .env("PYTHONPATH", testdata(""))
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let output = finish_within(&mut command, PATIENCE);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    println!("{said}");
}

#[test]
fn interop_openapi_schemathesis_finds_no_failure() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let secret = world.client_secret(world::CLIENT);
    with_other_client(&world);
    let serving = world.serve();
    let head = serving.head();
    examine(&world, &serving, &token, &secret);
    let answers = serving.head() - head;
    assert!(answers > 50, "schemathesis got {answers} answers about people");
    // Whatever was sent, the log holds, and nothing of it was taken for a failure of ours.
    world.verified(serving.head());
    let said = serving.said();
    assert!(!said.contains("ERROR") && !said.contains("panicked"), "{said}");
}
