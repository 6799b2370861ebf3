//! One decision is one disclosure.

use countersign_domain::decide::Permitted;
use countersign_log::Log;
use countersign_log::annex::Circumstances;
use countersign_log::guarded::{Guarded, Profiles};

async fn twice<T: Profiles>(log: &Log, permitted: Permitted<Guarded<T>>) {
    let _first = log.append(permitted, Circumstances::default()).await;
    let _second = log.append(permitted, Circumstances::default()).await;
}

fn copied<T: Profiles>(permitted: &Permitted<Guarded<T>>) -> Permitted<Guarded<T>> {
    permitted.clone()
}

fn main() {}
