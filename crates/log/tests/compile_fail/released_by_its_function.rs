//! Nobody but the log says that a disclosure is durable.

use countersign_domain::decide::Decided;
use countersign_log::guarded::Guarded;
use countersign_log::released::{Placed, Released};
use countersign_protocol::record::Seed;

fn made_up<T>(decided: Decided, people: Guarded<T>, placed: Placed, seed: Seed) -> Released<T> {
    Released::new(decided, people, placed, seed)
}

fn main() {}
