//! People's data under guard cannot be read by who only holds it.

use countersign_domain::field::FieldId;
use countersign_log::guarded::{Guarded, Profiles};

fn read<T: Profiles>(people: Guarded<T>) {
    let _value = people.value(0, FieldId::ID);
    let _inside = people.0;
    let _opened = people.open();
}

fn main() {}
