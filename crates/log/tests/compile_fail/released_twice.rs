//! One disclosure is one answer.

use countersign_log::guarded::Profiles;
use countersign_log::released::{Answer, Released};

fn twice<T: Profiles>(released: Released<T>) -> [Answer; 2] {
    let first = released.answer(|_| Vec::new());
    let second = released.answer(|_| Vec::new());
    [first, second]
}

fn copied<T: Profiles>(released: &Released<T>) -> Released<T> {
    released.clone()
}

fn main() {}
