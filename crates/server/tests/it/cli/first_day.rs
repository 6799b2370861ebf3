//! What people meet who use the commands for the first time: folders with any name, one order of arguments, and
//! errors that say where, why and what to do next.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::{Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

use crate::support::{World, eventually, finish, program, send};

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
        (b"watch\xff", &["log", "witness", "new", "--name", "w.example/1", "--json"]),
    ] {
        let path = folder.path().join(OsStr::from_bytes(name));
        let output = finish(program(arguments).arg("--dir").arg(&path));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(path.exists());
    }
    let draft = folder.path().join(OsStr::from_bytes(b"draft\xff"));
    let output = finish(program(&["--json", "agreement", "new", "--out"]).arg(&draft));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(draft.exists());
}

#[test]
fn dir_is_an_option_a_variable_or_the_current_folder() {
    let world = World::founded();
    let elsewhere = tempfile::tempdir().unwrap();
    let (here, there) = (world.path(), elsewhere.path());
    let show = |from: &Path, option: Option<&Path>, variable: Option<&Path>| {
        let mut show = program(&["governance", "rules", "show"]);
        show.current_dir(from).args(option.map(|_| "--dir")).args(option);
        if let Some(dir) = variable {
            show.env("COUNTERSIGN_DIR", dir);
        }
        let output = finish(&mut show);
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for (from, option, variable) in [
        (there, Some(here), None),
        (there, None, Some(here)),
        (here, None, None),
        (here, None, Some(Path::new(""))),
        (there, Some(here), Some(there)),
    ] {
        let (code, said) = show(from, option, variable);
        assert_eq!(code, Some(0), "{option:?} {variable:?}: {said}");
    }
    for (from, option, variable) in
        [(there, None, None), (here, None, Some(there)), (here, Some(there), Some(here))]
    {
        let (code, said) = show(from, option, variable);
        assert_eq!(code, Some(1), "{option:?} {variable:?}: {said}");
        assert!(said.contains("with --dir or COUNTERSIGN_DIR"), "{said}");
        assert!(said.contains("make one with `countersign init`"), "{said}");
    }
}

#[test]
fn dir_that_may_be_left_out_is_the_current_folder_where_that_has_an_instance() {
    let folder = tempfile::tempdir().unwrap();
    let draft = folder.path().join("draft.toml");
    let made = finish(program(&["agreement", "new", "--out"]).arg(&draft));
    assert!(made.status.success());
    let check = |from: &Path| {
        let output = finish(program(&["agreement", "check"]).arg(&draft).current_dir(from));
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(check(folder.path()), (true, String::new()));
    fs::write(folder.path().join("countersign.toml"), "listen = 1\n").unwrap();
    let (is_taken, said) = check(folder.path());
    assert!(!is_taken && said.contains("countersign.toml:1:"), "{said}");
}

#[test]
fn a_new_instance_or_witness_may_be_made_where_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let (platform, watching) = (folder.path().join("platform"), folder.path().join("watching"));
    for dir in [&platform, &watching] {
        fs::create_dir(dir).unwrap();
    }
    let made = finish(program(&["init"]).current_dir(&platform));
    let said = String::from_utf8(made.stdout).unwrap();
    assert!(said.ends_with("      countersign serve\n"), "{said}");
    assert!(platform.join("countersign.toml").exists());
    let new = ["log", "witness", "new", "--name", "w.example/1"];
    assert!(finish(program(&new).current_dir(&watching)).status.success());
    assert!(watching.join("witness.key").exists());
    let (said, _) = refused(program(&new).current_dir(&platform));
    assert!(said.contains("an instance is in this folder"), "{said}");
    assert!(!platform.join("witness.key").exists());
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
    let (said, _) = refused(program(&["serve"]).arg("--dir").arg(world.path()));
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
    let (said, _) = refused(program(&["serve"]).arg("--dir").arg(folder.path()));
    assert!(said.contains("countersign.toml: there is no such file"), "{said}");
    assert!(said.contains("make one with `countersign init`"), "{said}");
    // A folder in its place cannot be read, by root neither.
    fs::create_dir(folder.path().join("countersign.toml")).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let (said, _) = refused(program(&["serve"]).arg("--dir").arg(folder.path()));
    assert!(said.contains("countersign.toml: it is a folder; name a file in it"), "{said}");
    assert!(!said.contains("countersign init"), "{said}");
}

#[test]
fn a_key_is_never_written_over_a_file_that_exists() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.key");
    fs::write(&file, "mine").unwrap();
    let (said, _) = refused(program(&["key", "new"]).arg(&file));
    assert!(said.contains("a.key: a file of this name exists"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn json_tells_of_a_failure_too() {
    let folder = tempfile::tempdir().unwrap();
    let (said, document) = refused(program(&["--json", "serve"]).arg("--dir").arg(folder.path()));
    let document: Value = serde_json::from_str(&document).unwrap();
    let error = document["error"].as_str().unwrap();
    assert!(error.contains("there is no such file") && said.contains(error), "{document}");
    assert!(document["because"].is_array(), "{document}");
}

#[test]
fn a_word_that_is_no_level_is_refused_and_silences_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program(&["serve"]);
    let (said, _) = refused(command.arg("--dir").arg(folder.path()).env("COUNTERSIGN_LOG", "debg"));
    assert!(said.starts_with("error: COUNTERSIGN_LOG: \"debg\" is not a level"), "{said}");
}

#[test]
fn json_tells_of_wrong_arguments_too() {
    let output = finish(&mut program(&["serve", "--json", "platform"]));
    assert_eq!(output.status.code(), Some(2));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(document["error"].as_str().unwrap().starts_with("unexpected argument"), "{document}");
    let help = finish(&mut program(&["serve", "--json", "--help"]));
    assert!(help.status.success() && help.stdout.starts_with(b"Serve"));
}

#[test]
fn a_hangup_stops_a_server_in_order_unless_it_is_to_be_ignored() {
    let world = World::founded();
    // Whoever runs the tests may have them ignore it. A terminal of its own is closed below.
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&terminal).and_then(|()| unlockpt(&terminal)).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let mut heard = Command::new("setsid");
    heard.args(["--ctty", "env", "--default-signal=HUP"]).arg(program(&[]).get_program());
    heard.stdin(std::fs::File::options().read(true).write(true).open(name).unwrap());
    let serving = world.serve_with(heard.args(["serve", "--dir"]).arg(world.path()));
    // The other end of its standard input is this process's own.
    drop((heard, terminal));
    eventually("the server says so", || serving.said().contains("SIGHUP: stopping"));
    assert!(serving.stop().success());
    let mut nohup = Command::new("nohup");
    nohup.arg(program(&[]).get_program()).args(["serve", "--dir"]).arg(world.path());
    let serving = world.serve_with(&mut nohup);
    kill_process(serving.pid(), Signal::HUP).unwrap();
    assert_eq!(serving.page("/healthz"), "ok\n");
    assert_eq!(serving.said().matches("SIGHUP").count(), 1);
    assert!(serving.stop().success());
}

#[test]
fn what_cannot_be_read_of_an_admin_request_is_named_in_plain_words() {
    let world = World::founded();
    let serving = world.serve();
    let authorization = format!("Bearer {}", serving.admin_token());
    let bearer = ("authorization", authorization.as_str());
    let json = ("content-type", "application/json");
    let text = ("content-type", "text/plain");
    for (method, path, kind, body, expected) in [
        ("POST", "/admin/v1/tokens", json, "{}", "the body: missing field `account`"),
        ("POST", "/admin/v1/tokens", text, "{}", "the header `Content-Type: application/json`"),
        ("GET", "/admin/v1/directory?since=x", text, "", "the query: since: invalid digit"),
    ] {
        let reply = send(&world.url(), method, path, &[bearer, kind], body);
        let said = reply.json().unwrap()["error"].as_str().unwrap().to_owned();
        assert!(said.starts_with(expected), "{path}: {said}");
    }
}
