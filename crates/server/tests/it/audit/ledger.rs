//! A person's ledger, from a running server to the outsider's verdict.

use std::fs;
use std::path::Path;
use std::process::Command;

use countersign_domain::relation::Relation;
use countersign_protocol::note::NoteKey;
use countersign_service::clock;
use countersign_verifier::ledger::{Event, Ledger, Question, check};
use countersign_verifier::verdict::{Rule, Verdict};
use serde_json::{Value, json};

use crate::support::log_key;
use crate::support::village;
use crate::support::{Serving, World, eventually, finish, program, send, verifier};

fn key(world: &World) -> NoteKey {
    log_key(&world.directory).parse().unwrap()
}

fn checked(world: &World, bundle: &[u8]) -> (Verdict, Option<Ledger>) {
    let key = key(world);
    check(bundle, &Question::new(&key, clock::now()))
}

/// What holds; its ledger.
fn held(world: &World, bundle: &[u8]) -> Ledger {
    let (verdict, ledger) = checked(world, bundle);
    assert_eq!(verdict.failures, []);
    ledger.unwrap()
}

#[test]
fn a_ledger_is_not_made_before_the_first_close_is_published() {
    let world = village::founded();
    world.configure("publish_interval_ms = 100", "publish_interval_ms = 7000");
    let serving = world.serve();
    let early = std::thread::scope(|scope| {
        let closing = scope.spawn(|| close(&serving));
        let ask = |path: &str| serving.client.get(path, &serving.admin_token()).unwrap();
        eventually("the close is in the log", || ask("/admin/v1/closes").status == 200);
        let path = format!("/admin/v1/people/{}/ledger", village::VIEWER);
        let early = ask(&path);
        closing.join().unwrap();
        early
    });
    assert_eq!(early.status, 503, "{}", String::from_utf8_lossy(&early.body));
}

