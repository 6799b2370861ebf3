//! Opening a log: everything that can be computed is computed again from the stream, and compared with
//! what was signed.

use std::io;
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use countersign_domain::act::Act;
use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::{Checkpoint, CheckpointError};
use countersign_protocol::chronology::{Chronology, TooEarly};
use countersign_protocol::entry::{Disclosure, Entry, EntryError};
use countersign_protocol::note::{NoteKey, NoteKeyError};
use countersign_protocol::replay::{Replay, ReplayError};

use crate::admission::{Admission, Disclosed, Teller};
use crate::annex::{Annex, AnnexConsent, AnnexError};
use crate::backend::{Access, Backend, Lock, replace};
use crate::clock::Clock;
use crate::clock_watch::{CLOCK_FILE, ClockWatch};
use crate::pool::Pool;
use crate::publish::{
    PRIVATE_FOLDER, PUBLISHED_CHECKPOINT, PublishError, Publisher, SITE_FOLDER, STORED_CHECKPOINT,
    Stop, Stored, document_path, write_full_tiles,
};
use crate::rewrite::{self, RewriteError};
use crate::sequence::Sequencer;
use crate::shared::{Durable, Shared};
use crate::signer::Signer;
use crate::stream::{Found, Position, Stream, StreamError};
use crate::tiles::Tiles;
use crate::witness::front::Front;
use crate::writer::StreamWriter;
use crate::{Inner, Log, Threads};

/// The stream's file.
pub(crate) const STREAM: &str = "stream/stream";

/// The file that whoever has the log open holds a lock on.
pub const LOCK: &str = "stream/lock";

/// How often the lock is tried before somebody else is using the log.
const LOCK_ATTEMPTS: usize = 20;

/// How long to wait before the lock is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// How a log behaves.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LogConfig {
    /// The log's name in checkpoints, signatures and receipts.
    pub origin: String,
    /// How long after one checkpoint the next is signed, in milliseconds.
    pub publish_interval_ms: u64,
    /// How long a disclosure waits for others to share its fdatasync, in milliseconds.
    pub pool_wait_ms: u64,
    /// How many seconds after its time an entry is in a published checkpoint at the latest, as receipts
    /// promise it.
    pub merge_delay_s: u64,
    /// By how many seconds the machine's clock may be set forward at once before entries are no longer
    /// dated by it.
    pub clock_step_max_s: u64,
    /// Whether the machine's clock is taken as it stands at start, although it was set forward since the
    /// log was last open.
    pub accept_clock: bool,
}

impl LogConfig {
    /// The log of this origin, everything else as usual.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            publish_interval_ms: 1_000,
            pool_wait_ms: 0,
            merge_delay_s: 60,
            clock_step_max_s: 60,
            accept_clock: false,
        }
    }
}

/// What was found when a log was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// Whether there was no log before.
    pub is_new: bool,
    /// How many entries there are.
    pub entries: u64,
    /// How many bytes of a batch were cut off that a crash had torn, and nobody had been told of.
    pub torn_bytes: u64,
    /// The size of the stored checkpoint.
    pub checkpoint_size: u64,
    /// The latest time of any entry; the beginning of 1970 if there is none.
    pub newest: Timestamp,
}

