//! From the operator to the auditor: how the directory of accounts grew, beside a running server and without one, and
//! the auditor's check against the log.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::audit::ledger::close;
use crate::support::village;
use crate::support::{Serving, World, finish, program, send, verifier};

/// Writes the growth since an epoch; what the command says.
pub(crate) fn write_growth(world: &World, since: u64, out: &Path) -> Result<(), String> {
    let mut command = program(&["audit", "directory"]);
    let since = since.to_string();
    let output = finish(
        command.arg("--dir").arg(world.path()).args(["--since", &since]).arg("--out").arg(out),
    );
    if output.status.success() {
        return Ok(());
    }
    Err(String::from_utf8(output.stderr).unwrap())
}

fn audited(world: &World, growth: &Path) -> Value {
    let mut command = Command::new(verifier());
    command.arg("directory").arg(growth).arg(world.directory.site());
    let output = finish(command.args(["--key", &world.key.to_string(), "--json"]));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Three closes: somebody comes before each of them but the last.
fn closed(serving: &Serving<'_>) {
    close(serving);
    let bearer = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*bearer), ("content-type", "application/x-ndjson")];
    for (account, sequence) in [("late-1", 1), ("late-2", 2)] {
        let line = json!({"sequence": sequence, "account": account, "profile": {"name": account}});
        let url = serving.world.url();
        let fed = send(&url, "POST", "/admin/v1/people/feed", &headers, &line.to_string());
        assert_eq!(fed.status, 200);
        close(serving);
    }
}

#[test]
fn an_auditor_sees_that_the_directory_only_grew() {
    let world = village::founded();
    let file = |name: &str| world.path().join(name);
    let serving = world.serve();
    closed(&serving);
    write_growth(&world, 0, &file("all.growth")).unwrap();
    let all = audited(&world, &file("all.growth"));
    assert_eq!(all["holds"], true, "{all:#}");
    assert_eq!(all["epochs"], json!({"first": 0, "last": 3}));
    assert_eq!(all["rules"]["directory_closes"]["checked"], 3);
    serving.stop();
    // Without a server, and from where the last audit ended.
    write_growth(&world, 2, &file("since.growth")).unwrap();
    let since = audited(&world, &file("since.growth"));
    assert_eq!((&since["holds"], &since["epochs"]["first"]), (&json!(true), &json!(2)));
    assert_eq!(since["rules"]["directory_closes"]["checked"], 2);
    let notices = since["notices"].as_array().unwrap();
    assert!(notices.iter().any(|notice| notice.to_string().contains("of which nothing is shown")));

    let refused = write_growth(&world, 3, &file("none.growth")).unwrap_err();
    assert!(refused.contains("still at epoch 3"), "{refused}");
    let refused = write_growth(&world, 0, &file("all.growth")).unwrap_err();
    assert!(refused.contains("all.growth"), "what is there is not overwritten: {refused}");
    // One bit of what did not change.
    let mut growth = std::fs::read(file("all.growth")).unwrap();
    let last = growth.len() - 1;
    growth[last] ^= 1;
    std::fs::write(file("changed.growth"), growth).unwrap();
    assert_eq!(audited(&world, &file("changed.growth"))["holds"], false);
}
