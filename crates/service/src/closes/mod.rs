//! Closes: brings the directory up to date, ends the period, and makes the ledgers that this proves.
//!
//! ```text
//! people → account_directory: an epoch  →  log::period: the index  →  log: one `close` entry
//!                                                                  →  who is erased is destroyed (see `erasing`)
//! ```
//!
//! One at a time, on a thread of their own: a close takes seconds, and whatever a crash leaves of it the next
//! start makes whole. It is due `log.close_every_s` after the one before, or after the log's first entry.
//!
//! What it is not: it does not wait for choices that the log was not told yet; these stand in the next period.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use countersign_domain::digest::Digest;
use countersign_domain::person::{Handle, Secret};
use countersign_domain::remedy::{Remediable, Remedy};
use countersign_domain::time::Timestamp;
use countersign_log::Log;
use countersign_log::backend::posix::Posix;
use countersign_log::ledger::{LedgerError, Ledgers, OwnSecret, Subject};
use countersign_log::period::{
    Closed, Limits, PeriodError, PeriodHead, Periods, Secrets, SecretsError,
};
use countersign_people::account_directory::{AccountDirectory, AccountDirectoryError};
use countersign_people::data_dir::DataDir;
use countersign_people::keys::{KeyError, SecretKey};
use countersign_people::store::{LogMark, People, StoreError, View};
use countersign_protocol::directory::secret_commitment;
use countersign_protocol::index_sample::SAMPLE_BYTES_MAX;

mod erasing;
mod metrics;
mod sampling;

pub use self::metrics::CloseMetrics;

/// How often it is looked whether a close is due, and tried again if one failed.
const LOOK: Duration = Duration::from_secs(60);

/// Why no period was closed, or no ledger made.
#[derive(Debug, thiserror::Error)]
pub enum CloseError {
    /// Another one is under way.
    #[error("a period is being closed right now; ask again when that is done")]
    UnderWay,
    /// The directory's key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The store of people.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The directory.
    #[error(transparent)]
    Directory(#[from] AccountDirectoryError),
    /// The period.
    #[error(transparent)]
    Period(#[from] PeriodError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The directory says already that the person is erased.
    #[error(
        "the erasure of this person is being done: a close began that was cut short, and the next one destroys what is left; it is too late for a hold"
    )]
    ErasureBegun,
    /// The person came after the last close.
    #[error(
        "no close has this person yet; ask again after the next one, which `countersign log close` makes at once"
    )]
    NotClosedYet,
    /// The directory has not grown.
    #[error(
        "the directory is still at epoch {since}: it advances only at a close after accounts were added or erased"
    )]
    NotGrown {
        /// Since when.
        since: u64,
    },
    /// More was drawn than fits into a sample.
    #[error(
        "the sample would have {found} bytes, and at most {SAMPLE_BYTES_MAX} are read; ask for fewer items"
    )]
    SampleTooLong {
        /// How many bytes it would have.
        found: usize,
    },
    /// Nothing is known of the person.
    #[error("there is no such account")]
    UnknownAccount,
}

impl Remediable for CloseError {
    fn remedy(&self) -> Remedy {
        match self {
            Self::Key(error) => error.remedy(),
            Self::Store(error) => error.remedy(),
            Self::Directory(error) => error.remedy(),
            Self::Period(error) => error.remedy(),
            Self::Ledger(error) => error.remedy(),
            _ => Remedy::Mend,
        }
    }
}

/// What closes a log's periods.
pub struct Closes {
    log: Log,
    people: Arc<People>,
    directory: AccountDirectory,
    periods: Mutex<Periods>,
    ledgers: Ledgers,
    every_s: u64,
    metrics: CloseMetrics,
}

/// People's secrets, as they were at one moment.
pub struct SecretsOf(pub Arc<View>);

impl Secrets for SecretsOf {
    fn secret(&self, person: Handle) -> Result<Option<Secret>, SecretsError> {
        let Some(number) = self.0.number_of(person) else { return Ok(None) };
        let damaged = || SecretsError { reason: "a person's record is damaged".to_owned() };
        let mut secret = Secret([0; 32]);
        self.0.person(number).ok_or_else(damaged)?.secret_into(&mut secret);
        Ok(Some(secret))
    }
}