/// Why a log cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it.
    #[error("{LOCK}: another process uses this log; stop it first")]
    InUse,
    /// The stream cannot be used.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// An erasure that a crash cut short could not be finished.
    #[error(transparent)]
    Rewrite(#[from] RewriteError),
    /// An entry or annex cannot be used.
    #[error("{STREAM}: entry {index}, in the batch at byte {offset}: {problem}")]
    Entry {
        /// The entry's index.
        index: u64,
        /// Where its batch begins.
        offset: u64,
        /// What is wrong.
        problem: EntryProblem,
    },
    /// A checkpoint cannot be read.
    #[error("{file}: {error}; is it the right key, and the right log?")]
    Checkpoint {
        /// The file.
        file: &'static str,
        /// What is wrong.
        error: CheckpointError,
    },
    /// The stream is shorter than what was signed.
    #[error(
        "{STREAM} has {found} entries, and {file} is a checkpoint of {signed}: entries are lost; restore the stream from a backup"
    )]
    Lost {
        /// The checkpoint's file.
        file: &'static str,
        /// How many entries the stream has.
        found: u64,
        /// How many were signed.
        signed: u64,
    },
    /// The stream is another one than what was signed.
    #[error(
        "{STREAM} does not have the root that {file} has for {size} entries: it is not the stream that was signed"
    )]
    OtherRoot {
        /// The checkpoint's file.
        file: &'static str,
        /// The size of the checkpoint.
        size: u64,
    },
    /// The origin cannot name a key.
    #[error("origin: {0}")]
    Origin(#[from] NoteKeyError),
    /// Tiles could not be written again.
    #[error("the static site cannot be written: {reason}")]
    Site {
        /// What went wrong.
        reason: String,
    },
    /// The file layer failed.
    #[error("{file}: {error}")]
    Io {
        /// The file or folder.
        file: &'static str,
        /// What the file layer says.
        error: io::Error,
    },
}

