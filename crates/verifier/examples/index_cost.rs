//! What the person index of a close costs over a million people: labels and tree beside the hashes that they
//! cannot do without, timed alone in the same run; the order; and proofs. `cargo xtask bench person_index`
//! runs it optimised.
#![expect(clippy::print_stdout, reason = "it is a command for people")]
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use countersign_domain::person::Secret;
use countersign_protocol::person_index::{IndexBuilder, Item, Label, Leaf, list_commitment, prove};
use sha2::{Digest as _, Sha256};

const PEOPLE: u32 = 1_000_000;
const PERIOD: u64 = 7;
const PROOFS: u32 = 20;

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let result = work();
    (result, began.elapsed())
}

/// A million messages of so many bytes, hashed and nothing else.
fn floor(message_bytes: usize) -> Duration {
    let mut message = vec![0; message_bytes];
    let hash_all = || {
        for number in 0..PEOPLE {
            message[..4].copy_from_slice(&number.to_be_bytes());
            black_box(Sha256::digest(&message));
        }
    };
    timed(hash_all).1
}

fn leaf(number: u32) -> Leaf {
    let mut secret = Secret([0; 32]);
    secret.0[..4].copy_from_slice(&number.to_be_bytes());
    let item = Item { index: u64::from(number), position: 0, commitment: secret.0 };
    Leaf { label: Label::of(&secret, PERIOD), list: list_commitment(&[item]) }
}

fn row(what: &str, took: Duration, floor: Duration) {
    let (took_ms, floor_ms) = (took.as_secs_f64() * 1e3, floor.as_secs_f64() * 1e3);
    println!(
        "{what:34} {took_ms:>9.0} ms   its hashes alone {floor_ms:>7.0} ms   ratio {:.2}",
        took_ms / floor_ms
    );
}

fn main() {
    // Tags and numbers included: a label 48 bytes, a list of one item 56, a leaf 72, a node 105.
    let [label, list, leaf_hash, node] = [48, 56, 72, 105].map(floor);
    let (mut leaves, made) = timed(|| (0..PEOPLE).map(leaf).collect::<Vec<_>>());
    let ((), sorted) = timed(|| leaves.sort_unstable_by_key(|leaf| leaf.label));
    let build = || {
        let mut builder = IndexBuilder::new();
        leaves.iter().for_each(|leaf| builder.push(*leaf).unwrap());
        builder.root()
    };
    let (root, built) = timed(build);
    let step = PEOPLE / PROOFS;
    let shown: Vec<_> = leaves.iter().step_by(step as usize).collect();
    let (proofs, proved) =
        timed(|| shown.iter().map(|leaf| prove(&leaves, &leaf.label).unwrap()).collect::<Vec<_>>());
    let verify_all = || {
        for (leaf, proof) in shown.iter().zip(&proofs) {
            assert_eq!(proof.verify(&root, &leaf.label), Ok(Some(leaf.list)));
        }
    };
    let ((), verified) = timed(verify_all);
    let bytes: usize = proofs.iter().map(|proof| proof.to_bytes().len()).sum();

    println!("The person index over {PEOPLE} people with one item each, one thread");
    row("labels and lists", made, label + list);
    println!("{:34} {:>9.0} ms", "order (in memory, 64 bytes each)", sorted.as_secs_f64() * 1e3);
    row("tree (remembers 256 hashes)", built, leaf_hash + node);
    println!(
        "a proof, on average: {:.0} ms to make of all leaves, {} bytes, {:.1} µs to verify",
        proved.as_secs_f64() * 1e3 / f64::from(PROOFS),
        bytes / proofs.len(),
        verified.as_secs_f64() * 1e6 / f64::from(PROOFS),
    );
}
