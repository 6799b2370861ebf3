//! `kill -9` of a loaded server at random instants: what a client has received is in the log for ever,
//! and what was signed stays true. The log's own tests crash it on disks that forget; these crash the
//! program as it is, on a real one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use countersign::demo::client::Client;
use countersign_verifier::checkpoint::Checkpoint;
use countersign_verifier::merkle::{Frontier, Hash};
use countersign_verifier::receipt::Receipt;

use crate::support::{Leaf, World};
use crate::village;

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name,work,birthday}";
const READERS: usize = 4;

/// What outsiders have in hand, whatever happens to the server.
#[derive(Default)]
struct InHand {
    receipts: Vec<Receipt>,
    checkpoints: BTreeMap<u64, Hash>,
}

impl InHand {
    fn take(&mut self, other: Self) {
        self.receipts.extend(other.receipts);
        for (size, root) in other.checkpoints {
            self.saw(size, root);
        }
    }

    fn saw(&mut self, size: u64, root: Hash) {
        let before = self.checkpoints.insert(size, root);
        assert!(before.is_none_or(|before| before == root), "two roots at size {size}");
    }

    /// Every answer is in the log, where its receipt says, and every checkpoint is one of this log.
    fn assert_kept(&self, leaves: &[Leaf]) {
        for receipt in &self.receipts {
            let leaf = leaves.get(receipt.index as usize);
            let leaf = leaf.unwrap_or_else(|| panic!("entry {} is gone", receipt.index));
            assert_eq!(leaf.hash, receipt.leaf.0, "another entry stands at {}", receipt.index);
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

/// A server under load, killed after this time.
fn crash_after(world: &World, token: &str, life: Duration) -> InHand {
    let serving = world.serve();
    let stop = AtomicBool::new(false);
    let mut hand = InHand::default();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(world, &stop));
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(|| read_on(world, token))).collect();
        std::thread::sleep(life);
        serving.kill();
        stop.store(true, Ordering::Relaxed);
        for thread in readers.into_iter().chain([watcher]) {
            hand.take(thread.join().unwrap());
        }
    });
    hand
}

/// Splitmix64: a seed in the output is enough to repeat the instants.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn seed() -> u64 {
    let given = std::env::var("COUNTERSIGN_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| getrandom::u64().unwrap());
    println!("COUNTERSIGN_SEED={seed} repeats this run");
    seed
}

#[test]
fn crash_by_kill_9_loses_no_answer_and_signs_no_second_root() {
    let rounds = if std::env::var_os("COUNTERSIGN_FULL").is_some() { 120 } else { 8 };
    let mut random = seed();
    let world = village::founded();
    world.configure("publish_interval_ms = 100", "publish_interval_ms = 10");
    let token = world.token(village::VIEWER);
    let mut hand = InHand::default();
    for round in 0..rounds {
        let life = Duration::from_micros(next(&mut random) % 400_000);
        let before = hand.receipts.len();
        hand.take(crash_after(&world, &token, life));
        let answers = hand.receipts.len() - before;
        println!("round {round}: killed after {life:?}, {answers} answers in hand");
        // Before anybody starts it again, the disk is as the crash has left it.
        world.assert_checks();
        let serving = world.serve();
        let head = serving.head();
        hand.assert_kept(&world.verified(head));
        world.assert_checks();
        assert_eq!(serving.get(READ, &token).status, 200);
        assert!(serving.stop().success());
    }
    assert!(hand.receipts.len() > rounds, "the server was hardly loaded");
    hand.assert_kept(&world.verified(0));
}
