//! A contender: whoever can say which fields of each friend are released.

use countersign_domain::field::{FieldId, FieldSet};

use crate::Trouble;

/// One way of answering the question.
pub(crate) trait Contender {
    /// What it is called in the table.
    fn name(&self) -> &'static str;

    /// The fields that are released of each friend, in the order of the friends. This is what is timed.
    fn decide(&mut self) -> Result<Vec<FieldSet>, Trouble>;
}

/// Asks an engine field by field about one friend. Who may not have the id, which comes first, has nothing, so
/// that the rest is not asked: without that an engine would be asked more than we look at.
pub(crate) fn ask_each(
    fields: &[FieldId],
    mut ask: impl FnMut(usize, FieldId) -> Result<bool, Trouble>,
) -> Result<FieldSet, Trouble> {
    let mut released = FieldSet::EMPTY;
    for (place, field) in fields.iter().enumerate() {
        if ask(place, *field)? {
            released = released.with(*field);
        } else if *field == FieldId::ID {
            break;
        }
    }
    Ok(released)
}