impl Closes {
    /// Opens what this log has closed, and makes whole what a crash left. It blocks.
    ///
    /// # Errors
    /// [`CloseError`].
    pub fn open(
        folder: &DataDir,
        log: Log,
        people: Arc<People>,
        every_s: u64,
    ) -> Result<Self, CloseError> {
        let backend = Arc::new(Posix::new(folder.log()));
        let mut periods = Periods::open(backend.clone(), Limits::default())?;
        periods.catch_up(&log, &SecretsOf(people.view()))?;
        let directory = compared(folder, &periods, &people.view())?;
        let ledgers = Ledgers::open(backend)?;
        let metrics = CloseMetrics::default();
        if let Some(last) = periods.last() {
            metrics.newest(last);
        }
        let periods = Mutex::new(periods);
        Ok(Self { log, people, directory, periods, ledgers, every_s, metrics })
    }

    /// The people whose periods these are.
    #[must_use]
    pub const fn people(&self) -> &Arc<People> {
        &self.people
    }

    /// What came of closing.
    #[must_use]
    pub const fn metrics(&self) -> &CloseMetrics {
        &self.metrics
    }

    /// Closes the period that ends now. It blocks, for long.
    ///
    /// # Errors
    /// [`CloseError`]; what was done stays, and the next close goes on from there.
    pub fn close(&self) -> Result<Closed, CloseError> {
        let mut periods = self.try_periods()?;
        let began = Instant::now();
        let closed = self.close_now(&mut periods).inspect_err(|_| self.metrics.failed())?;
        self.metrics.newest(&closed.head);
        self.metrics.took(began.elapsed());
        let PeriodHead { number, from, until, people, items, .. } = closed.head;
        let Closed { forgotten, .. } = closed;
        tracing::info!(number, from, until, people, items, "a period was closed");
        if forgotten > 0 {
            // Nobody is destroyed before their last item is in a closed period.
            tracing::warn!(
                number,
                forgotten,
                "records in this period are of people who are not in people/, so that they are in nobody's list; it was restored without them"
            );
        }
        Ok(closed)
    }

    /// INVARIANT: whoever has an item in the period is in the directory of its close, and nobody is destroyed before
    /// their last item is in a closed period. Kept by the order of three looks: who is to be destroyed, whose last
    /// entry is durable by then; where the period ends; and the people, of whom nobody is missing whom an entry
    /// before that end is about, since people are in the store before anything about them is appended. What comes
    /// behind them is in the next period, directory and all. An account whose secret was lost, and which came back,
    /// is the exception: this close says that the old one is gone, and the next one has the new one.
    fn close_now(&self, periods: &mut Periods) -> Result<Closed, CloseError> {
        let erasures = self.due_erasures(self.now())?;
        let until = self.log.head();
        let view = self.people.settled_view();
        let bound = periods.last().map_or(0, |last| last.directory.epoch);
        self.directory.publish(&view, bound)?;
        let directory = self.directory.erase(&erasures)?;
        let secrets = SecretsOf(view);
        let closed = periods.close(&self.log, until, &secrets, directory)?;
        // Before anything is overwritten: what is erased behind the mark would tell of an older store.
        self.people.put_log_mark(LogMark { stream: self.log.stream_id(), entries: until })?;
        self.destroy(periods, &erasures, &secrets)?;
        self.compact();
        Ok(closed)
    }

    /// The last period that was closed.
    ///
    /// # Errors
    /// [`CloseError::UnderWay`].
    pub fn last(&self) -> Result<Option<PeriodHead>, CloseError> {
        Ok(self.try_periods()?.last().cloned())
    }

    /// When the next period closes by itself, once there is an entry.
    ///
    /// # Errors
    /// [`CloseError`].
    pub fn next_due(&self) -> Result<Option<Timestamp>, CloseError> {
        let since = self.try_periods()?.since()?;
        Ok(since.map(|since| since.plus_seconds(self.every_s)))
    }

    /// The ledger bundle of an account. It blocks, for as long as it takes to read everything about the person.
    ///
    /// # Errors
    /// [`CloseError`].
    pub fn ledger(&self, account: &str) -> Result<Vec<u8>, CloseError> {
        let person = self.people.person_of_account(account)?.ok_or(CloseError::UnknownAccount)?;
        let history = self.directory.history(account)?.ok_or(CloseError::NotClosedYet)?;
        let view = self.people.view();
        let secrets = SecretsOf(Arc::clone(&view));
        let secret = secrets.secret(person).map_err(LedgerError::from)?;
        let secret = secret.ok_or(CloseError::UnknownAccount)?;
        if secret_commitment(&secret) != history.value {
            return Err(CloseError::NotClosedYet);
        }
        let subject = Subject {
            account: account.to_owned(),
            history: history.proof,
            vrf: self.directory.root().map_or(Digest([0; 32]), |root| root.vrf),
            secrets: vec![OwnSecret { version: history.version, secret, handle: person }],
        };
        let schema = self.log.register().schema_index().unwrap_or_default();
        Ok(self.ledgers.bundle(&subject, schema, &secrets)?.to_bytes())
    }

