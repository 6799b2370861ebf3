//! An agreement that has answers wait for witnesses, and a log whose witnesses are away, slow, or lie: each of
//! them harms nothing but the quorum.

use std::fs;
use std::time::Duration;

use countersign_domain::act::ReviewOutcome;
use countersign_log::signer::{Signer as _, SoftwareSigner};
use countersign_log::witness::request::AddCheckpoint;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::cosignature::{WitnessKey, cosign};
use countersign_protocol::entry::Entry;
use countersign_protocol::note::SignedNote;
use countersign_protocol::witness_policy::Policy;
use countersign_service::clock;
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::site::FolderSite;
use countersign_verifier::verdict::Rule;
use serde_json::Value;

use crate::log::waits::PATIENT;
use crate::support::witnesses::{
    Liar, Watcher, answered, archived, configure, copy, witnessed, witnessed_size,
};
use crate::support::{Serving, World, eventually, finish, free_address, program};
use crate::support::{partners, village};

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name}";

/// A village with a client whose answers wait for witnesses, and a token for it.
pub(crate) fn world() -> (World, String) {
    let text = PATIENT.replace("wait = \"published\"", "wait = \"witnessed\"");
    let world = village::founded();
    partners::register(&world, "clover");
    let agreement = partners::conclude(&world, &text);
    partners::submit(&world, &agreement, "patient@1", "address-book", &[]);
    partners::review(&world, "patient@1", ReviewOutcome::Approve);
    let token = world.token_of("patient@1", "address-book", village::VIEWER, clock::now());
    (world, token)
}

/// What an outsider with this policy finds in the public files.
fn assert_holds_under(world: &World, policy: &Policy) {
    let question = Question { policy: Some(policy), ..Question::new(&world.key, clock::now()) };
    let check = check_log(&FolderSite::new(&world.directory.site()), &question, |_| {});
    let verdict = check.unwrap().verdict;
    assert_eq!(verdict.failures, []);
    assert!(verdict.rule_holds(Rule::Witnesses) && verdict.rule_holds(Rule::WitnessTime));
}

/// A counter of the server's, with these labels.
fn counted(serving: &Serving<'_>, name: &str) -> u64 {
    let metrics = serving.metrics();
    let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.map_or(0, |value| value.parse().unwrap())
}

#[test]
fn an_answer_leaves_once_the_quorum_has_cosigned_its_entry() {
    let (world, token) = world();
    let watchers = ["w.example/1", "w.example/2"].map(|name| Watcher::of(name, &world.key));
    let peers = watchers.each_ref().map(|one| (one.key.as_str(), one.url()));
    let policy = configure(&world, &peers, 2);
    let serving = world.serve();
    for _ in 0..3 {
        let reply = serving.get(READ, &token);
        // Read at once: the answer is here, so witnesses have seen its entry.
        let size = witnessed_size(&world, &policy);
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        let index = world.receipt(&reply).index;
        assert!(index < size, "entry {index} and a witnessed checkpoint of {size}");
    }
    let cosigned = witnessed(&world, &policy).unwrap();
    assert_eq!(cosigned.cosignatures.len(), 2);
    assert_holds_under(&world, &policy);
    assert!(!archived(&world, &policy).is_empty());
    eventually("the newest checkpoint has its cosignatures beside it", || {
        let bytes = fs::read(world.directory.site().join("checkpoint")).unwrap();
        SignedNote::parse(&bytes).unwrap().lines().len() == 3
    });
    assert!(counted(&serving, "countersign_log_witnessed_size") > 0);
    let name = "countersign_witness_cosignatures_total{witness=\"w.example/1\"}";
    assert!(counted(&serving, name) > 0, "{}", serving.metrics());
    assert!(serving.stop().success());
    world.assert_checks();
}

