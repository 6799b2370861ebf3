//! What mends a failure of ours: a moment, or a person. What only a person can mend is said so at once, and
//! nobody is asked to try again.

use std::fmt::Display;
use std::io;

/// What mends a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remedy {
    /// Time: the same may work a moment later.
    Wait,
    /// The operator, who has to make room on a disk.
    MakeRoom,
    /// The operator, who has to mend what the error names.
    Mend,
}

/// An error that knows its remedy.
pub trait Remediable: Display {
    /// What mends it.
    fn remedy(&self) -> Remedy;
}

impl Remedy {
    /// The remedy of what the file layer says.
    #[must_use]
    pub const fn of_io(kind: io::ErrorKind) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
        match kind {
            StorageFull | QuotaExceeded | FileTooLarge => Self::MakeRoom,
            _ => Self::Mend,
        }
    }
}
