//! What people meet who use the commands for the first time: folders with any name, one order of arguments, and
//! errors that say where, why and what to do next.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::{World, finish, program};

/// Runs a command that has to fail; what it said on standard error and on standard output.
fn refused(command: &mut std::process::Command) -> (String, String) {
    let output = finish(command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    (said, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_folder_may_have_a_name_that_is_no_text() {
    let folder = tempfile::tempdir().unwrap();
    for (name, arguments) in [
        (&b"inst\xff"[..], &["init"][..]),
        (b"json\xff", &["init", "--json"]),
        (b"watch\xff", &["witness", "new", "--name", "w.example/1", "--json"]),
    ] {
        let path = folder.path().join(OsStr::from_bytes(name));
        let output = finish(program(arguments).arg(&path));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(path.exists());
    }
    let draft = folder.path().join(OsStr::from_bytes(b"draft\xff"));
    let output = finish(program(&["--json", "agreement", "new", "--out"]).arg(&draft));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(draft.exists());
}

#[test]
fn the_folder_of_the_instance_comes_first_or_is_an_option() {
    for (command, expected) in [
        (&["people", "import"][..], "<KIND> <DIR> <PATH>"),
        (&["rules", "check"], "<DIR> <FILE>"),
        (&["rules", "publish"], "<DIR> <FILE>"),
        (&["agreement", "conclude"], "<DIR> <FILE>"),
        (&["agreement", "check"], "<FILE>"),
        (&["agreement", "diff"], "<A> <B>"),
        (&["agreement", "export"], "--odrl <FILE>"),
        (&["agreement", "import"], "--odrl <FILE>"),
    ] {
        let output = finish(program(command).arg("--help"));
        let help = String::from_utf8(output.stdout).unwrap();
        let usage = help.lines().find(|line| line.starts_with("Usage: ")).unwrap();
        assert!(usage.ends_with(expected), "{usage}");
        let has_option = help.contains("--dir <DIR>");
        assert_ne!(has_option, usage.contains("<DIR>"), "{help}");
    }
}

#[test]
fn an_address_that_is_taken_is_named_with_the_next_step() {
    let world = World::founded();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let path = world.path().join("countersign.toml");
    let text = fs::read_to_string(&path).unwrap();
    let line = text.lines().find(|line| line.starts_with("listen =")).unwrap().to_owned();
    fs::write(&path, text.replace(&line, &format!("listen = \"{address}\""))).unwrap();
    let (said, _) = refused(program(&["serve"]).arg(world.path()));
    assert!(said.contains(&format!("cannot listen on {address}: ")), "{said}");
    assert!(said.contains("choose another address"), "{said}");
    let (said, _) = refused(&mut program(&["demo", "--listen", "192.0.2.1:8099"]));
    assert!(said.contains("cannot listen on 192.0.2.1:8099: "), "{said}");
    let tour = ["demo", "--tour", "--count", "50", "--listen", &address.to_string()];
    let output = finish(&mut program(&tour));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("{address} is in use, so the demonstration is on ")), "{said}");
}

#[test]
fn init_is_advised_only_where_there_is_no_instance() {
    let folder = tempfile::tempdir().unwrap();
    let (said, _) = refused(program(&["serve"]).arg(folder.path()));
    assert!(said.contains("countersign.toml: there is no such file"), "{said}");
    assert!(said.contains("make one with `countersign init`"), "{said}");
    // A folder in its place cannot be read, by root neither.
    fs::create_dir(folder.path().join("countersign.toml")).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let (said, _) = refused(program(&["serve"]).arg(folder.path()));
    assert!(said.contains("countersign.toml: the configuration cannot be read: "), "{said}");
    assert!(!said.contains("countersign init"), "{said}");
}

#[test]
fn json_tells_of_a_failure_too() {
    let folder = tempfile::tempdir().unwrap();
    let (said, document) = refused(program(&["--json", "serve"]).arg(folder.path()));
    let document: Value = serde_json::from_str(&document).unwrap();
    let error = document["error"].as_str().unwrap();
    assert!(error.contains("there is no such file") && said.contains(error), "{document}");
    assert!(document["because"].is_array(), "{document}");
}

#[test]
fn a_word_that_is_no_level_is_refused_and_silences_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(&["serve"]);
    let (said, _) = refused(command.arg(folder.path()).env("COUNTERSIGN_LOG", "debg"));
    assert!(said.starts_with("error: COUNTERSIGN_LOG: \"debg\" is not a level"), "{said}");
}
