//! One decision is one disclosure.

use countersign_domain::decide::Permitted;
use countersign_domain::digest::Digest;
use countersign_log::Log;
use countersign_log::annex::Circumstances;
use countersign_log::guarded::{Guarded, Profiles};

const REQUEST: Digest = Digest([1; 32]);

async fn twice<T: Profiles>(log: &Log, permitted: Permitted<Guarded<T>>) {
    let _first = log.append(permitted, REQUEST, Circumstances::default()).await;
    let _second = log.append(permitted, REQUEST, Circumstances::default()).await;
}

fn copied<T: Profiles>(permitted: &Permitted<Guarded<T>>) -> Permitted<Guarded<T>> {
    permitted.clone()
}

fn main() {}
