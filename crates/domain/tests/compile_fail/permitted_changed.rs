//! What was decided cannot be changed afterwards.

use countersign_domain::decide::{Candidate, People, Permitted};
use countersign_domain::field::FieldSet;

struct Nobody;

impl People for Nobody {
    fn candidates(&self) -> &[Candidate] {
        &[]
    }
}

fn open_everything(permitted: &mut Permitted<Nobody>) {
    permitted.decided().records[0].fields = FieldSet::ALL;
}

fn main() {}
