//! The publisher: one thread that writes the static site of the log and signs its checkpoints.
//!
//! It reads entries back from the stream and computes the tree by itself; only a root that is also the
//! sequencer's is signed. A round writes the tiles, then puts the checkpoint in the private folder in
//! place of the one that it knows to be there, and only then publishes it. So a checkpoint that anybody
//! has seen is stored, whatever happens, and another one of the same size is never signed.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use countersign_domain::digest::Digest;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::merkle::Hash;
use countersign_protocol::note::{NoteError, NoteKey};
use countersign_protocol::tile::{TILE_WIDTH, TileKind, TilePath, parse_entries};

use crate::backend::{Backend, replace};
use crate::clock_watch::ClockWatch;
use crate::metrics::{add, set};
use crate::shared::Shared;
use crate::signer::Signer;
use crate::stream::{Position, Stream, StreamError};
use crate::tiles::Tiles;
use crate::witness::front::Front;

/// The folder that is the public site of the log.
pub const SITE_FOLDER: &str = "log";

/// The private folder: the stream, the stored checkpoint, the lock.
pub const PRIVATE_FOLDER: &str = "stream";

/// The stored checkpoint, which decides what may be signed.
pub(crate) const STORED_CHECKPOINT: &str = "stream/checkpoint";

/// The checkpoint on the site.
pub(crate) const PUBLISHED_CHECKPOINT: &str = "log/checkpoint";

/// Where a document of this digest is published.
#[must_use]
pub fn document_path(digest: &Digest) -> String {
    format!("{SITE_FOLDER}/documents/{digest}.json")
}

/// Where a tile is published.
#[must_use]
pub fn tile_path(path: &TilePath) -> String {
    format!("{SITE_FOLDER}/{path}")
}

/// Why a round of publishing failed. The next one tries again.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PublishError {
    #[error("{file}: {error}")]
    Io { file: String, error: io::Error },
    #[error(transparent)]
    Stream(#[from] StreamError),
    #[error(
        "the stream read back gives another tree of {size} entries than the one that was written: nothing is signed; check memory and disk, and restart"
    )]
    RootDiffers { size: u64 },
    #[error(
        "{STORED_CHECKPOINT} was changed by another program: nothing is signed; find out which one writes to this folder"
    )]
    Foreign,
    #[error("a checkpoint of {stored} entries was signed before: none of {size} entries is signed")]
    Older { stored: u64, size: u64 },
    #[error("another root was signed for {size} entries: this one is not")]
    TwoRoots { size: u64 },
    #[error(transparent)]
    Note(#[from] NoteError),
}

/// The stored checkpoint as this process knows it.
pub(crate) struct Stored {
    /// Its bytes; `None` if there is none yet.
    pub(crate) bytes: Option<Vec<u8>>,
    /// What it says.
    pub(crate) checkpoint: Option<Checkpoint>,
    /// Whether this process made it durable. What was found there may be in the cache alone: whoever
    /// wrote it may have been told that it is not durable.
    pub(crate) is_durable: bool,
}

/// Wakes the publisher to its end.
#[derive(Default)]
pub(crate) struct Stop {
    stopped: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    pub(crate) fn stop(&self) {
        *self.stopped.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Waits; whether it is time to end.
    fn wait(&self, time: Duration) -> bool {
        let stopped = self.stopped.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(stopped, time, |stopped| !*stopped);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// The one thread that publishes.
pub(crate) struct Publisher {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) stream: Stream,
    /// Up to where the stream is in `tiles`.
    pub(crate) read: Position,
    pub(crate) tiles: Tiles,
    pub(crate) stored: Stored,
    /// The size and root that are on the site; `None` until this process has published.
    pub(crate) published: Option<(u64, Hash)>,
    pub(crate) origin: String,
    pub(crate) key: NoteKey,
    pub(crate) signer: Arc<dyn Signer>,
    pub(crate) clock: Arc<ClockWatch>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) front: Arc<Front>,
}

impl Publisher {
    /// Publishes after each interval, and once more at the end.
    pub(crate) fn run(mut self, interval: Duration, stop: &Stop) {
        while !stop.wait(interval) {
            self.try_round();
        }
        self.try_round();
    }

    pub(crate) fn try_round(&mut self) {
        if let Err(error) = self.round() {
            add(&self.shared.counters.publish_errors, 1);
            tracing::error!(%error, "the log was not published");
        }
    }

