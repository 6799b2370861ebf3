//! The front of the log's site: the newest checkpoint, the newest one that witnesses have cosigned, and
//! the archive of those.
//!
//! ```text
//! log/checkpoint                   the newest, with the cosignatures that came while it was the newest
//! log/checkpoint.witnessed         the newest that met the quorum
//! log/witnessed/2026-11-26T14      those of an hour, about one a minute
//! ```
//!
//! The publisher shows a new checkpoint about once a second, and cosignatures of an older one come in
//! meanwhile, so both go through one lock: cosignatures are put beside a checkpoint only while that very
//! checkpoint is shown, and a file is only ever replaced by a whole one.
//!
//! What it is not: it signs nothing and trusts nobody; what it is given is verified again under log key
//! and policy before any of it is written. And it is no view: what witnesses signed cannot be computed
//! again from the stream.
//!
//! Spec: docs/protocol.md, section 2.2.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_domain::time::Timestamp;
use countersign_protocol::archive::{self, ARCHIVE_BYTES_MAX, ArchiveError};
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::cosigned::{Cosigned, CosignedError};
use countersign_protocol::note::NoteKey;
use countersign_protocol::witness_policy::{Policy, Quorum};
use tokio::sync::watch;

use crate::backend::{Backend, replace};
use crate::publish::{PUBLISHED_CHECKPOINT, SITE_FOLDER};

/// The newest checkpoint that met the quorum.
pub const WITNESSED_CHECKPOINT: &str = "log/checkpoint.witnessed";

/// No sooner than so long after the last one is a checkpoint archived. Less than a minute, so that there
/// is one a minute although cosignatures come when they come.
const ARCHIVE_EVERY_S: u64 = 50;

/// A checkpoint as the log published it: with its own signature and no other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Published {
    /// What it says.
    pub checkpoint: Checkpoint,
    /// Its note.
    pub note: Vec<u8>,
}

/// Why a cosigned checkpoint is not on the site.
#[derive(Debug, thiserror::Error)]
pub enum FrontError {
    /// It does not hold under the log's key and the policy.
    #[error(transparent)]
    Cosigned(#[from] CosignedError),
    /// A file cannot be read or written.
    #[error("{file}: {error}")]
    Io {
        /// The file.
        file: String,
        /// What the file layer says.
        error: io::Error,
    },
    /// The file of this hour is no archive, so nothing is added to it.
    #[error("{file}: {error}; move the file away, and find out who wrote to it")]
    Archive {
        /// The file.
        file: String,
        /// What is wrong.
        error: ArchiveError,
    },
    /// The file of this hour has no room.
    #[error("{file}: it has {ARCHIVE_BYTES_MAX} bytes already, and no more goes into an hour")]
    Full {
        /// The file.
        file: String,
    },
}

/// What publisher and witnesses' side share.
pub(crate) struct Front {
    backend: Arc<dyn Backend>,
    key: NoteKey,
    files: Mutex<Files>,
    shown: watch::Sender<Option<Arc<Published>>>,
    /// The size of the newest checkpoint that met the quorum since this process began.
    witnessed: watch::Sender<u64>,
    /// How many answers wait for witnesses.
    waiting: watch::Sender<usize>,
}

/// What only the one who holds the lock may change.
#[derive(Default)]
struct Files {
    shown: Option<Arc<Published>>,
    /// Of the newest that met the quorum: its size, and when a quorum cosigned it last.
    witnessed: (u64, Option<Timestamp>),
    hour: Option<Hour>,
}

/// The file that is being written.
struct Hour {
    path: String,
    bytes: Vec<u8>,
    last_s: u64,
}

impl Front {
    pub(crate) fn new(backend: Arc<dyn Backend>, key: NoteKey) -> Self {
        Self {
            backend,
            key,
            files: Mutex::default(),
            shown: watch::Sender::new(None),
            witnessed: watch::Sender::new(0),
            waiting: watch::Sender::new(0),
        }
    }

