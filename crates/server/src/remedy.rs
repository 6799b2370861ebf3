//! What mends a failure of ours: a moment, or a person. What only a person can mend is said so at once, and
//! nobody is asked to try again.

use std::fmt::Display;
use std::io;

use countersign_log::ConsentsError;
use countersign_log::append::AppendError;
use countersign_log::clock_watch::ClockJump;
use countersign_log::ledger::LedgerError;
use countersign_log::period::PeriodError;
use countersign_log::stream::StreamError;
use countersign_protocol::blinded_lists::ListsError;

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

    /// The remedy of what a database says.
    #[must_use]
    pub fn of_database(error: &heed::Error) -> Self {
        match error {
            heed::Error::Io(error) => Self::of_io(error.kind()),
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
    use std::path::PathBuf;

    use countersign_domain::time::Timestamp;

    use super::*;
    use crate::account_directory::AccountDirectoryError;
    use crate::canaries::CanaryError;
    use crate::closes::CloseError;
    use crate::keys::KeyError;
    use crate::people::feed::FeedError;
    use crate::store::StoreError;

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

    #[test]
    fn remedy_is_that_of_the_innermost_error_however_deep_it_is() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let (file, path) = ("stream/periods/last".to_owned(), PathBuf::from("keys/canary.key"));
        let period = |error| CloseError::Period(PeriodError::Io { file: file.clone(), error });
        let lists = PeriodError::Lists { file: file.clone(), error: ListsError::Io(full()) };
        let database = |error| StoreError::Database { dir: path.clone(), source: error };
        let room: [&dyn Remediable; 8] = [
            &period(full()),
            &CloseError::Ledger(LedgerError::Period(lists)),
            &CloseError::Store(database(heed::Error::Io(full()))),
            &CloseError::Directory(AccountDirectoryError::Database {
                path: path.clone(),
                error: heed::Error::Io(full()),
            }),
            &CanaryError::Key(KeyError::File { path: path.clone(), error: full() }),
            &CanaryError::File { path: path.clone(), error: full() },
            &FeedError::Store(database(heed::Error::Io(full()))),
            &CloseError::Period(PeriodError::Append(AppendError::Disk {
                kind: io::ErrorKind::StorageFull,
            })),
        ];
        for error in room {
            assert_eq!(error.remedy(), Remedy::MakeRoom, "{error}");
        }
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let mended: [&dyn Remediable; 3] = [
            &period(denied()),
            &FeedError::Store(database(heed::Error::Io(denied()))),
            &CloseError::UnknownAccount,
        ];
        for error in mended {
            assert_eq!(error.remedy(), Remedy::Mend, "{error}");
        }
        assert_eq!(CloseError::Ledger(LedgerError::NotPublished).remedy(), Remedy::Wait);
    }
}
