//! Periods: what a close binds, computed from the stream.
//!
//! A close reads its range of the stream in order, computes of every record and consent record the
//! commitment that the entry carries, and sorts them by their person's label: in runs on the disk, so that
//! what it needs in memory grows neither with the people nor with the period, but for the items of one
//! person. What it keeps of each period is in `file`: the lists, and the nodes of the
//! [person index](countersign_protocol::person_index), from which a proof takes as many reads as it has steps.
//!
//! INVARIANT: a close is appended once. Before one is computed, the stream is searched for one that a crash
//! came after; its files are then made again, and have to come to its root. Kept by [`Periods::close`].
//!
//! INVARIANT: files of a closed period are replaced only by files that come to its root. Kept by
//! [`Periods::catch_up`], which makes them in a folder of their own first.
//!
//! What it is not: it knows no account and holds no secret for longer than a record takes. Files of periods
//! are a view, but not one that can be made again for ever: of somebody whose secret was destroyed, nobody
//! can tell the label. They are backed up with the stream.

use std::sync::Arc;

use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, Secret};
use countersign_domain::rounding::rounded_up;
use countersign_domain::time::Timestamp;
use countersign_protocol::entry::{Close, CloseKind, DirectoryRoot, ENTRY_VERSION, PreviousClose};

use crate::Log;
use crate::backend::{Access, Backend, replace};
use crate::open::STREAM;
use crate::released::Placed;
use crate::stream::{Position, Stream};

mod buffered;
mod erase;
mod error;
mod file;
mod gather;
mod head;
mod lists;
mod places;
mod sort;
mod whole;

pub use self::erase::Overwritten;
pub use self::error::PeriodError;
pub use self::file::{Period, Shown};
pub use self::head::PeriodHead;
pub use self::lists::DrawnItem;

use self::file::PeriodWriter;
use self::gather::Gatherer;
use self::places::PlacesWriter;
use self::sort::Sorter;

/// The folder of all periods.
const FOLDER: &str = "stream/periods";

/// A copy of the head of the last period whose files are complete.
const LAST: &str = "stream/periods/last";

/// Where the files of a closed period are made again, until they are known to come to its root.
const AGAIN: &str = "stream/periods/again";

/// Whoever knows people's secrets.
pub trait Secrets {
    /// The secret of this person; `None` if it was destroyed.
    ///
    /// # Errors
    /// [`SecretsError`] if that cannot be said.
    fn secret(&self, person: Handle) -> Result<Option<Secret>, SecretsError>;
}

/// Secrets that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("people's secrets cannot be read: {reason}")]
pub struct SecretsError {
    /// Why, without anybody's name in it.
    pub reason: String,
}

/// How much a close may use at once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// How many items are sorted in memory, of 76 bytes each.
    pub run_items: usize,
    /// How many runs are merged at once; each has a file open and 64 KiB in memory.
    pub runs_at_once: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { run_items: 800_000, runs_at_once: 64 }
    }
}

/// What is done with files that were made again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keep {
    Files,
    Nothing,
}

/// A period that was closed.
#[derive(Clone, Debug)]
pub struct Closed {
    /// Where the close stands.
    pub placed: Placed,
    /// What its files hold.
    pub head: PeriodHead,
    /// How many records and consent records are in nobody's list, since their people's secrets were destroyed.
    pub forgotten: u64,
}

/// The closed periods of a log, and the way to close the next one. There is one of it at a time.
pub struct Periods {
    backend: Arc<dyn Backend>,
    stream: Stream,
    limits: Limits,
    last: Option<PeriodHead>,
    /// Whether the files were held against the stream since they were opened.
    is_compared: bool,
}

impl Periods {
    /// The periods of the log that is open in this backend.
    ///
    /// # Errors
    /// [`PeriodError`] if a file cannot be read.
    pub fn open(backend: Arc<dyn Backend>, limits: Limits) -> Result<Self, PeriodError> {
        let stream = Stream::open(&*backend, STREAM)?;
        let last = last_head(&*backend)?;
        Ok(Self { backend, stream, limits, last, is_compared: false })
    }

    /// The last period whose close and files are known; [`Periods::catch_up`] finds closes that are not.
    #[must_use]
    pub const fn last(&self) -> Option<&PeriodHead> {
        self.last.as_ref()
    }

    /// Holds the files against the stream, and changes nothing: the first close of which the files are missing, if
    /// there is one. The next start makes these again, if [`Periods::rehearse`] can.
    ///
    /// # Errors
    /// [`PeriodError::OtherStream`], or what cannot be read.
    pub fn missing(&self) -> Result<Option<PreviousClose>, PeriodError> {
        let whole = whole::unbroken(&*self.backend, &self.stream, self.last.as_ref(), u64::MAX)?;
        let entries = gather::end(&self.stream, whole.as_ref())?;
        let next = gather::next_close(&self.stream, whole.as_ref(), entries)?;
        Ok(next.map(|(place, _)| place))
    }