    /// Publishes what is durable.
    pub(crate) fn round(&mut self) -> Result<(), PublishError> {
        let began = self.clock.now();
        // Nobody may be asking for anything: then it is told here that the clock has jumped.
        let _ = self.clock.look();
        let durable = self.shared.durable();
        while self.read.index < durable.end.index {
            let read = self.stream.read_entries(self.read)?;
            let count = read.end.index - self.read.index;
            let damaged = |_| PublishError::RootDiffers { size: durable.end.index };
            let count = u16::try_from(count).map_err(|_| damaged(()))?;
            for entry in parse_entries(&read.bytes, count).map_err(|_| damaged(()))? {
                self.tiles.push(entry);
            }
            self.read = read.end;
            self.write_full_tiles()?;
        }
        self.write_full_tiles()?;
        let (size, root) = (self.tiles.size(), self.tiles.frontier().root());
        if size != durable.end.index || root != durable.root {
            return Err(PublishError::RootDiffers { size: durable.end.index });
        }
        if self.published != Some((size, root)) {
            for (path, bytes) in self.tiles.partial() {
                replace_in(&*self.backend, &tile_path(&path), &bytes)?;
            }
            self.sign(size, root)?;
            self.published = Some((size, root));
        }
        self.shared.published(size, began);
        set(&self.shared.counters.checkpoint_size, size);
        set(&self.shared.counters.checkpoint_seconds, self.clock.now().seconds());
        Ok(())
    }

    fn write_full_tiles(&mut self) -> Result<(), PublishError> {
        write_full_tiles(&*self.backend, &mut self.tiles, 0)
    }

    /// INVARIANT: what is signed continues what was signed: never a smaller tree, never two roots at one
    /// size, and never before it is stored. Maintained here, the only place where checkpoints are signed.
    fn sign(&mut self, size: u64, root: Hash) -> Result<(), PublishError> {
        let io = |error| PublishError::Io { file: STORED_CHECKPOINT.to_owned(), error };
        let found = self.backend.read(STORED_CHECKPOINT).map_err(io)?;
        if found != self.stored.bytes {
            return Err(PublishError::Foreign);
        }
        if let Some(before) = &self.stored.checkpoint {
            if before.size > size {
                return Err(PublishError::Older { stored: before.size, size });
            }
            if before.size == size && before.root != root {
                return Err(PublishError::TwoRoots { size });
            }
        }
        let checkpoint = Checkpoint { origin: self.origin.clone(), size, root };
        let note = checkpoint.sign(&self.key, |message| self.signer.sign(message))?.into_bytes();
        if !self.stored.is_durable || self.stored.bytes.as_ref() != Some(&note) {
            let written = replace(&*self.backend, STORED_CHECKPOINT, &note);
            let is_durable = written.is_ok();
            // After an error it may be there or not. Either is what this process signed, so either is right.
            let is_there =
                || self.backend.read(STORED_CHECKPOINT).ok().flatten().as_ref() == Some(&note);
            if is_durable || is_there() {
                let (bytes, checkpoint) = (Some(note.clone()), Some(checkpoint.clone()));
                self.stored = Stored { bytes, checkpoint, is_durable };
            }
            written.map_err(io)?;
        }
        let io = |error| PublishError::Io { file: PUBLISHED_CHECKPOINT.to_owned(), error };
        self.front.show(checkpoint, note).map_err(io)
    }
}

/// Writes the full files that wait, those excepted that are there for a published tree of
/// `published_size` entries, and removes their partial versions.
pub(crate) fn write_full_tiles(
    backend: &dyn Backend,
    tiles: &mut Tiles,
    published_size: u64,
) -> Result<(), PublishError> {
    while let Some((path, bytes)) = tiles.next_full() {
        let file = tile_path(path);
        let is_of_published = end_index(path).is_some_and(|end| end <= published_size);
        if !(is_of_published && has_length(backend, &file, bytes.len())?) {
            replace_in(backend, &file, bytes)?;
            let partial = format!("{SITE_FOLDER}/{}", path.partial_folder());
            backend
                .remove_folder(&partial)
                .map_err(|error| PublishError::Io { file: partial, error })?;
        }
        tiles.full_done();
    }
    Ok(())
}

/// Whether a file is there with this length. Its bytes are for `check` to compare: opening would
/// otherwise read the whole site.
fn has_length(backend: &dyn Backend, file: &str, length: usize) -> Result<bool, PublishError> {
    let found = backend.length_bytes(file);
    let found = found.map_err(|error| PublishError::Io { file: file.to_owned(), error })?;
    Ok(found == Some(length as u64))
}

/// The first entry behind a full file, as far as it can be counted.
fn end_index(path: &TilePath) -> Option<u64> {
    let level = match path.kind {
        TileKind::Entries => 0,
        TileKind::Hashes { level } => level,
    };
    let entries = TILE_WIDTH.checked_pow(u32::from(level) + 1)?;
    path.index.checked_add(1)?.checked_mul(entries)
}

fn replace_in(backend: &dyn Backend, file: &str, bytes: &[u8]) -> Result<(), PublishError> {
    replace(backend, file, bytes).map_err(|error| PublishError::Io { file: file.to_owned(), error })
}

#[cfg(test)]
mod tests {
    use countersign_domain::time::Timestamp;
    use countersign_protocol::merkle::empty_root;

