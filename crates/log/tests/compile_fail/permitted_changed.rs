//! What `decide` permits stays what it is.

use countersign_domain::decide::{Decided, Permitted};
use countersign_log::guarded::Guarded;

fn widened<T>(permitted: Permitted<Guarded<T>>, other: Decided) -> Permitted<Guarded<T>> {
    let mut permitted = permitted;
    permitted.decided = other;
    permitted
}

fn main() {}
