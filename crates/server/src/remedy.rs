//! What mends a failure of ours: a moment, or a person. What only a person can mend is said so at once, and
//! nobody is asked to try again.

use std::fmt::Display;
use std::io;

use countersign_log::ConsentsError;
use countersign_log::append::AppendError;
use countersign_log::clock_watch::ClockJump;

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

impl Remediable for AppendError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Stale(_) | Self::Busy | Self::Closed => Remedy::Wait,
            Self::Disk { kind } => Remedy::of_io(*kind),
            _ => Remedy::Mend,
        }
    }
}

impl Remediable for ConsentsError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Append(error) => error.remedy(),
            Self::Count { .. } | Self::TooLong { .. } => Remedy::Mend,
        }
    }
}

impl Remediable for ClockJump {
    /// The clock is not believed until somebody has looked at it.
    fn remedy(&self) -> Remedy {
        Remedy::Mend
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::time::Timestamp;

    use super::*;

    #[test]
    fn remedy_of_a_full_disk_is_room_and_of_a_busy_log_time() {
        let disk = |kind| AppendError::Disk { kind };
        for (error, expected) in [
            (disk(io::ErrorKind::StorageFull), Remedy::MakeRoom),
            (disk(io::ErrorKind::FileTooLarge), Remedy::MakeRoom),
            (disk(io::ErrorKind::QuotaExceeded), Remedy::MakeRoom),
            (disk(io::ErrorKind::PermissionDenied), Remedy::Mend),
            (AppendError::Poisoned { kind: io::ErrorKind::StorageFull }, Remedy::Mend),
            (AppendError::Unpublished { since: Timestamp::from_seconds(1) }, Remedy::Mend),
            (AppendError::NoSchema, Remedy::Mend),
            (AppendError::Busy, Remedy::Wait),
            (AppendError::Closed, Remedy::Wait),
        ] {
            assert_eq!(error.remedy(), expected, "{error}");
        }
    }
}
