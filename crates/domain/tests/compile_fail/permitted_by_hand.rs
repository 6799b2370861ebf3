//! Nobody but `decide` makes a `Permitted`.

use countersign_domain::decide::{Candidate, Decided, People, Permitted};

struct Nobody;

impl People for Nobody {
    fn candidates(&self) -> &[Candidate] {
        &[]
    }
}

fn permit(decided: Decided) -> Permitted<Nobody> {
    Permitted { decided, people: Nobody }
}

fn main() {}
