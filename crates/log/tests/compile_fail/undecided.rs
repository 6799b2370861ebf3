//! The log takes decisions, and nothing else.

use countersign_domain::digest::Digest;
use countersign_log::Log;
use countersign_log::annex::Circumstances;
use countersign_log::guarded::{Guarded, Profiles};

const REQUEST: Digest = Digest([1; 32]);

async fn undecided<T: Profiles>(log: &Log, people: Guarded<T>) {
    let _released = log.append(people, REQUEST, Circumstances::default()).await;
}

fn main() {}
