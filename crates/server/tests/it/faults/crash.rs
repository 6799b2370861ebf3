//! `kill -9` of a loaded server at random instants, its start included: what anybody has in hand holds for
//! ever. Answers and acts are in the log where it was said, settings are as they were last set, checkpoints
//! are of one tree. The log's own tests crash it on disks that forget; these crash the program as it is, on
//! a real one.
//!
//! Each run begins with a new instance and prints its seed; `COUNTERSIGN_SEED=` that seed repeats its
//! instants. What a seed has found is kept in `crash_seeds.txt`. `COUNTERSIGN_FULL=1` kills a thousand times
//! and goes on where it was stopped.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign_demo::client::Client;
use countersign_domain::act::{Act, Reinstatement, Subject, Suspension};
use countersign_domain::identifier::Identifier;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::Entry;
use countersign_protocol::merkle::{Frontier, Hash};
use countersign_protocol::receipt::Receipt;
use countersign_service::clock;
use countersign_service::governance::{Submission, Taken};
use countersign_service::operations::acts::Posted;
use serde_json::{Value, json};

use crate::support::{Leaf, World, program};
use crate::support::{partners, village};

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name,work,birthday}";
const READERS: usize = 4;
/// The partner that is suspended and reinstated; nobody reads for it.
const GOVERNED: &str = "borealis";
/// The person whose settings change; nobody's friend.
const SETTINGS: &str = "/admin/v1/people/stranger/settings";
const KILLS: usize = 20;
const RUNS_FULL: usize = 50;

/// What outsiders have in hand, whatever happens to the server.
#[derive(Default)]
struct InHand {
    receipts: Vec<Receipt>,
    checkpoints: BTreeMap<u64, Hash>,
    /// What acts gave as their reasons, by index.
    acts: BTreeMap<u64, String>,
    settings: Settings,
}

/// A person's settings: as they were confirmed last, and what was asked for and never answered.
#[derive(Default)]
struct Settings {
    confirmed: Option<Value>,
    asked: Option<Value>,
}

impl InHand {
    fn take(&mut self, other: Self) {
        self.receipts.extend(other.receipts);
        self.acts.extend(other.acts);
        for (size, root) in other.checkpoints {
            self.saw(size, root);
        }
        if other.settings.asked.is_some() {
            self.settings.asked = other.settings.asked;
        }
        if other.settings.confirmed.is_some() {
            self.settings.confirmed = other.settings.confirmed;
        }
    }

    fn saw(&mut self, size: u64, root: Hash) {
        let before = self.checkpoints.insert(size, root);
        assert!(before.is_none_or(|before| before == root), "two roots at size {size}");
    }

    /// Every answer and act is in the log, where it was said, and every checkpoint is one of this log.
    fn assert_kept(&self, leaves: &[Leaf]) {
        let leaf = |index: u64| {
            leaves.get(index as usize).unwrap_or_else(|| panic!("entry {index} is gone"))
        };
        for receipt in &self.receipts {
            let hash = leaf(receipt.index).hash;
            assert_eq!(hash, receipt.leaf.0, "another entry stands at {}", receipt.index);
        }
        for (index, reason) in &self.acts {
            let Entry::Act(signed) = &leaf(*index).entry else { panic!("{index} is no act") };
            let (Act::Suspension(Suspension { reason: found, .. })
            | Act::Reinstatement(Reinstatement { reason: found, .. })) = &signed.act
            else {
                panic!("{index} is another act")
            };
            assert_eq!(found, reason, "another act stands at {index}");
        }
        let mut frontier = Frontier::default();
        let mut known = 0;
        for leaf in leaves {
            frontier.push(leaf.hash);
            if let Some(root) = self.checkpoints.get(&frontier.size()) {
                assert_eq!(*root, frontier.root(), "another root at size {}", frontier.size());
                known += 1;
            }
        }
        assert_eq!(known, self.checkpoints.len(), "a checkpoint reaches beyond the log");
    }