#[test]
fn without_a_quorum_no_answer_leaves_and_the_client_may_ask_again() {
    let (world, token) = world();
    let mut watchers = ["w.example/1", "w.example/2"].map(|name| Watcher::of(name, &world.key));
    let peers = watchers.each_ref().map(|one| (one.key.as_str(), one.url()));
    let policy = configure(&world, &peers, 2);
    world.configure("wait_max_ms = 4000", "wait_max_ms = 700");
    let serving = world.serve();
    assert_eq!(serving.get(READ, &token).status, 200);
    watchers[1].kill();
    let (before, size) = (serving.head(), witnessed_size(&world, &policy));
    let reply = serving.get(READ, &token);
    assert_eq!((reply.status, reply.error_code()), (503, Some(2)));
    let said: Value = reply.json().unwrap();
    let said = said["error"]["message"].as_str().unwrap();
    assert!(said.contains("witnesses did not answer in time"), "{said}");
    assert!(
        reply.headers.to_lowercase().find("countersign-receipt").is_none(),
        "{}",
        reply.headers
    );
    let leaves = world.verified(serving.head());
    assert!(matches!(leaves[before as usize].entry, Entry::Disclosure(_)));
    assert!(witnessed_size(&world, &policy) <= before.max(size));
    assert_holds_under(&world, &policy);
    // Other agreements do not wait for anybody.
    let aurora = serving.token(village::VIEWER);
    assert_eq!(serving.get(READ, &aurora).status, 200);
    watchers[1].start();
    eventually("answers leave again", || serving.get(READ, &token).status == 200);
    assert!(serving.said().contains("the witness cosigns again"), "{}", serving.said());
}

/// The line of a witness with this seed about a checkpoint, under this name.
fn line(seed: u8, name: &str, checkpoint: &Checkpoint) -> String {
    let signer = SoftwareSigner::from_seed(&[seed; 32]);
    let key = WitnessKey::new(name, signer.public_key()).unwrap();
    cosign(checkpoint, clock::now().seconds(), &key, |message| signer.sign(message)).unwrap()
}

fn key(seed: u8, name: &str) -> String {
    let signer = SoftwareSigner::from_seed(&[seed; 32]);
    WitnessKey::new(name, signer.public_key()).unwrap().to_string()
}

fn checkpoint(request: &AddCheckpoint) -> Checkpoint {
    Checkpoint::parse(SignedNote::parse(&request.note).unwrap().text()).unwrap()
}

#[test]
fn witnesses_that_are_down_slow_or_lie_harm_nothing_but_the_quorum() {
    let (world, token) = world();
    let watchers = ["w.example/1", "w.example/2"].map(|name| Watcher::of(name, &world.key));
    let slow = Liar::start(|_| {
        std::thread::sleep(Duration::from_millis(1_500));
        answered(200, "text/plain", "")
    });
    let wrong_key = Liar::start(|request| {
        answered(200, "text/plain", &line(8, "wrong.example", &checkpoint(request)))
    });
    let other_root = Liar::start(|request| {
        let other = Checkpoint { root: [7; 32], ..checkpoint(request) };
        answered(200, "text/plain", &line(9, "other.example", &other))
    });
    let ahead = Liar::start(|_| answered(409, "text/x.tlog.size", "999999999\n"));
    let fickle = Liar::start(|request| {
        answered(409, "text/x.tlog.size", &format!("{}\n", (request.old_size + 1) % 5))
    });
    let names =
        ["slow", "wrong", "other", "ahead", "fickle", "down"].map(|n| format!("{n}.example"));
    // The second one's key is another than it answers with, the third one's its own.
    let keys: Vec<_> =
        [3, 7, 9, 4, 5, 6].into_iter().zip(&names).map(|(seed, name)| key(seed, name)).collect();
    let down = format!("http://{}", free_address());
    let urls = [slow.url(), wrong_key.url(), other_root.url(), ahead.url(), fickle.url(), down];
    let mut peers: Vec<_> = watchers.iter().map(|one| (one.key.as_str(), one.url())).collect();
    peers.extend(keys.iter().map(String::as_str).zip(urls));
    let policy = configure(&world, &peers, 2);
    let serving = world.serve();
    for _ in 0..4 {
        assert_eq!(serving.get(READ, &token).status, 200);
    }
    for (name, kind) in names.iter().zip([
        "late",
        "not_cosigned",
        "not_cosigned",
        "ahead",
        "unsettled",
        "unreachable",
    ]) {
        let name =
            format!("countersign_witness_troubles_total{{witness=\"{name}\",kind=\"{kind}\"}}");
        eventually(&name, || counted(&serving, &name) > 0);
    }
    assert_eq!(witnessed(&world, &policy).unwrap().cosignatures.len(), 2);
    assert_holds_under(&world, &policy);
    assert!(archived(&world, &policy).iter().all(|one| one.cosignatures.len() <= 2));
    // They are left alone for longer and longer, and each trouble is told once.
    assert_eq!(serving.said().matches("witness=\"down.example\"").count(), 1, "{}", serving.said());
    assert_eq!(counted(&serving, "countersign_witness_unkept_total"), 0);
    assert!(serving.stop().success());
    world.assert_checks();
}

