//! A witness: for each log that it knows, the newest checkpoint that it has cosigned. It persists a checkpoint
//! before it cosigns it, and never cosigns one that does not continue the stored one.
//!
//! ```text
//! cosigned/<SHA-256 of the origin>.checkpoint     the note, with the log's signature and the cosignature
//! lock                                            held by the process that uses this key
//! ```
//!
//! What it is not: HTTP, and an opinion on what the entries say. It sees no entry.
//!
//! Spec: C2SP tlog-witness, `add-checkpoint`; docs/operations/audit.md says what an operator has to keep.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::{Checkpoint, CheckpointError};
use countersign_protocol::cosignature::{self, CosignatureError, WitnessKey, cosign};
use countersign_protocol::merkle::{ProofError, empty_root, verify_consistency};
use countersign_protocol::note::{NoteKey, SignatureLine, SignedNote};
use sha2::{Digest as _, Sha256};

use super::request::{AddCheckpoint, NotARequest};
use super::{Reply, SIZE_TYPE};
use crate::backend::{Access, Backend, Lock, replace};
use crate::signer::Signer;

/// The folder of what was cosigned.
const LOGS_FOLDER: &str = "cosigned";

/// The file that whoever watches holds a lock on.
const LOCK: &str = "lock";

const TEXT_TYPE: &str = "text/plain";

/// A witness that watches.
pub struct Ledger {
    backend: Arc<dyn Backend>,
    key: WitnessKey,
    signer: Arc<dyn Signer>,
    logs: BTreeMap<String, Watched>,
    _lock: Box<dyn Lock>,
}

/// One log.
struct Watched {
    /// Keys of this origin; more than one while the log changes its key.
    keys: Vec<NoteKey>,
    /// INVARIANT: what is in here was cosigned and is durable, or nothing of this log was ever cosigned.
    /// Whoever cosigns holds the lock from the comparison until the new one is durable; kept by `add`.
    cosigned: Mutex<Option<Kept>>,
}

/// The newest that was cosigned of a log.
#[derive(Clone)]
struct Kept {
    checkpoint: Checkpoint,
    time_s: u64,
}

/// Why a witness cannot begin to watch.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another process watches with this key.
    #[error("{LOCK}: another process watches here; stop it first")]
    InUse,
    /// A file cannot be read or written.
    #[error("{file}: {error}")]
    Io {
        /// The file or folder.
        file: String,
        /// What the file layer says.
        error: io::Error,
    },
    /// What was cosigned cannot be read, so nobody can tell what may be cosigned next.
    #[error(
        "{file}: this is not what the witness has cosigned of {origin:?}: {reason}; do not restore it from a copy and do not remove it, or a rewritten log would be cosigned; make a new witness with a new key"
    )]
    Kept {
        /// The file.
        file: String,
        /// The log.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a checkpoint is not cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// 400.
    #[error(transparent)]
    Request(#[from] NotARequest),
    /// 400.
    #[error(transparent)]
    Checkpoint(CheckpointError),
    /// 400.
    #[error("the old size {old} is larger than the checkpoint's, {size}")]
    Shrunk {
        /// The old size.
        old: u64,
        /// The checkpoint's.
        size: u64,
    },
    /// 404.
    #[error("the log is not watched here")]
    UnknownLog,
    /// 403.
    #[error("it is not signed by a key of this log that is known here")]
    NotSigned,
    /// 409.
    #[error("what was cosigned last has {known} entries")]
    OtherSize {
        /// The size that was cosigned last.
        known: u64,
    },
    /// 409.
    #[error("another tree of {size} entries was cosigned")]
    OtherRoot {
        /// The size.
        size: u64,
    },
    /// 422.
    #[error("the proof does not hold: {0}")]
    Inconsistent(ProofError),
    /// 422.
    #[error("nothing proves anything about the empty tree, so the proof has to be empty")]
    ProofFromNothing,
    /// 500.
    #[error("it could not be cosigned: {0}")]
    Unsigned(CosignatureError),
    /// 500.
    #[error("it could not be made durable: {kind}")]
    Disk {
        /// What the file layer says.
        kind: io::ErrorKind,
    },
}

impl Refusal {
    /// The HTTP status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Request(_) | Self::Checkpoint(_) | Self::Shrunk { .. } => 400,
            Self::NotSigned => 403,
            Self::UnknownLog => 404,
            Self::OtherSize { .. } | Self::OtherRoot { .. } => 409,
            Self::Inconsistent(_) | Self::ProofFromNothing => 422,
            Self::Unsigned(_) | Self::Disk { .. } => 500,
        }
    }

    fn reply(&self) -> Reply {
        let (content_type, body) = match self {
            Self::OtherSize { known: size } | Self::OtherRoot { size } => {
                (SIZE_TYPE, format!("{size}\n"))
            }
            other => (TEXT_TYPE, format!("{other}\n")),
        };
        Reply {
            status: self.status(),
            content_type: content_type.to_owned(),
            retry_after_s: None,
            body: body.into_bytes(),
        }
    }
}

