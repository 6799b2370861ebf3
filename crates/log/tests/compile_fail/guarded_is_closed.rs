//! People's data under guard cannot be read by who only holds it.

use countersign_domain::field::FieldSet;
use countersign_log::guarded::{Guarded, Profiles};

fn read<T: Profiles>(people: Guarded<T>) {
    let _value = people.values(0, FieldSet::ALL, |_, _| ());
    let _inside = people.0;
    let _opened = people.open();
}

fn main() {}
