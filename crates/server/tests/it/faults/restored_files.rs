//! Single files of an instance that are missing, older, or another's, by the table in
//! docs/operations/backup-and-recovery.md: `serve` and `countersign check` say the same of each.

use std::fs;

use countersign_protocol::witness_policy::Policy;

use crate::faults::restored::{
    Backup, CLOSED, ERASED, QUESTION, STAYS, VIEWER, assert_refused, copy, friends, lived, refused,
    remove, run,
};
use crate::log::witnessed;
use crate::network::tls;
use crate::support::witnesses::{self, Watcher};
use crate::support::{Serving, World, eventually, finish, program};

fn canary(dir: &str, command: &str, account: &str) {
    let output = finish(&mut program(&["audit", "canary", command, "--dir", dir, account]));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A new key in the place of this one.
fn make_key(world: &World, name: &str) {
    remove(&world.directory.key(name));
    assert!(finish(program(&["key", "new"]).arg(world.directory.key(name))).status.success());
}

#[test]
fn restored_keys_of_another_time_are_refused_or_known_by_what_they_made() {
    let (world, token) = lived();
    for (name, says) in [("log", "is it the right key"), ("receipts", "the log names another key")]
    {
        let kept = Backup::of(&world, &format!("keys/{name}.key"));
        remove(&world.directory.key(name));
        assert_refused(&world, &[&format!("{name}.key")]);
        let made = finish(program(&["key", "new"]).arg(world.directory.key(name)));
        assert!(made.status.success());
        let said = refused(&world);
        assert!(said.contains(says), "{name}: {said}");
        kept.restore();
    }
    // Tokens that another key made are worth nothing, and new ones are made.
    remove(&world.directory.key("tokens"));
    assert!(finish(program(&["key", "new"]).arg(world.directory.key("tokens"))).status.success());
    let serving = world.serve();
    assert_eq!(serving.get(QUESTION, &token).status, 400);
    assert_eq!(friends(&serving, &serving.token(VIEWER)).len(), 3);
}

#[test]
fn restored_canaries_that_are_older_or_missing_are_refused() {
    let (world, _) = lived();
    let dir = world.path().to_str().unwrap();
    let canary = |command: &str, account: &str| canary(dir, command, account);
    canary("create", ERASED);
    let older = Backup::of(&world, "canaries.json");
    let serving = world.serve();
    canary("create", CLOSED);
    serving.stop();
    let newer = Backup::of(&world, "canaries.json");
    older.restore();
    assert_refused(&world, &["canaries were changed 2 times, and the file has 1"]);
    remove(&world.directory.canaries());
    assert_refused(&world, &["canaries were changed 2 times, and the file has 0"]);
    newer.restore();
    canary("remove", CLOSED);
    let serving = world.serve();
    serving.stop();
    older.restore();
    assert_refused(&world, &["canaries were changed 3 times, and the file has 1"]);
    let error = run(&world, &["people", "recover"], &[]).unwrap_err();
    assert!(error.contains("2 changes of canaries") && error.contains("--accept-loss"), "{error}");
    let said = run(&world, &["people", "recover"], &["--accept-loss"]).unwrap();
    assert!(said.contains("Lost for good: 2 changes of canaries"), "{said}");
    world.serve().stop();
    world.assert_checks();
}

#[test]
fn restored_canary_key_that_is_another_or_missing_is_refused() {
    let (world, _) = lived();
    let dir = world.path().to_str().unwrap();
    canary(dir, "create", ERASED);
    let key = Backup::of(&world, "keys/canary.key");
    let bytes = fs::read(world.directory.key("canary")).unwrap();
    make_key(&world, "canary");
    assert_refused(&world, &["canary.key: this is not the key that the canaries in"]);
    for command in
        [&["audit", "canary", "find"][..], &["audit", "canary", "create"], &["people", "recover"]]
    {
        let more: &[&str] = if command == ["people", "recover"] { &[] } else { &[CLOSED] };
        let error = run(&world, command, more).unwrap_err();
        assert!(error.contains("this is not the key"), "{command:?}: {error}");
    }
    remove(&world.directory.key("canary"));
    assert_refused(&world, &["canary.key"]);
    key.restore();
    // No key is made beside canaries that have one, though its file is gone.
    let serving = world.serve();
    remove(&world.directory.key("canary"));
    canary(dir, "create", CLOSED);
    serving.stop();
    assert!(!world.directory.key("canary").exists(), "a key was made anew");
    assert_refused(&world, &["canary.key"]);
    key.restore();
    assert_eq!(fs::read(world.directory.key("canary")).unwrap(), bytes);
    world.serve().stop();
    world.assert_checks();
    // Without it: its canaries go too, and that is said.
    make_key(&world, "canary");
    remove(&world.directory.canaries());
    assert_refused(&world, &["canaries were changed 2 times, and the file has 0"]);
    run(&world, &["people", "recover"], &["--accept-loss"]).unwrap();
    canary(dir, "create", STAYS);
    world.serve().stop();
    world.assert_checks();
}

#[test]
fn restored_canaries_of_another_instance_are_refused() {
    let (world, _) = lived();
    let (other, _) = lived();
    canary(other.path().to_str().unwrap(), "create", ERASED);
    for part in ["canaries.json", "keys/canary.key"] {
        fs::copy(other.path().join(part), world.path().join(part)).unwrap();
    }
    assert_refused(&world, &["canaries.json: these canaries belong to another log"]);
    let error = run(&world, &["people", "recover"], &["--accept-loss"]).unwrap_err();
    assert!(error.contains("belong to another log"), "{error}");
}

#[test]
fn restored_instance_without_a_token_or_a_certificate_is_refused() {
    let (world, _) = lived();
    tls::certify(&world);
    world.assert_checks();
    for part in [
        "keys/admin.token",
        "keys/metrics.token",
        "keys/decide.token",
        "keys/tokens.key",
        "tls/certificate.pem",
        "tls/key.pem",
        "countersign.toml",
    ] {
        let kept = Backup::of(&world, part);
        remove(&world.path().join(part));
        assert_refused(&world, &[part]);
        fs::write(world.path().join(part), "\n").unwrap();
        assert_refused(&world, &[part]);
        remove(&world.path().join(part));
        kept.restore();
    }
    // The key of another certificate.
    let kept = Backup::of(&world, "tls/key.pem");
    fs::copy(world.directory.key("tokens"), world.path().join("tls/key.pem")).unwrap();
    assert_refused(&world, &["[tls] with"]);
    kept.restore();
    world.serve().stop();
}

#[test]
fn restored_instance_without_its_witness_policy_is_refused() {
    let (world, _) = lived();
    let watcher = Watcher::of("w.example/1", &world.key);
    witnesses::configure(&world, &[(&watcher.key, watcher.url())], 1);
    world.assert_checks();
    let kept = Backup::of(&world, "witnesses.policy");
    remove(&world.path().join("witnesses.policy"));
    assert_refused(&world, &["witnesses.policy"]);
    fs::write(world.path().join("witnesses.policy"), "quorum none\n").unwrap();
    assert_refused(&world, &["its quorum asks for no witness"]);
    kept.restore();
    world.serve().stop();
}

#[test]
fn restored_files_that_a_start_does_without_are_named_by_check() {
    let (world, _) = lived();
    let other = World::founded();
    for (part, named) in [
        ("fields.toml", true),
        ("stream/checkpoint", true),
        ("stream/clock", false),
        ("log/checkpoint", true),
    ] {
        let kept = Backup::of(&world, part);
        remove(&world.path().join(part));
        assert_started(&world, part, named);
        remove(&world.path().join(part));
        kept.restore();
    }
    for part in ["keys/root.key", "keys/reviewers/ines.key"] {
        let kept = Backup::of(&world, part);
        remove(&world.path().join(part));
        copy(&other.path().join(part), &world.path().join(part));
        assert_started(&world, part, true);
        kept.restore();
    }
    // What is not needed of another instance's site stays, until somebody removes it.
    remove(&world.directory.site());
    copy(&other.directory.site(), &world.directory.site());
    let named = || {
        let checked = finish(program(&["check"]).arg("--dir").arg(world.path()));
        assert!(!checked.status.success());
        assert!(String::from_utf8_lossy(&checked.stdout).contains("WRONG public log: log/"));
    };
    named();
    world.serve().stop();
    named();
    remove(&world.directory.site());
    world.serve().stop();
    world.assert_checks();
}

/// Check names the part, if it is one that it looks at, and a server starts all the same.
fn assert_started(world: &World, part: &str, is_named: bool) {
    let checked = finish(program(&["check"]).arg("--dir").arg(world.path()));
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert_eq!(checked.status.success(), !is_named, "{part}: {said}");
    assert!(!is_named || said.contains(part), "{part}: {said}");
    let serving = world.serve();
    world.verified(serving.head());
    serving.stop();
}

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name}";

