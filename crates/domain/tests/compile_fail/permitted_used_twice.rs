//! One decision, one disclosure: taking a `Permitted` apart ends it.

use countersign_domain::decide::{Candidate, People, Permitted};

struct Nobody;

impl People for Nobody {
    fn candidates(&self) -> &[Candidate] {
        &[]
    }
}

fn twice(permitted: Permitted<Nobody>) {
    let _ = permitted.into_parts();
    let _ = permitted.into_parts();
}

fn main() {}