    /// Puts a checkpoint, signed and stored, in front.
    pub(crate) fn show(&self, checkpoint: Checkpoint, note: Vec<u8>) -> io::Result<()> {
        let published = Arc::new(Published { checkpoint, note });
        let mut files = self.files();
        replace(&*self.backend, PUBLISHED_CHECKPOINT, &published.note)?;
        files.shown = Some(Arc::clone(&published));
        self.shown.send_replace(Some(published));
        Ok(())
    }

    /// Takes the note of a checkpoint that the log published, with cosignatures.
    pub(crate) fn cosigned(
        &self,
        note: &[u8],
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Quorum, FrontError> {
        let Cosigned { checkpoint, quorum, .. } = Cosigned::open(note, &self.key, policy)?;
        let mut files = self.files();
        if files.shown.as_ref().is_some_and(|shown| shown.checkpoint == checkpoint) {
            self.replace(PUBLISHED_CHECKPOINT, note)?;
        }
        // Of one tree the newest cosignatures are shown: answers to an earlier round may come late.
        let witnessed = (checkpoint.size, quorum.times().map(|times| times.latest));
        if quorum.is_met() && witnessed >= files.witnessed {
            self.replace(WITNESSED_CHECKPOINT, note)?;
            files.witnessed = witnessed;
            self.witnessed.send_replace(checkpoint.size);
            self.archive(&mut files, note, now)?;
        }
        Ok(quorum)
    }

    fn archive(&self, files: &mut Files, note: &[u8], now: Timestamp) -> Result<(), FrontError> {
        let path = format!("{SITE_FOLDER}/{}", archive::path(now));
        let is_recent = |hour: &Hour| now.seconds().abs_diff(hour.last_s) < ARCHIVE_EVERY_S;
        if files.hour.as_ref().is_some_and(is_recent) {
            return Ok(());
        }
        let mut bytes = match files.hour.take().filter(|hour| hour.path == path) {
            Some(hour) => hour.bytes,
            None => self.read_archive(&path)?,
        };
        let kept = bytes.len();
        archive::push(&mut bytes, note);
        let is_full = bytes.len() as u64 > ARCHIVE_BYTES_MAX;
        let written = if is_full {
            Err(FrontError::Full { file: path.clone() })
        } else {
            self.replace(&path, &bytes)
        };
        if written.is_err() {
            bytes.truncate(kept);
        }
        // What could not be written is not tried at once again.
        files.hour = Some(Hour { path, bytes, last_s: now.seconds() });
        written
    }

    /// What an earlier process archived in this hour.
    fn read_archive(&self, path: &str) -> Result<Vec<u8>, FrontError> {
        let read = self.backend.read(path);
        let read = read.map_err(|error| FrontError::Io { file: path.to_owned(), error })?;
        let bytes = read.unwrap_or_default();
        archive::notes(&bytes)
            .map_err(|error| FrontError::Archive { file: path.to_owned(), error })?;
        Ok(bytes)
    }

    fn replace(&self, file: &str, bytes: &[u8]) -> Result<(), FrontError> {
        replace(&*self.backend, file, bytes)
            .map_err(|error| FrontError::Io { file: file.to_owned(), error })
    }

    /// The newest published checkpoint, and each that follows it.
    pub(crate) fn published(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.shown.subscribe()
    }

    /// How many answers wait for witnesses.
    pub(crate) fn waiting(&self) -> watch::Receiver<usize> {
        self.waiting.subscribe()
    }

    /// The size of the newest checkpoint that met the quorum since this process began.
    pub(crate) fn witnessed_size(&self) -> u64 {
        *self.witnessed.borrow()
    }

    /// Waits until the quorum has cosigned a checkpoint that has the entry of this index.
    pub(crate) async fn wait_witnessed(&self, index: u64) {
        let _waiting = Waiting::new(&self.waiting);
        // The sender lives as long as this; an error could only say that it does not.
        let _ = self.witnessed.subscribe().wait_for(|size| *size > index).await;
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An answer that waits, counted until it is dropped.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
