//! What somebody tries who should not succeed: partners, outsiders, and the operator itself.

pub(crate) mod confusable_names;
pub(crate) mod difference;
pub(crate) mod dishonest_operator;
pub(crate) mod linking;
pub(crate) mod unauthorised;
pub(crate) mod whose_id;