#[test]
fn crash_a_killed_witness_keeps_its_promise_and_a_rolled_back_one_is_noticed() {
    let (world, _) = world();
    let mut watcher = Watcher::of("w.example/1", &world.key);
    let policy = configure(&world, &[(&watcher.key.clone(), watcher.url())], 1);
    let old = tempfile::tempdir().unwrap();
    let serving = world.serve();
    let aurora = serving.token(village::VIEWER);
    let note = || fs::read(world.directory.site().join("checkpoint")).unwrap();
    for round in 0..5 {
        // The log grows while the witness is asked, and is killed at whatever it is at.
        for _ in 0..3 {
            serving.read(READ, &aurora);
        }
        let wanted = serving.head();
        eventually("what was read is witnessed", || witnessed_size(&world, &policy) >= wanted);
        watcher.kill();
        let promised = witnessed_size(&world, &policy);
        if round == 0 {
            copy(&watcher.cosigned(), &old.path().join("cosigned"));
        }
        watcher.start();
        let asked = AddCheckpoint { old_size: 0, proof: Vec::new(), note: note() };
        let (status, kind, body) = watcher.asked(&asked);
        assert_eq!((status, kind.as_str()), (409, "text/x.tlog.size"));
        let known: u64 = body.strip_suffix('\n').unwrap().parse().unwrap();
        assert!(known >= promised, "round {round}: it knows {known} and promised {promised}");
    }
    watcher.kill();
    fs::remove_dir_all(watcher.cosigned()).unwrap();
    copy(&old.path().join("cosigned"), &watcher.cosigned());
    watcher.start();
    let name = "countersign_witness_rollbacks_total{witness=\"w.example/1\"}";
    serving.read(READ, &aurora);
    eventually("the log notices", || counted(&serving, name) == 1);
    assert!(serving.said().contains("it has lost its state"), "{}", serving.said());
    assert_holds_under(&world, &policy);
}

#[test]
fn a_server_whose_witnesses_cannot_be_asked_does_not_start() {
    let (world, _) = world();
    let watcher = Watcher::of("w.example/1", &world.key);
    configure(&world, &[(&watcher.key, watcher.url())], 1);
    let path = world.path().join("witnesses.policy");
    let good = fs::read_to_string(&path).unwrap();
    let started = |text: &str| {
        fs::write(&path, text).unwrap();
        let output = finish(program(&["serve"]).arg("--dir").arg(world.path()));
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    for (from, to, expected) in [
        ("quorum g", "quorum h", "witnesses.policy: line 4 of the policy: \"h\" is not defined"),
        ("quorum g", "quorum none", "its quorum asks for no witness"),
        (&*watcher.url(), "", "no witness has an address"),
        (&*watcher.url(), "w.example", "the address of \"w.example/1\" is not http"),
        (
            &*world.key.to_string(),
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "it names logs, and not this one; add the line `log ",
        ),
    ] {
        let said = started(&good.replace(from, to));
        assert!(said.contains(expected), "{from} for {to}: {said}");
    }
    fs::remove_file(&path).unwrap();
    let output = finish(program(&["serve"]).arg("--dir").arg(world.path()));
    assert!(String::from_utf8_lossy(&output.stderr).contains("No such file"));
}

#[test]
fn a_witness_is_made_once_and_says_which_line_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w");
    let new =
        || finish(program(&["log", "witness", "new", "--name", "w.example", "--dir"]).arg(&path));
    let made = new();
    assert!(made.status.success());
    let vkey = fs::read_to_string(path.join("witness.vkey")).unwrap();
    assert!(String::from_utf8(made.stdout).unwrap().contains(vkey.trim()));
    assert!(!new().status.success(), "a key was overwritten");
    assert_eq!(fs::read_to_string(path.join("witness.vkey")).unwrap(), vkey);
    let serve = || {
        let address = free_address().to_string();
        let output =
            finish(program(&["log", "witness", "serve", "--listen", &address, "--dir"]).arg(&path));
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let logs = path.join("logs");
    let before = fs::read_to_string(&logs).unwrap();
    fs::write(&logs, format!("{before}\nno key\n")).unwrap();
    assert!(serve().contains("logs:4: not a key for notes"), "{}", serve());
    fs::write(&logs, &before).unwrap();
    let other = key(5, "w.example");
    fs::write(path.join("witness.vkey"), format!("{other}\n")).unwrap();
    assert!(serve().contains("it is not the public half of witness.key"));
}
