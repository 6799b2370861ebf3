//! `/decide`: the second door, for platforms that serve their own answers.

pub(crate) mod answers;
pub(crate) mod both_doors;
pub(crate) mod in_front;
pub(crate) mod unknown;