    /// Since when the period that is open is: the time of the last close, or of the log's first entry.
    ///
    /// # Errors
    /// [`PeriodError`] if that entry cannot be read.
    pub fn since(&self) -> Result<Option<Timestamp>, PeriodError> {
        match &self.last {
            Some(last) => Ok(Some(last.time)),
            None => gather::first_time(&self.stream),
        }
    }

    /// Opens the files of a period.
    ///
    /// # Errors
    /// [`PeriodError`] if there are none, or they are damaged.
    pub fn period(&self, number: u64) -> Result<Period, PeriodError> {
        open_period(&*self.backend, number)
    }

    /// Makes the files of the periods whose closes are in the stream and whose files are not there: what a
    /// crash leaves between the two, or an operator who lost some of the folder. It blocks.
    ///
    /// # Errors
    /// [`PeriodError::OtherIndex`] if they come to another root than the close has; [`PeriodError::OtherStream`] if
    /// the files are of a close that is not in the stream. The files that there were are left as they are.
    pub fn catch_up(&mut self, log: &Log, secrets: &dyn Secrets) -> Result<(), PeriodError> {
        let backend = Arc::clone(&self.backend);
        let made = self.catch_up_in(&*backend, Keep::Files, log.head(), secrets);
        made.map(drop)
    }

    /// Does what [`Periods::catch_up`] does, with `scratch` in the place of these files, which are not changed; the
    /// numbers of the periods whose files it would make again. Afterwards [`Periods::last`] is what it would be. It
    /// blocks.
    ///
    /// # Errors
    /// As [`Periods::catch_up`].
    pub fn rehearse(
        &mut self,
        scratch: &dyn Backend,
        secrets: &dyn Secrets,
    ) -> Result<Vec<u64>, PeriodError> {
        let entries = gather::end(&self.stream, None)?;
        self.catch_up_in(scratch, Keep::Nothing, entries, secrets)
    }

    /// Makes in `scratch` again what is missing of the first `entries`.
    fn catch_up_in(
        &mut self,
        scratch: &dyn Backend,
        keep: Keep,
        entries: u64,
        secrets: &dyn Secrets,
    ) -> Result<Vec<u64>, PeriodError> {
        if !self.is_compared {
            let last = self.last.as_ref();
            self.last = whole::unbroken(&*self.backend, &self.stream, last, entries)?;
            self.is_compared = true;
        }
        let mut made = Vec::new();
        while let Some((place, close)) =
            gather::next_close(&self.stream, self.last.as_ref(), entries)?
        {
            // What is whole is never computed again: nobody can tell the labels of people who were erased.
            let head = match whole::of_close(&*self.backend, place, &close)? {
                Some(whole) => whole,
                None => {
                    let again = self.make_again(scratch, place, &close, secrets);
                    // Of what does not come to the close nothing stays.
                    let again = again.inspect_err(|_| drop(scratch.remove_folder(AGAIN)))?;
                    made.push(again.number);
                    if keep == Keep::Files {
                        self.install(again.number)?;
                    }
                    again
                }
            };
            match keep {
                Keep::Files => self.keep(head)?,
                Keep::Nothing => self.last = Some(head),
            }
        }
        Ok(made)
    }

    /// Computes the files of this close again, in `scratch`.
    fn make_again(
        &self,
        scratch: &dyn Backend,
        place: PreviousClose,
        close: &Close,
        secrets: &dyn Secrets,
    ) -> Result<PeriodHead, PeriodError> {
        let (mut made, _) = self.compute(scratch, AGAIN, close.until, secrets)?;
        let is_same = (made.number, made.from) == (close.period, close.from)
            && (made.root, rounded_up(made.people)) == (close.person_index.0, close.people);
        if !is_same {
            return Err(PeriodError::OtherIndex { index: place.index });
        }
        (made.close, made.time, made.directory) = (place, close.time, close.directory);
        Ok(made)
    }

    /// Puts files that were made again into the place of what is left of a period's.
    fn install(&self, number: u64) -> Result<(), PeriodError> {
        let folder = folder(number);
        let put = || {
            self.backend.remove_folder(&folder)?;
            self.backend.create_folders(&folder, Access::Private)?;
            for name in file::NAMES {
                self.backend.rename(&format!("{AGAIN}/{name}"), &format!("{folder}/{name}"))?;
            }
            self.backend.sync_folder(&folder)?;
            self.backend.remove_folder(AGAIN)
        };
        put().map_err(|error| PeriodError::io(&folder, error))
    }