    use super::*;
    use crate::backend::memory::{Fault, Memory};
    use crate::open::STREAM;
    use crate::shared::Durable;
    use crate::signer::SoftwareSigner;

    fn publisher(memory: &Memory) -> Publisher {
        Stream::create(memory, STREAM, [0; 16]).unwrap();
        let beginning = Timestamp::from_seconds(0);
        let backend = Arc::new(memory.clone());
        let clock = ClockWatch::open(Arc::new(move || beginning), backend, 60, false, beginning);
        let signer = SoftwareSigner::from_seed(&[1; 32]);
        let durable = Durable { end: Position::START, root: empty_root() };
        let key = NoteKey::new("log.example", signer.public_key()).unwrap();
        Publisher {
            backend: Arc::new(memory.clone()),
            stream: Stream::open(memory, STREAM).unwrap(),
            read: Position::START,
            tiles: Tiles::default(),
            stored: Stored { bytes: None, checkpoint: None, is_durable: false },
            published: None,
            origin: "log.example".to_owned(),
            front: Arc::new(Front::new(Arc::new(memory.clone()), key.clone())),
            key,
            signer: Arc::new(signer),
            clock: Arc::new(clock.unwrap()),
            shared: Arc::new(Shared::new(durable, Arc::default(), None)),
        }
    }

    #[test]
    fn what_was_signed_is_never_contradicted() {
        let memory = Memory::new();
        let mut publisher = publisher(&memory);
        publisher.sign(7, [7; 32]).unwrap();
        publisher.sign(7, [7; 32]).unwrap();
        let first = memory.calls().len();
        let two_roots = publisher.sign(7, [8; 32]);
        assert!(matches!(two_roots, Err(PublishError::TwoRoots { size: 7 })));
        let older = publisher.sign(6, [6; 32]);
        assert!(matches!(older, Err(PublishError::Older { stored: 7, size: 6 })));
        assert_eq!(memory.calls().len(), first, "something was written");
        publisher.sign(8, [8; 32]).unwrap();
    }

    #[test]
    fn a_checkpoint_is_stored_before_it_is_published() {
        let memory = Memory::new();
        publisher(&memory).sign(1, [1; 32]).unwrap();
        let renames = memory.calls().into_iter().filter(|call| call.what == "rename");
        let order: Vec<_> = renames.map(|call| call.path).skip(1).collect();
        assert_eq!(order, [STORED_CHECKPOINT, PUBLISHED_CHECKPOINT]);
    }

    #[test]
    fn crash_a_checkpoint_whose_name_is_not_durable_is_not_published() {
        let memory = Memory::new();
        let mut publisher = publisher(&memory);
        let is_stored = |call: &crate::backend::memory::Call| call.path == "stream";
        memory.plan(memory.calls().len() + 5, Fault::Fail(io::ErrorKind::Other));
        publisher.sign(1, [1; 32]).unwrap_err();
        assert!(is_stored(memory.calls().last().unwrap()), "another call failed");
        assert!(memory.exists(STORED_CHECKPOINT).unwrap());
        let failed = memory.calls().len();
        publisher.sign(1, [1; 32]).unwrap();
        assert!(memory.calls()[failed..].iter().any(is_stored));
    }

    #[test]
    fn a_tree_that_is_not_the_sequencers_is_not_signed() {
        let memory = Memory::new();
        let mut publisher = publisher(&memory);
        let durable = Durable { end: Position::START, root: [1; 32] };
        publisher.shared = Arc::new(Shared::new(durable, Arc::default(), None));
        let differs = publisher.round();
        assert!(matches!(differs, Err(PublishError::RootDiffers { size: 0 })));
        assert!(!memory.exists(PUBLISHED_CHECKPOINT).unwrap());
    }
}
