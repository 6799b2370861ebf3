//! The log takes decisions, and nothing else.

use countersign_log::Log;
use countersign_log::annex::Circumstances;
use countersign_log::guarded::{Guarded, Profiles};

async fn undecided<T: Profiles>(log: &Log, people: Guarded<T>) {
    let _released = log.append(people, Circumstances::default()).await;
}

fn main() {}
