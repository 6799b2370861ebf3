//! One decision, one disclosure: a `Permitted` cannot be cloned.

use countersign_domain::decide::{Candidate, People, Permitted};

#[derive(Clone)]
struct Nobody;

impl People for Nobody {
    fn candidates(&self) -> &[Candidate] {
        &[]
    }
}

fn twice(permitted: &Permitted<Nobody>) -> Permitted<Nobody> {
    permitted.clone()
}

fn main() {}
