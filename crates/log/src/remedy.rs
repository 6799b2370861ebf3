//! What mends each failure of the log.

use countersign_domain::remedy::{Remediable, Remedy};
use countersign_protocol::blinded_lists::ListsError;

use crate::ConsentsError;
use crate::append::AppendError;
use crate::clock_watch::ClockJump;
use crate::ledger::LedgerError;
use crate::period::PeriodError;
use crate::stream::StreamError;

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

impl Remediable for StreamError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Io { error, .. } => Remedy::of_io(error.kind()),
            _ => Remedy::Mend,
        }
    }
}

impl Remediable for PeriodError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Io { error, .. } | Self::Lists { error: ListsError::Io(error), .. } => {
                Remedy::of_io(error.kind())
            }
            Self::Rewrite(failed) => Remedy::of_io(failed.error.kind()),
            Self::Stream(error) => error.remedy(),
            Self::Append(error) => error.remedy(),
            _ => Remedy::Mend,
        }
    }
}

impl Remediable for LedgerError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::NotPublished | Self::NoClosePublished | Self::History { .. } => Remedy::Wait,
            Self::Io { error, .. } => Remedy::of_io(error.kind()),
            Self::Stream(error) => error.remedy(),
            Self::Period(error) => error.remedy(),
            _ => Remedy::Mend,
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
    use std::io;

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