    /// The settings are as they were confirmed last, or as they were asked for after that.
    fn assert_settings(&mut self, found: &Value) {
        let Settings { confirmed, asked } = &mut self.settings;
        let allowed = [confirmed.as_ref(), asked.as_ref()];
        let is_allowed = confirmed.is_none() || allowed.contains(&Some(found));
        assert!(is_allowed, "settings are {found}, and of {allowed:?} one was expected");
        (*confirmed, *asked) = (Some(found.clone()), None);
    }
}

/// Reads until the server is gone.
fn read_on(world: &World, token: &str) -> InHand {
    let (client, mut hand) = (Client::new(&world.url()), InHand::default());
    while let Ok(reply) = client.get(READ, token) {
        assert_eq!(reply.status, 200);
        hand.receipts.push(world.receipt(&reply));
    }
    hand
}

/// Looks at checkpoints until it is told to stop.
fn watch(world: &World, stop: &AtomicBool) -> InHand {
    let (client, mut hand) = (Client::new(&world.url()), InHand::default());
    while !stop.load(Ordering::Relaxed) {
        if let Ok(reply) = client.get("/log/checkpoint", "")
            && reply.status == 200
        {
            let checkpoint = Checkpoint::open(&reply.body, world.key.name(), &world.key).unwrap();
            hand.saw(checkpoint.size, checkpoint.root);
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    hand
}

/// Suspends and reinstates until the server is gone.
fn govern(world: &World, admin: &str, round: usize) -> InHand {
    let (client, mut hand) = (Client::new(&world.url()), InHand::default());
    for number in 0_usize.. {
        let subject = Subject::Partner(Identifier::parse(GOVERNED).unwrap());
        let reason = format!("round {round}, act {number}");
        let (act, signers) = if number.is_multiple_of(2) {
            let act = Act::Suspension(Suspension { subject, reason: reason.clone() });
            (act, &["reviewer:ines"][..])
        } else {
            let act = Act::Reinstatement(Reinstatement { subject, reason: reason.clone() });
            (act, &["reviewer:ines", "reviewer:omar"][..])
        };
        let submission = world.sign(Submission::of(act, clock::now()), signers);
        let posted = serde_json::to_value(Posted::of(submission).unwrap()).unwrap();
        let Ok(reply) = client.post("/admin/v1/acts", admin, &posted) else { break };
        // One that was taken before a crash, and nobody was told, cannot be taken again.
        if reply.status == 200 {
            let taken: Taken = serde_json::from_slice(&reply.body).unwrap();
            hand.acts.insert(taken.index, reason);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    hand
}

/// Changes a person's settings until the server is gone.
fn change_settings(world: &World, admin: &str) -> InHand {
    let (client, mut hand) = (Client::new(&world.url()), InHand::default());
    let fields = ["id", "name", "work"];
    for number in 0_usize.. {
        let open: Vec<_> =
            fields.iter().zip(0..).filter(|(_, bit)| number >> bit & 1 == 1).collect();
        let open: Vec<_> = open.into_iter().map(|(field, _)| *field).collect();
        let wanted = json!({ "friends_app": open });
        hand.settings.asked = Some(wanted["friends_app"].clone());
        let Ok(reply) = client.put(SETTINGS, admin, &wanted) else { break };
        assert_eq!(reply.status, 200);
        hand.settings.confirmed = Some(reply.json().unwrap()["friends_app"].clone());
        std::thread::sleep(Duration::from_millis(3));
    }
    hand
}

/// A server under load, killed after this time.
fn crash_after(world: &World, token: &str, round: usize, life: Duration) -> InHand {
    let serving = world.serve();
    let admin = serving.admin_token();
    let stop = AtomicBool::new(false);
    let mut hand = InHand::default();
    std::thread::scope(|scope| {
        let mut threads: Vec<_> =
            (0..READERS).map(|_| scope.spawn(|| read_on(world, token))).collect();
        threads.push(scope.spawn(|| watch(world, &stop)));
        threads.push(scope.spawn(|| govern(world, &admin, round)));
        threads.push(scope.spawn(|| change_settings(world, &admin)));
        std::thread::sleep(life);
        serving.kill();
        stop.store(true, Ordering::Relaxed);
        for thread in threads {
            hand.take(thread.join().unwrap());
        }
    });
    hand
}

/// A server that is killed while it starts.
fn crash_starting(world: &World, life: Duration) {
    let mut command = program(&["serve"]);
    let command =
        command.arg("--dir").arg(world.path()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(life);
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Splitmix64: a seed in the output is enough to repeat the instants.
pub(crate) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The seed that was asked for, or a fresh one; said, so that it can be asked for.
pub(crate) fn seed() -> u64 {
    let given = std::env::var("COUNTERSIGN_SEED").ok();
    let seed = given.map_or_else(|| getrandom::u64().unwrap(), |seed| seed.parse().unwrap());
    println!("COUNTERSIGN_SEED={seed} repeats this run");
    seed
}

/// A new instance, killed and started again so often.
fn run(seed: u64) {
    println!("COUNTERSIGN_SEED={seed} repeats this run");
    let mut random = seed;
    let world = village::founded();
    partners::register(&world, GOVERNED);
    world.configure("publish_interval_ms = 100", "publish_interval_ms = 10");
    let token = world.token(village::VIEWER);
    let mut hand = InHand::default();
    for round in 0..KILLS {
        let before = (hand.receipts.len(), hand.acts.len());
        let chosen = next(&mut random);
        if chosen.is_multiple_of(4) {
            let life = Duration::from_micros(next(&mut random) % 60_000);
            println!("round {round}: killed {life:?} after its start began");
            crash_starting(&world, life);
        } else {
            let life = Duration::from_micros(next(&mut random) % 400_000);
            hand.take(crash_after(&world, &token, round, life));
            let (answers, acts) = (hand.receipts.len() - before.0, hand.acts.len() - before.1);
            println!(
                "round {round}: killed after {life:?}, {answers} answers, {acts} acts in hand"
            );
        }
        // Before anybody starts it again, the disk is as the crash has left it.
        world.assert_checks();
        let serving = world.serve();
        let head = serving.head();
        hand.assert_kept(&world.verified(head));
        let settings = serving.get(SETTINGS, &serving.admin_token()).json().unwrap();
        hand.assert_settings(&settings["friends_app"]);
        assert_eq!(serving.get(READ, &token).status, 200);
        assert!(serving.stop().success());
    }
    assert!(hand.receipts.len() > KILLS && hand.acts.len() > 4, "the server was hardly loaded");
    world.assert_checks();
    hand.assert_kept(&world.verified(0));
}

/// The seeds that have found something.
fn kept_seeds() -> impl Iterator<Item = u64> {
    let lines = include_str!("crash_seeds.txt").lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_whitespace().next()).map(|seed| seed.parse().unwrap())
}

/// Many runs from one seed. How many are done is kept, so that whoever stops them goes on from there.
fn run_full() {
    let done = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crash-runs.txt");
    let kept = fs::read_to_string(&done).unwrap_or_default();
    let numbers = kept.split_once(' ').and_then(|(seed, runs)| {
        Some((seed.parse::<u64>().ok()?, runs.trim().parse::<usize>().ok()?))
    });
    let (seed, runs_done) = numbers.unwrap_or_else(|| (getrandom::u64().unwrap(), 0));
    let mut random = seed;
    for number in 0..RUNS_FULL {
        let seed_of_run = next(&mut random);
        if number >= runs_done {
            println!("run {} of {RUNS_FULL}", number + 1);
            run(seed_of_run);
            fs::write(&done, format!("{seed} {}\n", number + 1)).unwrap();
        }
    }
    fs::remove_file(&done).unwrap();
}

#[test]
fn crash_by_kill_9_loses_no_answer_and_signs_no_second_root() {
    if let Ok(given) = std::env::var("COUNTERSIGN_SEED") {
        return run(given.parse().unwrap());
    }
    kept_seeds().for_each(run);
    if std::env::var_os("COUNTERSIGN_FULL").is_some() {
        run_full();
    } else {
        run(getrandom::u64().unwrap());
    }
}