    /// Closes the period that ends before entry `until`, which the log's head was when, or before, these secrets
    /// were read: so that they are those of everybody whom an entry of the period is about. It blocks, for long;
    /// never call it from an async context.
    ///
    /// # Errors
    /// [`PeriodError`]. If the close may have been appended all the same, the next call finds it.
    pub fn close(
        &mut self,
        log: &Log,
        until: u64,
        secrets: &dyn Secrets,
        directory: DirectoryRoot,
    ) -> Result<Closed, PeriodError> {
        self.catch_up(log, secrets)?;
        let number = self.last.as_ref().map_or(0, |last| last.number + 1);
        let (mut head, forgotten) =
            self.compute(&*self.backend, &folder(number), until, secrets)?;
        let placed = log.append_close_blocking(Close {
            directory,
            from: head.from,
            kind: CloseKind::Close,
            people: rounded_up(head.people),
            period: head.number,
            person_index: Digest(head.root),
            previous: self.last.as_ref().map(|last| last.close),
            time: Timestamp::from_seconds(0),
            until: head.until,
            v: ENTRY_VERSION,
        })?;
        head.close = PreviousClose { index: placed.index, leaf: Digest(placed.leaf_hash) };
        (head.time, head.directory) = (placed.time, directory);
        self.keep(head.clone())?;
        Ok(Closed { placed, head, forgotten })
    }

    /// Computes the period after the last one and writes its files into this folder, without their head. With that,
    /// which is beside them, their names become durable.
    fn compute(
        &self,
        backend: &dyn Backend,
        folder: &str,
        until: u64,
        secrets: &dyn Secrets,
    ) -> Result<(PeriodHead, u64), PeriodError> {
        let mut head = PeriodHead::after(self.last.as_ref(), until);
        if head.from >= until {
            return Err(PeriodError::Nothing { from: head.from });
        }
        let runs = format!("{FOLDER}/runs");
        for folder in [folder, &runs] {
            let io = |error| PeriodError::io(folder, error);
            backend.remove_folder(folder).map_err(io)?;
            backend.create_folders(folder, Access::Private).map_err(io)?;
        }
        let mut sorter = Sorter::new(backend, &runs, self.limits);
        let mut places = PlacesWriter::create(backend, folder, head.from)?;
        let mut gatherer = Gatherer::new(&self.stream, secrets, &mut sorter, &mut places);
        head.next = gatherer.gather(&head, head.next)?;
        let forgotten = gatherer.forgotten();
        places.finish()?;
        let mut writer = PeriodWriter::create(backend, folder)?;
        sorter.merge(|row| writer.push(row))?;
        writer.finish(&mut head)?;
        backend.remove_folder(&runs).map_err(|error| PeriodError::io(&runs, error))?;
        Ok((head, forgotten))
    }

    /// Says that a period's close is durable and its files are complete.
    fn keep(&mut self, head: PeriodHead) -> Result<(), PeriodError> {
        let bytes = head.to_bytes();
        for file in [&file::head_path(head.number)[..], LAST] {
            replace(&*self.backend, file, &bytes).map_err(|error| PeriodError::io(file, error))?;
        }
        self.last = Some(head);
        Ok(())
    }
}

/// The head of the last period whose files are complete.
pub(crate) fn last_head(backend: &dyn Backend) -> Result<Option<PeriodHead>, PeriodError> {
    let bytes = backend.read(LAST).map_err(|error| PeriodError::io(LAST, error))?;
    bytes.map(|bytes| PeriodHead::parse(&bytes, LAST)).transpose()
}

/// The head of a period's files; `None` if it has none.
pub(crate) fn head_of(
    backend: &dyn Backend,
    number: u64,
) -> Result<Option<PeriodHead>, PeriodError> {
    let path = file::head_path(number);
    let bytes = backend.read(&path).map_err(|error| PeriodError::io(&path, error))?;
    bytes.map(|bytes| PeriodHead::parse(&bytes, &path)).transpose()
}

/// Opens the files of a period.
pub(crate) fn open_period(backend: &dyn Backend, number: u64) -> Result<Period, PeriodError> {
    Period::open(backend, number)
}

/// Shows the entries before `until` with their annexes, from the batch on in which the last period ends.
pub(crate) fn for_each_pair(
    stream: &Stream,
    last: Option<&PeriodHead>,
    until: u64,
    mut show: impl FnMut(u64, &[u8], &[u8]),
) -> Result<(), PeriodError> {
    let at = last.map_or(Position::START, |last| last.next);
    gather::for_each(stream, at, until, |_, index, entry, annex| {
        show(index, entry, annex);
        Ok(())
    })?;
    Ok(())
}

/// The folder of one period.
fn folder(number: u64) -> String {
    format!("{FOLDER}/{number}")
}