impl Ledger {
    /// Begins to watch the logs of these keys, whose names are their origins, with a key under `key`'s name
    /// which `signer` holds.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn open(
        backend: Arc<dyn Backend>,
        key: WitnessKey,
        signer: Arc<dyn Signer>,
        logs: impl IntoIterator<Item = NoteKey>,
    ) -> Result<Self, LedgerError> {
        let io = |file: &str| {
            let file = file.to_owned();
            |error| LedgerError::Io { file, error }
        };
        backend.create_folders(LOGS_FOLDER, Access::Private).map_err(io(LOGS_FOLDER))?;
        let lock = backend.lock(LOCK).map_err(io(LOCK))?.ok_or(LedgerError::InUse)?;
        let mut keys: BTreeMap<String, Vec<NoteKey>> = BTreeMap::new();
        for log in logs {
            keys.entry(log.name().to_owned()).or_default().push(log);
        }
        let mut logs = BTreeMap::new();
        for (origin, keys) in keys {
            let kept = read_kept(&*backend, &origin, &key)?;
            logs.insert(origin, Watched { keys, cosigned: Mutex::new(kept) });
        }
        Ok(Self { backend, key, signer, logs, _lock: lock })
    }

    /// The key that it cosigns with.
    #[must_use]
    pub const fn key(&self) -> &WitnessKey {
        &self.key
    }

    /// How many logs it watches.
    #[must_use]
    pub fn log_count(&self) -> usize {
        self.logs.len()
    }

    /// Answers `add-checkpoint`.
    pub fn add_checkpoint(&self, body: &[u8], now: Timestamp) -> Reply {
        match self.add(body, now) {
            Ok(line) => Reply {
                status: 200,
                content_type: TEXT_TYPE.to_owned(),
                retry_after_s: None,
                body: line.into_bytes(),
            },
            Err(refusal) => refusal.reply(),
        }
    }

    /// Cosigns a checkpoint, or not; the cosignature's line, once what it is of is durable.
    ///
    /// # Errors
    /// [`Refusal`]; what was cosigned is as it was.
    pub fn add(&self, body: &[u8], now: Timestamp) -> Result<String, Refusal> {
        let request = AddCheckpoint::parse(body)?;
        let note = SignedNote::parse(&request.note);
        let note = note.map_err(|error| Refusal::Checkpoint(error.into()))?;
        // Not believed before the signature is verified; it says which key that has to be.
        let checkpoint = Checkpoint::parse(note.text()).map_err(Refusal::Checkpoint)?;
        let watched = self.logs.get(&checkpoint.origin).ok_or(Refusal::UnknownLog)?;
        let signatures = signatures(&note, &watched.keys);
        if signatures.is_empty() {
            return Err(Refusal::NotSigned);
        }
        let mut cosigned = watched.cosigned();
        judge(&request, &checkpoint, cosigned.as_ref().map(|kept| &kept.checkpoint))?;
        // A clock that was set back must not date a larger tree before a smaller one.
        let time_s = cosigned.as_ref().map_or(0, |kept| kept.time_s).max(now.seconds());
        let line = cosign(&checkpoint, time_s, &self.key, |message| self.signer.sign(message));
        let line = line.map_err(Refusal::Unsigned)?;
        let kept = format!("{}\n{signatures}{line}", checkpoint.text());
        replace(&*self.backend, &file_of(&checkpoint.origin), kept.as_bytes()).map_err(
            |error| {
                tracing::error!(%error, "a checkpoint could not be made durable, and is not cosigned");
                Refusal::Disk { kind: error.kind() }
            },
        )?;
        *cosigned = Some(Kept { checkpoint, time_s });
        Ok(line)
    }
}