#[test]
fn a_close_returns_once_a_ledger_of_it_can_be_made_and_checked() {
    let world = village::founded();
    world.configure("publish_interval_ms = 100", "publish_interval_ms = 3000");
    let serving = world.serve();
    let token = serving.token(village::VIEWER);
    serving.read("/me?fields=id,name", &token);
    let run = |arguments: &[&str]| {
        let output = finish(program(arguments).arg("--dir").arg(world.path()));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    run(&["log", "close"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("me.ledger").display().to_string();
    run(&["people", "ledger", village::VIEWER, "--out", &file]);
    let vkey = folder.path().join("log.vkey");
    fs::write(&vkey, run(&["log", "key"])).unwrap();
    assert_eq!(fs::read(&vkey).unwrap(), fs::read(world.directory.log_vkey()).unwrap());
    let key = format!("@{}", vkey.display());
    let said = finish(Command::new(verifier()).args(["ledger", &file, "--key", &key]));
    let said = String::from_utf8([said.stdout, said.stderr].concat()).unwrap();
    assert!(said.starts_with("The ledger holds. Complete since period 0 (closed "), "{said}");
    assert!(said.contains("aurora"), "{said}");
}

/// Closes the period that is open.
pub(crate) fn close(serving: &Serving<'_>) -> Value {
    let authorization = format!("Bearer {}", serving.admin_token());
    let headers = [("authorization", &*authorization)];
    let reply = send(&serving.world.url(), "POST", "/admin/v1/closes", &headers, "");
    assert_eq!(reply.status, 200, "{:?}", reply.json());
    let closed = reply.json().unwrap();
    assert!(serving.world.checkpoint().size > closed["index"].as_u64().unwrap(), "published");
    closed
}

pub(crate) fn ledger(serving: &Serving<'_>, account: &str) -> Vec<u8> {
    let path = format!("/admin/v1/people/{account}/ledger");
    let reply = serving.client.get(&path, &serving.admin_token()).unwrap();
    assert_eq!(reply.status, 200, "{:?}", String::from_utf8_lossy(&reply.body));
    reply.body
}

fn fields_of(ledger: &Ledger, relation: Relation) -> Vec<Vec<String>> {
    let lines = ledger.lines.iter().filter_map(|line| match &line.event {
        Event::Released(released) => Some(released),
        Event::Chose(_) => None,
    });
    lines.filter(|one| one.relation == relation).map(|one| one.fields.clone()).collect()
}

#[test]
fn everybody_gets_a_ledger_that_holds_and_is_complete() {
    let world = village::founded();
    let serving = world.serve();
    let token = serving.token(village::VIEWER);
    let question = "/me?fields=id,name,friends{id,name}";
    serving.read(question, &token);
    assert!(serving.metrics().contains("countersign_log_newest_close_timestamp_seconds 0\n"));
    let first = close(&serving);
    assert_eq!((&first["period"], &first["from"]), (&json!(0), &json!(0)));
    serving.read(question, &token);
    let second = close(&serving);
    assert_eq!(second["from"], first["until"]);
    serving.read(question, &token);
    let head = serving.head();
    eventually("the answer is published", || world.checkpoint().size >= head);

    let viewer = held(&world, &ledger(&serving, village::VIEWER));
    let newest = format!(
        "countersign_log_newest_close_timestamp_seconds {}\n",
        viewer.closed_at.unwrap().seconds()
    );
    assert!(serving.metrics().contains(&newest), "{newest}");
    assert_eq!((viewer.periods, viewer.account.as_str()), (2, village::VIEWER));
    assert_eq!(fields_of(&viewer, Relation::Viewer), vec![["id", "friends", "name"]; 3]);
    assert_eq!(viewer.lines.iter().filter(|line| line.is_provisional).count(), 1);
    let friend = held(&world, &ledger(&serving, &village::open(1)));
    assert_eq!(fields_of(&friend, Relation::Friend), vec![["id", "name"]; 3]);
    let stranger = held(&world, &ledger(&serving, village::STRANGER));
    assert_eq!(fields_of(&stranger, Relation::Friend), Vec::<Vec<String>>::new());
    world.verified(serving.head());
    serving.stop();
    world.assert_checks();
}

#[test]
fn a_bundle_is_checked_by_the_outsiders_command_and_one_bit_more_is_refused() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    serving.read("/me?fields=id,name", &token);
    serving.stop();
    // Without a server the commands do the same.
    let dir = world.path().to_str().unwrap();
    let closed = finish(&mut program(&["log", "close", "--dir", dir, "--json"]));
    assert!(closed.status.success(), "{}", String::from_utf8_lossy(&closed.stderr));
    let file = world.path().join("me.ledger");
    let out = file.to_str().unwrap();
    let written =
        finish(&mut program(&["people", "ledger", "--dir", dir, village::VIEWER, "--out", out]));
    assert!(written.status.success(), "{}", String::from_utf8_lossy(&written.stderr));
    let mode = std::os::unix::fs::PermissionsExt::mode(&file.metadata().unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let again =
        finish(&mut program(&["people", "ledger", "--dir", dir, village::VIEWER, "--out", out]));
    assert!(!again.status.success(), "a file was overwritten");
    let bundle = std::fs::read(Path::new(out)).unwrap();
    assert_eq!(fields_of(&held(&world, &bundle), Relation::Viewer).len(), 1);
    let mut changed = bundle;
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let (verdict, _) = checked(&world, &changed);
    let rules: Vec<Rule> = verdict.failures.iter().map(|failure| failure.rule).collect();
    assert_eq!(rules, [Rule::LedgerEntries]);
}

#[test]
fn a_newcomer_waits_for_the_next_close_and_an_unknown_account_gets_nothing() {
    let world = village::founded();
    let serving = world.serve();
    let ask = |account: &str| {
        let path = format!("/admin/v1/people/{account}/ledger");
        serving.client.get(&path, &serving.admin_token()).unwrap().status
    };
    assert_eq!(ask(village::VIEWER), 409);
    assert_eq!(ask("nobody-of-this-name"), 404);
    close(&serving);
    assert_eq!(ask(village::VIEWER), 200);
}

#[test]
fn what_a_crash_leaves_of_a_close_is_made_whole_by_the_next_start() {
    let world = village::founded();
    let serving = world.serve();
    let token = serving.token(village::VIEWER);
    serving.read("/me?fields=id", &token);
    close(&serving);
    serving.read("/me?fields=id", &token);
    close(&serving);
    serving.kill();
    // As if the crash had come between the close and its files.
    std::fs::remove_dir_all(world.path().join("stream/periods")).unwrap();
    let serving = world.serve();
    let viewer = held(&world, &ledger(&serving, village::VIEWER));
    assert_eq!((viewer.periods, fields_of(&viewer, Relation::Viewer).len()), (2, 2));
    assert_eq!(close(&serving)["period"], 2);
    world.verified(serving.head());
}

#[test]
fn check_says_which_periods_are_closed_and_what_of_them_is_missing() {
    let world = village::founded();
    let check = || {
        let output = finish(program(&["check"]).arg("--dir").arg(world.path()));
        let said = String::from_utf8(output.stdout).unwrap();
        let lines = said.lines().filter_map(|line| line.split_once("periods: "));
        lines.map(|(mark, found)| (mark.trim().to_owned(), found.to_owned())).next().unwrap()
    };
    assert_eq!(check(), ("ok".to_owned(), "none is closed yet".to_owned()));
    let serving = world.serve();
    serving.read("/me", &serving.token(village::VIEWER));
    close(&serving);
    let (mark, found) = check();
    assert!(mark == "ok" && found.starts_with("1 closed, the last at "), "{mark} {found}");
    serving.stop();
    let folder = world.directory.log().join("stream/periods/0");
    let file = fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).max().unwrap();
    let away = world.path().join("away");
    fs::rename(&file, &away).unwrap();
    let (mark, found) = check();
    assert!(mark == "ok" && found.contains("; the files of 1 closes are missing"), "{found}");
    fs::rename(&away, &file).unwrap();
    fs::remove_file(world.directory.key("vrf")).unwrap();
    let (mark, found) = check();
    assert!(mark == "WRONG" && found.contains("vrf.key"), "{mark} {found}");
}