    /// How the directory grew since this epoch, as auditors are given it. It blocks, and nothing is closed meanwhile.
    ///
    /// # Errors
    /// [`CloseError::UnderWay`], [`CloseError::NotGrown`], [`CloseError::Directory`].
    pub fn directory_growth(&self, since: u64) -> Result<Vec<u8>, CloseError> {
        let _periods = self.try_periods()?;
        let growth = self.directory.growth(since)?.ok_or(CloseError::NotGrown { since })?;
        Ok(growth.to_bytes())
    }

    /// Closes whenever a close is due, until what this returns is dropped.
    ///
    /// # Errors
    /// What the system says if there can be no thread.
    pub fn start(self: &Arc<Self>) -> std::io::Result<Closing> {
        let (stop, stopped) = mpsc::channel();
        let closes = Arc::clone(self);
        let thread = std::thread::Builder::new().name("closes".to_owned());
        let thread = thread.spawn(move || {
            while stopped.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                closes.close_if_due();
            }
        })?;
        Ok(Closing { stop: Some(stop), thread: Some(thread) })
    }

    /// The time by which closes and holds are: while the clock is not believed, the one that it should show. A clock
    /// that was set forward ends no hold, and destroys nobody.
    pub(super) fn now(&self) -> Timestamp {
        self.log.believed_now().unwrap_or_else(|jump| jump.expected)
    }

    fn close_if_due(&self) {
        let now = self.now();
        let due = self.next_due().map(|due| due.is_some_and(|due| now >= due));
        let outcome = match due {
            Ok(true) => self.close().map(drop),
            Ok(false) | Err(CloseError::UnderWay) => Ok(()),
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            tracing::error!(%error, "the period could not be closed; it is tried again in a minute, and late 24 hours after the last close");
        }
    }

    fn try_periods(&self) -> Result<MutexGuard<'_, Periods>, CloseError> {
        match self.periods.try_lock() {
            Ok(periods) => Ok(periods),
            // What a panic left, the next close looks at and makes whole.
            Err(TryLockError::Poisoned(poisoned)) => Ok(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => Err(CloseError::UnderWay),
        }
    }
}

/// The thread that closes; dropped, it ends once the close that is under way is done.
pub struct Closing {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Closing {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so already.
            let _ = thread.join();
        }
    }
}

/// The directory that the newest of these periods binds, held against these people. A start and `countersign check`
/// look at it so.
///
/// # Errors
/// [`CloseError::Directory`], [`CloseError::Key`].
pub fn compared(
    folder: &DataDir,
    periods: &Periods,
    people: &View,
) -> Result<AccountDirectory, CloseError> {
    let directory = open_directory(folder, periods)?;
    directory.check_people(people)?;
    Ok(directory)
}

/// Whether a directory of accounts was ever made: one that is opened where none was is made.
#[must_use]
pub fn has_directory(folder: &DataDir, periods: &Periods) -> bool {
    let is_bound = periods.last().is_some_and(|last| last.directory.epoch > 0);
    is_bound || folder.account_directory().exists()
}

/// Opens the directory that the newest of these periods binds, with its key. Both are made where no close ever bound
/// one.
///
/// # Errors
/// [`CloseError::Directory`], [`CloseError::Key`].
pub fn open_directory(folder: &DataDir, periods: &Periods) -> Result<AccountDirectory, CloseError> {
    let bound = periods.last().map(|last| last.directory);
    let key = folder.key("vrf");
    let is_bound = bound.is_some_and(|bound| bound.epoch > 0);
    if !is_bound && !key.exists() && !folder.account_directory().exists() {
        SecretKey::generate()?.write_new(&key)?;
    }
    let key = SecretKey::read(&key)?;
    Ok(AccountDirectory::open_bound(&folder.account_directory(), &key, bound)?)
}
