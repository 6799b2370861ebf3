//! Only `decide` permits.

use countersign_domain::decide::{Decided, Permitted};
use countersign_log::guarded::Guarded;

fn made_up<T>(decided: Decided, people: Guarded<T>) -> Permitted<Guarded<T>> {
    Permitted { decided, people }
}

fn main() {}
