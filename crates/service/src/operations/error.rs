//! Why an operation was not done, for the platform's own engineers and tools.

use countersign_domain::remedy::{Remediable, Remedy};
use countersign_log::period::PeriodError;
use countersign_people::store::StoreError;
use countersign_source::SourceError;

use crate::canaries::CanaryError;
use crate::closes::CloseError;
use crate::consents::TellError;

/// What kind of trouble it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// There is nothing of that name.
    NotFound,
    /// It cannot be as things stand; they may change.
    Conflict,
    /// It asks for something that cannot be.
    Unprocessable,
    /// Something of ours fails, which this mends.
    Ours(Remedy),
}

/// Why an operation was not done.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct OperationError {
    /// What kind of trouble it is.
    pub trouble: Trouble,
    /// What was wrong, and what to do.
    pub message: String,
}

impl OperationError {
    /// An error of this kind.
    pub fn of(trouble: Trouble, error: impl std::fmt::Display) -> Self {
        Self { trouble, message: error.to_string() }
    }

    /// The operation asks for something that cannot be.
    pub fn unprocessable(error: impl std::fmt::Display) -> Self {
        Self::of(Trouble::Unprocessable, error)
    }

    /// There is nothing of that name.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::of(Trouble::NotFound, format_args!("there is no such {what}"))
    }

    /// Something of ours fails, by its remedy.
    pub fn failed(error: &impl Remediable) -> Self {
        Self::of(Trouble::Ours(error.remedy()), error)
    }

    /// Something of ours fails, and only a person can mend it.
    pub fn internal(error: impl std::fmt::Display) -> Self {
        Self::of(Trouble::Ours(Remedy::Mend), error)
    }

    /// Changes of people run too far ahead of the image: nothing was applied.
    #[must_use]
    pub fn behind() -> Self {
        let message = "a new image of the people is being written, and changes run far ahead of it; nothing was applied: \
                       send this again after Retry-After";
        Self::of(Trouble::Ours(Remedy::Wait), message)
    }

    /// The log was not told what somebody chose.
    #[must_use]
    pub fn untold(error: TellError) -> Self {
        tracing::error!(%error, "the log could not be told what people choose");
        let remedy = error.remedy();
        let next = match remedy {
            Remedy::Wait => "that is tried again every second".to_owned(),
            Remedy::MakeRoom => {
                format!("{error}. Once there is room, the log is told by itself within a second")
            }
            Remedy::Mend => format!(
                "{error}. Once that is mended, the log is told by itself, at the latest with the next start"
            ),
        };
        let message = format!(
            "it is kept, and what it closes is closed; what it opens is open once the log is told: {next}"
        );
        Self::of(Trouble::Ours(remedy), message)
    }
}

impl From<StoreError> for OperationError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::UnknownPerson => Self::not_found("account"),
            error @ StoreError::BeingErased => Self::of(Trouble::Conflict, error),
            other => Self::failed(&other),
        }
    }
}

impl From<SourceError> for OperationError {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::UnknownPerson => Self::not_found("account"),
            SourceError::Store(error) => error.into(),
            other => {
                let remedy = other.remedy();
                let next = if remedy == Remedy::Wait { "try again, or look" } else { "look" };
                let message = format!(
                    "this person is not known here yet, and whether the platform knows them cannot be found out: {other}; nothing was changed: {next} with `countersign source check`"
                );
                Self::of(Trouble::Ours(remedy), message)
            }
        }
    }
}

impl From<CanaryError> for OperationError {
    fn from(error: CanaryError) -> Self {
        match error {
            CanaryError::Planted => Self::of(Trouble::Conflict, error),
            CanaryError::NotPlanted => Self::of(Trouble::NotFound, error),
            error => {
                tracing::error!(%error, "canaries could not be changed");
                Self::failed(&error)
            }
        }
    }
}

impl From<CloseError> for OperationError {
    fn from(error: CloseError) -> Self {
        match error {
            CloseError::UnderWay
            | CloseError::ErasureBegun
            | CloseError::NotClosedYet
            | CloseError::NotGrown { .. } => Self::of(Trouble::Conflict, error),
            CloseError::UnknownAccount => Self::of(Trouble::NotFound, error),
            CloseError::SampleTooLong { .. } => Self::unprocessable(error),
            CloseError::Period(PeriodError::NotClosed { .. }) => Self::of(Trouble::NotFound, error),
            CloseError::Store(error) => error.into(),
            error => {
                if error.remedy() != Remedy::Wait {
                    tracing::error!(%error, "a period could not be closed or read");
                }
                Self::failed(&error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, ErrorKind};
    use std::path::PathBuf;

    use countersign_log::ConsentsError;
    use countersign_log::append::AppendError;
    use countersign_log::ledger::LedgerError;
    use countersign_people::account_directory::AccountDirectoryError;
    use countersign_people::keys::KeyError;
    use countersign_protocol::blinded_lists::ListsError;

    use super::*;
    use crate::people::feed::FeedError;

    #[test]
    fn who_chose_is_told_what_has_to_come_before_the_log_is_told() {
        let of_log = |error| TellError::Log(ConsentsError::Append(error));
        let kind = ErrorKind::StorageFull;
        for (error, remedy, said, unsaid) in [
            (TellError::CutShort, Remedy::Wait, "tried again every second", "mended"),
            (
                of_log(AppendError::Disk { kind }),
                Remedy::MakeRoom,
                "make room on it",
                "every second",
            ),
            (of_log(AppendError::Poisoned { kind }), Remedy::Mend, "restarted", "every second"),
            (TellError::NoRandomness, Remedy::Mend, "Once that is mended", "every second"),
        ] {
            let OperationError { trouble, message } = OperationError::untold(error);
            assert_eq!(trouble, Trouble::Ours(remedy), "{message}");
            assert!(message.starts_with("it is kept, and what it closes is closed"), "{message}");
            assert!(message.contains(said) && !message.contains(unsaid), "{message}");
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
