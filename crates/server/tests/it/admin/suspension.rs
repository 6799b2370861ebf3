//! The kill switch: no answer stands behind it in the log, however many requests are under way.

use std::sync::atomic::{AtomicU64, Ordering};

use countersign_demo::client::Client;
use countersign_domain::act::Act;
use countersign_protocol::entry::Entry;

use crate::support::eventually;
use crate::support::village;

const READ: &str = "/v3.0/me?fields=name,friends.limit(400){name,work}";

#[test]
fn the_very_next_request_after_a_suspension_fails() {
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    for _ in 0..5 {
        assert_eq!(serving.get(READ, &token).status, 200);
        serving.suspend();
        for path in [READ, "/me", "/me/friends", &format!("/{}", "0".repeat(32))] {
            let refused = serving.get(path, &token);
            assert_eq!((refused.status, refused.error_code()), (403, Some(10)), "{path}");
        }
        serving.reinstate();
    }
    assert_eq!(serving.get(READ, &token).status, 200);
    world.verified(serving.head());
}

/// What one thread of readers saw.
#[derive(Default)]
struct Seen {
    indices: Vec<u64>,
    refused: u64,
}

#[test]
fn no_answer_stands_behind_a_suspension_that_races_ten_thousand_reads() {
    const READERS: u64 = 8;
    const READS: u64 = 1_250;
    let world = village::founded();
    let token = world.token(village::VIEWER);
    let serving = world.serve();
    let done = AtomicU64::new(0);
    let read = || {
        let (client, mut seen) = (Client::new(&world.url()), Seen::default());
        for _ in 0..READS {
            let reply = client.get(READ, &token).unwrap();
            match reply.status {
                200 => seen.indices.push(world.receipt(&reply).index),
                _ => {
                    assert_eq!((reply.status, reply.error_code()), (403, Some(10)));
                    seen.refused += 1;
                }
            }
            done.fetch_add(1, Ordering::Relaxed);
        }
        seen
    };
    let (seen, suspension) = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        eventually("half of the reads", || done.load(Ordering::Relaxed) > READERS * READS / 2);
        let suspension = serving.suspend();
        let seen: Vec<Seen> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
        (seen, suspension)
    });
    let indices: Vec<_> = seen.iter().flat_map(|seen| seen.indices.iter().copied()).collect();
    let refused: u64 = seen.iter().map(|seen| seen.refused).sum();
    assert!(!indices.is_empty() && refused > 0, "{} answers, {refused} refused", indices.len());
    assert_eq!(indices.len() as u64 + refused, READERS * READS);
    let behind: Vec<_> = indices.iter().filter(|index| **index > suspension).collect();
    assert!(behind.is_empty(), "answered behind the suspension at {suspension}: {behind:?}");

    let leaves = world.verified(suspension + 1);
    assert_eq!(leaves.len() as u64, suspension + 1, "nothing stands behind the suspension");
    let last = &leaves[suspension as usize].entry;
    assert!(matches!(last, Entry::Act(signed) if matches!(signed.act, Act::Suspension(_))));
    for index in indices {
        assert!(matches!(leaves[index as usize].entry, Entry::Disclosure(_)), "entry {index}");
    }
}