/// An answer that waited for the witness, and the checkpoints that the site keeps then.
fn witnessed_answer(serving: &Serving<'_>, token: &str, policy: &Policy) -> Vec<u64> {
    assert_eq!(serving.get(READ, token).status, 200);
    let sizes = || {
        let archived = witnesses::archived(serving.world, policy);
        archived.iter().map(|one| one.checkpoint.size).collect::<Vec<_>>()
    };
    eventually("a checkpoint is archived", || {
        serving.world.directory.site().join("witnessed").exists() && !sizes().is_empty()
    });
    sizes()
}

#[test]
fn restored_witnessed_checkpoints_that_are_older_or_missing_cost_only_themselves() {
    let (world, token) = witnessed::world();
    let watcher = Watcher::of("w.example/1", &world.key);
    let policy = witnesses::configure(&world, &[(&watcher.key, watcher.url())], 1);
    let serving = world.serve();
    let first = witnessed_answer(&serving, &token, &policy);
    serving.stop();
    let older = Backup::of(&world, "log/witnessed");
    // Another process archives its first one at once.
    let serving = world.serve();
    let both = witnessed_answer(&serving, &token, &policy);
    assert!(both.len() > first.len() && both.starts_with(&first), "{first:?}, then {both:?}");
    serving.stop();

    older.restore();
    world.assert_checks();
    let serving = world.serve();
    let again = witnessed_answer(&serving, &token, &policy);
    assert!(again.starts_with(&first), "{again:?}");
    assert!(
        again.iter().all(|size| !both[first.len()..].contains(size)),
        "{both:?}, then {again:?}"
    );
    assert!(again.len() > first.len(), "new checkpoints are archived");
    serving.stop();

    remove(&world.directory.site().join("witnessed"));
    world.assert_checks();
    let serving = world.serve();
    let anew = witnessed_answer(&serving, &token, &policy);
    assert!(anew.iter().all(|size| !again.contains(size)), "{again:?}, then {anew:?}");
    world.verified(serving.head());
    serving.stop();
    world.assert_checks();
}