/// What is wrong with one entry or its annex.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryProblem {
    /// The entry cannot be read.
    #[error(transparent)]
    Entry(#[from] EntryError),
    /// The annex cannot be read.
    #[error(transparent)]
    Annex(#[from] AnnexError),
    /// The annex belongs to another kind of entry.
    #[error("its annex belongs to another kind of entry")]
    OtherKind,
    /// The consent records are not those that the entry commits to.
    #[error("its annex has other consent records than the entry commits to")]
    OtherRecords,
    /// It is older than what stands before it allows.
    #[error(transparent)]
    Time(#[from] TooEarly),
    /// The act does not follow from those before it.
    #[error(transparent)]
    Act(#[from] ReplayError),
}

/// The stream, entry by entry, as far as it was read.
pub(crate) struct Walk {
    pub(crate) replay: Replay,
    pub(crate) tiles: Tiles,
    pub(crate) chronology: Chronology,
}

impl Walk {
    pub(crate) fn new(origin: &str) -> Self {
        Self {
            replay: Replay::new(origin),
            tiles: Tiles::default(),
            chronology: Chronology::default(),
        }
    }

    /// Takes the next entry; returns what was read.
    pub(crate) fn step(
        &mut self,
        entry: &[u8],
        annex: &[u8],
    ) -> Result<(Entry, Annex), EntryProblem> {
        let parsed = (Entry::parse(entry)?, Annex::parse(annex)?);
        let size = self.tiles.size() + 1;
        match &parsed {
            (Entry::Act(act), Annex::Act(annex)) => {
                self.replay.apply(self.tiles.size(), act, annex.document.as_deref())?;
                self.chronology.act(act.time)?;
            }
            (Entry::Disclosure(disclosure), Annex::Disclosure(_)) => {
                self.chronology.clock(disclosure.time, size)?;
            }
            (Entry::Consents(consents), Annex::Consents(annex)) => {
                self.chronology.clock(consents.time, size)?;
                let is_whole = !annex.records.iter().any(AnnexConsent::is_erased);
                if is_whole && annex.records_root() != consents.records {
                    return Err(EntryProblem::OtherRecords);
                }
            }
            (Entry::Close(close), Annex::Close) => self.chronology.clock(close.time, size)?,
            _ => return Err(EntryProblem::OtherKind),
        }
        self.tiles.push(entry);
        Ok(parsed)
    }
}

/// A checkpoint that was signed, and has to be found again in the stream.
struct Signed {
    file: &'static str,
    bytes: Option<Vec<u8>>,
    checkpoint: Option<Checkpoint>,
}

impl Signed {
    fn size(&self) -> u64 {
        self.checkpoint.as_ref().map_or(0, |checkpoint| checkpoint.size)
    }

    fn compare(&self, tiles: &Tiles) -> Result<(), OpenError> {
        let Some(signed) = &self.checkpoint else { return Ok(()) };
        if signed.size == tiles.size() && signed.root != tiles.frontier().root() {
            return Err(OpenError::OtherRoot { file: self.file, size: signed.size });
        }
        Ok(())
    }
}

/// Takes the lock, creating the folders that it needs.
pub(crate) fn lock(backend: &dyn Backend) -> Result<Box<dyn Lock>, OpenError> {
    for (folder, access) in [(PRIVATE_FOLDER, Access::Private), (SITE_FOLDER, Access::Public)] {
        backend
            .create_folders(folder, access)
            .map_err(|error| OpenError::Io { file: folder, error })?;
    }
    for attempt in 0..LOCK_ATTEMPTS {
        // A command that only looks whether a server runs holds it for a moment.
        if attempt > 0 {
            thread::sleep(LOCK_PAUSE);
        }
        let lock = backend.lock(LOCK).map_err(|error| OpenError::Io { file: LOCK, error })?;
        if let Some(lock) = lock {
            return Ok(lock);
        }
    }
    Err(OpenError::InUse)
}

fn read_checkpoint(
    backend: &dyn Backend,
    file: &'static str,
    origin: &str,
    key: &NoteKey,
) -> Result<Signed, OpenError> {
    let bytes = backend.read(file).map_err(|error| OpenError::Io { file, error })?;
    let checkpoint = match &bytes {
        Some(bytes) => Some(
            Checkpoint::open(bytes, origin, key)
                .map_err(|error| OpenError::Checkpoint { file, error })?,
        ),
        None => None,
    };
    Ok(Signed { file, bytes, checkpoint })
}

/// Creates the stream if there has never been one.
fn open_stream(backend: &dyn Backend, stored: &Signed) -> Result<(Stream, bool), OpenError> {
    let io = |error| OpenError::Io { file: STREAM, error };
    let is_new = !backend.exists(STREAM).map_err(io)?;
    if is_new {
        if stored.size() > 0 {
            return Err(OpenError::Lost { file: stored.file, found: 0, signed: stored.size() });
        }
        let mut id = [0; 16];
        getrandom::fill(&mut id).map_err(|_| io(io::ErrorKind::Other.into()))?;
        Stream::create(backend, STREAM, id).map_err(io)?;
    }
    Ok((Stream::open(backend, STREAM)?, is_new))
}

/// What reading the whole stream has given.
struct Replayed {
    walk: Walk,
    end: Position,
    last_batch: Option<u64>,
    torn_bytes: u64,
    /// The earliest time that the oldest entry which is not published can have been appended at.
    unpublished_since: Option<Timestamp>,
}

/// Tells whoever admits of an entry that was durable before.
fn retell(admission: &dyn Admission, replay: &Replay, entry: &Entry, annex: &Annex) {
    match (entry, annex) {
        (Entry::Act(act), _) if matches!(act.act, Act::FieldSchema(_)) => {
            admission.governed(&Arc::new(replay.register().clone()));
        }
        (Entry::Disclosure(disclosure), Annex::Disclosure(annex)) => {
            let Disclosure { client, partner, time, .. } = disclosure;
            let disclosed = Disclosed { client, partner, people: &annex.records };
            admission.replayed(&disclosed, *time);
        }
        _ => {}
    }
}

/// Reads the whole stream, writes again what is missing on the site, and finds what was signed.
fn replay(
    backend: &dyn Backend,
    stream: &Stream,
    origin: &str,
    signed: [&Signed; 2],
    published_size: u64,
    admission: Option<&dyn Admission>,
) -> Result<Replayed, OpenError> {
    let mut walk = Walk::new(origin);
    let mut at = Position::START;
    let mut last_batch = None;
    let mut unpublished_since = None;
    let mut torn_because = None;
    let torn_bytes = loop {
        let (batch, end) = match stream.read(at)? {
            Found::Batch { batch, end } => (batch, end),
            Found::End => break 0,
            Found::Torn { bytes, reason } => {
                torn_because = Some(reason);
                break bytes;
            }
        };
        for pair in batch.pairs() {
            let index = walk.tiles.size();
            let wrong = |problem| OpenError::Entry { index, offset: at.offset, problem };
            // A batch that was read has all its pairs.
            let Some((entry, annex)) = pair else { break };
            let (entry, annex) = walk.step(entry, annex).map_err(wrong)?;
            if let (Entry::Act(act), Annex::Act(annex)) = (&entry, &annex) {
                publish_document(backend, act.act.document(), annex.document.as_deref())?;
            }
            if let Some(admission) = admission {
                retell(admission, &walk.replay, &entry, &annex);
            }
            if index >= published_size {
                unpublished_since.get_or_insert(walk.chronology.floor());
            }
            for signed in signed {
                signed.compare(&walk.tiles)?;
            }
        }
        write_full_tiles(backend, &mut walk.tiles, published_size).map_err(site)?;
        last_batch = Some(at.offset);
        at = end;
    };
    for signed in signed {
        if signed.size() > walk.tiles.size() {
            let (found, signed_size) = (walk.tiles.size(), signed.size());
            return Err(OpenError::Lost { file: signed.file, found, signed: signed_size });
        }
    }
    // Only here is it known that nothing of what was signed is missing.
    if let Some(reason) = torn_because {
        tracing::warn!(file = STREAM, offset = at.offset, bytes = torn_bytes, %reason, "a batch that a crash had torn is cut off; nobody had been told of it");
    }
    Ok(Replayed { walk, end: at, last_batch, torn_bytes, unpublished_since })
}

fn site(error: PublishError) -> OpenError {
    OpenError::Site { reason: error.to_string() }
}

/// Writes a document that is missing on the site.
fn publish_document(
    backend: &dyn Backend,
    digest: Option<countersign_domain::digest::Digest>,
    document: Option<&[u8]>,
) -> Result<(), OpenError> {
    let (Some(digest), Some(document)) = (digest, document) else { return Ok(()) };
    let path = document_path(&digest);
    let failed = |error: io::Error| OpenError::Site { reason: format!("{path}: {error}") };
    if backend.read(&path).map_err(failed)?.as_deref() != Some(document) {
        replace(backend, &path, document).map_err(failed)?;
    }
    Ok(())
}

impl Log {
    /// Opens the log below the root of `backend`, and creates it if there is none.
    ///
    /// # Errors
    /// [`OpenError`], naming file and place. Nothing is repaired but the torn end of a crash, and what
    /// can be computed again.
    pub fn open(
        config: &LogConfig,
        backend: Arc<dyn Backend>,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Recovered), OpenError> {
        Self::open_with(config, backend, signer, clock, None)
    }

    /// As [`Log::open`]; every disclosure has to be admitted, and those that are durable are told of first.
    ///
    /// # Errors
    /// As [`Log::open`].
    pub fn open_admitting(
        config: &LogConfig,
        backend: Arc<dyn Backend>,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
        admission: Arc<dyn Admission>,
    ) -> Result<(Self, Recovered), OpenError> {
        Self::open_with(config, backend, signer, clock, Some(admission))
    }

    fn open_with(
        config: &LogConfig,
        backend: Arc<dyn Backend>,
        signer: Arc<dyn Signer>,
        clock: Arc<dyn Clock>,
        admission: Option<Arc<dyn Admission>>,
    ) -> Result<(Self, Recovered), OpenError> {
        let key = NoteKey::new(&config.origin, signer.public_key())?;
        let lock = lock(&*backend)?;
        let stored = read_checkpoint(&*backend, STORED_CHECKPOINT, &config.origin, &key)?;
        // The site can be made again, so a checkpoint there that cannot be read is no more than missing.
        let published = read_checkpoint(&*backend, PUBLISHED_CHECKPOINT, &config.origin, &key)
            .unwrap_or(Signed { file: PUBLISHED_CHECKPOINT, bytes: None, checkpoint: None });
        let published_size = published.size();
        let (stream, is_new) = open_stream(&*backend, &stored)?;
        rewrite::finish(&*backend, &stream)?;
        let signed = [&stored, &published];
        for signed in signed {
            signed.compare(&Tiles::default())?;
        }
        let told = admission.as_deref();
        let replayed = replay(&*backend, &stream, &config.origin, signed, published_size, told)?;
        let recovered = Recovered {
            is_new,
            entries: replayed.end.index,
            torn_bytes: replayed.torn_bytes,
            checkpoint_size: stored.size(),
            newest: replayed.walk.chronology.newest(),
        };
        let clock = ClockWatch::open(
            clock,
            Arc::clone(&backend),
            config.clock_step_max_s,
            config.accept_clock,
            replayed.walk.chronology.floor(),
        );
        let clock = clock.map_err(|error| OpenError::Io { file: CLOCK_FILE, error })?;
        let clock = Arc::new(clock);
        let writer = StreamWriter::resume(stream, replayed.end, replayed.last_batch)?;
        let parts = Parts { config, backend, signer, clock, key, lock, admission };
        let Signed { bytes, checkpoint, .. } = stored;
        let stored = Stored { bytes, checkpoint, is_durable: false };
        Ok((start(parts, replayed, writer, stored)?, recovered))
    }
}

/// What a running log is made of.
struct Parts<'a> {
    config: &'a LogConfig,
    backend: Arc<dyn Backend>,
    signer: Arc<dyn Signer>,
    clock: Arc<ClockWatch>,
    key: NoteKey,
    lock: Box<dyn Lock>,
    admission: Option<Arc<dyn Admission>>,
}

/// Starts sequencer and publisher where the stream ends.
fn start(
    parts: Parts<'_>,
    Replayed { walk, unpublished_since, .. }: Replayed,
    writer: StreamWriter,
    stored: Stored,
) -> Result<Log, OpenError> {
    let Parts { config, backend, signer, clock, key, lock, admission } = parts;
    let stream = Stream::open(&*backend, STREAM)?;
    let stream_id = stream.id;
    let frontier = walk.tiles.frontier().clone();
    let durable = Durable { end: writer.durable(), root: frontier.root() };
    let register = Arc::new(walk.replay.register().clone());
    if let Some(admission) = &admission {
        admission.governed(&register);
    }
    let shared = Arc::new(Shared::new(durable, register, unpublished_since));
    let front = Arc::new(Front::new(Arc::clone(&backend), key.clone()));
    let site = Arc::clone(&backend);
    let (queue, waiting) = mpsc::channel();
    let wait = Duration::from_millis(config.pool_wait_ms);
    let sequencer = Sequencer {
        pool: Pool::new(waiting, wait, Arc::clone(&shared)),
        writer,
        replay: walk.replay,
        frontier,
        chronology: walk.chronology,
        clock: Arc::clone(&clock),
        backend: Arc::clone(&backend),
        shared: Arc::clone(&shared),
        admission: admission.clone(),
        teller: Teller::default(),
        merge_delay_s: config.merge_delay_s,
    };
    let mut publisher = Publisher {
        stream,
        read: durable.end,
        tiles: walk.tiles,
        stored,
        published: None,
        origin: config.origin.clone(),
        key: key.clone(),
        signer,
        clock: Arc::clone(&clock),
        shared: Arc::clone(&shared),
        front: Arc::clone(&front),
        backend,
    };
    // What waits since before this start is published before anything is refused on its account.
    publisher.try_round();
    let stop = Arc::new(Stop::default());
    let interval = Duration::from_millis(config.publish_interval_ms);
    let spawn = |name: &str, work: Box<dyn FnOnce() + Send>| {
        let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
        spawned.map_err(|error| OpenError::Io { file: PRIVATE_FOLDER, error })
    };
    let sequencer = spawn("log-sequence", Box::new(move || sequencer.run()))?;
    let stopping = Arc::clone(&stop);
    let publisher = spawn("log-publish", Box::new(move || publisher.run(interval, &stopping)))?;
    let threads = Threads { sequencer, publisher, stop, _lock: lock };
    let origin = config.origin.clone();
    let (merge_delay_s, threads) = (config.merge_delay_s, Mutex::new(Some(threads)));
    Ok(Log::from_inner(Inner {
        origin,
        stream_id,
        key,
        queue,
        shared,
        front,
        site,
        clock,
        admission,
        merge_delay_s,
        threads,
    }))
}