impl Watched {
    fn cosigned(&self) -> MutexGuard<'_, Option<Kept>> {
        self.cosigned.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a checkpoint, which is signed by its log, continues what was cosigned.
fn judge(
    request: &AddCheckpoint,
    checkpoint: &Checkpoint,
    known: Option<&Checkpoint>,
) -> Result<(), Refusal> {
    let (old, size) = (request.old_size, checkpoint.size);
    if old > size {
        return Err(Refusal::Shrunk { old, size });
    }
    let (known_size, known_root) =
        known.map_or_else(|| (0, empty_root()), |known| (known.size, known.root));
    if old != known_size {
        return Err(Refusal::OtherSize { known: known_size });
    }
    if old == size && known_root != checkpoint.root {
        return Err(Refusal::OtherRoot { size });
    }
    if old == 0 && size > 0 {
        // Everything continues the empty tree.
        return request.proof.is_empty().then_some(()).ok_or(Refusal::ProofFromNothing);
    }
    verify_consistency(old, size, &known_root, &checkpoint.root, &request.proof)
        .map_err(Refusal::Inconsistent)
}

/// The signature lines by these keys that hold, one for each key at most, so that what is kept does not
/// grow with what anybody adds to a note.
fn signatures(note: &SignedNote, keys: &[NoteKey]) -> String {
    let mut signatures = String::new();
    for key in keys {
        let holds = |line: &&SignatureLine| {
            let alone = SignedNote::parse(format!("{}\n{line}\n", note.text()).as_bytes());
            alone.is_ok_and(|alone| alone.verify(std::slice::from_ref(key)).is_ok())
        };
        let mut by_name = note.lines().iter().filter(|line| line.name == key.name());
        signatures.extend(by_name.find(holds).map(|line| format!("{line}\n")));
    }
    signatures
}

/// Where what was cosigned of a log is kept.
fn file_of(origin: &str) -> String {
    format!("{LOGS_FOLDER}/{}.checkpoint", Digest(Sha256::digest(origin).into()))
}

/// What was cosigned of a log, if anything.
fn read_kept(
    backend: &dyn Backend,
    origin: &str,
    witness: &WitnessKey,
) -> Result<Option<Kept>, LedgerError> {
    let file = file_of(origin);
    let bytes = backend.read(&file);
    let bytes = bytes.map_err(|error| LedgerError::Io { file: file.clone(), error })?;
    let Some(bytes) = bytes else { return Ok(None) };
    let wrong = |reason: &dyn std::fmt::Display| LedgerError::Kept {
        file: file.clone(),
        origin: origin.to_owned(),
        reason: reason.to_string(),
    };
    let note = SignedNote::parse(&bytes).map_err(|error| wrong(&error))?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| wrong(&error))?;
    if checkpoint.origin != origin {
        return Err(wrong(&"it is of another log"));
    }
    // The log's own signature is not asked for: its key may have changed since.
    let held = cosignature::verify(&note, std::slice::from_ref(witness));
    let held = held.map_err(|error| wrong(&error))?;
    let time_s = held.first().map(cosignature::Cosignature::time_s);
    let time_s = time_s.ok_or_else(|| wrong(&"it has no cosignature by this witness's key"))?;
    Ok(Some(Kept { checkpoint, time_s }))
}
