//! What a verifier keeps between two checks of one log: the checkpoint up to which everything was read, the edge of
//! the tree there, what the times were, the acts that made the register with their documents, what was found, and
//! the lies that it must not forget. Disclosures are not kept.
//!
//! The register itself is not kept either: it is made again from the acts, signature by signature, by the code
//! that made it the first time. So a state that was damaged, or is another log's, does not pass for a good one.
//!
//! What it is not: protection from whoever can write the file. It is the verifier's own, like the key that they trust.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_domain::digest::Digest;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::chronology::Chronology;
use countersign_protocol::entry::SignedAct;
use countersign_protocol::merkle::Hash;
use countersign_protocol::replay::Replay;

use crate::edge::TileEdge;
use crate::periods::Periods;
use crate::verdict::{FAILURES_KEPT_MAX, Remembered, Rule, Verdict};

mod error;
mod file;
mod form;

pub use error::StateError;

/// The rules that a check asks of the log as it stands, and not of what it has read of it before.
const OF_THE_MOMENT: [Rule; 8] = [
    Rule::Witnesses,
    Rule::WitnessTime,
    Rule::Checkpoint,
    Rule::Root,
    Rule::NotShrunk,
    Rule::Consistency,
    Rule::Fresh,
    Rule::NotFuture,
];

/// What a verifier keeps of one log.
#[derive(Clone, Debug)]
pub struct State {
    progress: Progress,
    /// The signed checkpoint up to which everything was read; none before the first.
    checkpoint: Option<String>,
    /// What the checkpoint signs, if a check was cut off before it had read all of it.
    ahead: Option<Ahead>,
    /// INVARIANT: one for each checkpoint and rule, at most [`FAILURES_KEPT_MAX`]; kept by `remembering`.
    lies: Vec<Remembered>,
}

/// A checkpoint whose tree begins with what was read, and goes on.
#[derive(Clone, Debug)]
struct Ahead {
    checkpoint: Checkpoint,
    /// From what was read to it: the RFC 9162 consistency proof.
    proof: Vec<Hash>,
}

/// How far a check has come, and what it knows there.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    /// The register, and the acts that count.
    pub(crate) replay: Replay,
    /// What is known of times.
    pub(crate) chronology: Chronology,
    /// What is known of closes.
    pub(crate) periods: Periods,
    /// The edge of the tree over the entries that were read.
    pub(crate) edge: TileEdge,
    /// The acts of which the register is made, in order.
    pub(crate) acts: Vec<Arc<KeptAct>>,
    /// Their documents.
    pub(crate) documents: BTreeMap<Digest, Arc<[u8]>>,
    /// What was found of the entries, and of the files that hold them.
    pub(crate) verdict: Verdict,
}

/// An act that the register took, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct KeptAct {
    /// Its index in the log.
    pub(crate) index: u64,
    /// The act.
    pub(crate) act: SignedAct,
}

impl Progress {
    fn new(origin: &str) -> Self {
        Self {
            replay: Replay::new(origin),
            chronology: Chronology::default(),
            periods: Periods::default(),
            edge: TileEdge::new(),
            acts: Vec::new(),
            documents: BTreeMap::new(),
            verdict: Verdict::new(origin, FAILURES_KEPT_MAX),
        }
    }

    /// Keeps an act that the register took, with its document.
    pub(crate) fn keep(&mut self, act: KeptAct, document: Option<Vec<u8>>) {
        if let (Some(digest), Some(document)) = (act.act.act.document(), document) {
            self.documents.insert(digest, document.into());
        }
        self.acts.push(Arc::new(act));
    }
}

impl State {
    /// What is kept of the log of this origin before its first entry was read.
    #[must_use]
    pub fn new(origin: &str) -> Self {
        let progress = Progress::new(origin);
        Self { progress, checkpoint: None, ahead: None, lies: Vec::new() }
    }

    /// The log's name.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.progress.replay.origin()
    }

    /// How many entries were read.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.progress.edge.size()
    }

    /// The register after these entries.
    #[must_use]
    pub const fn register(&self) -> &Register {
        self.progress.replay.register()
    }

    /// The register before the entry at this index, made again from the acts that were kept.
    pub(crate) fn register_at(&self, index: u64) -> Register {
        let mut replay = Replay::new(self.origin());
        for kept in self.progress.acts.iter().take_while(|kept| kept.index < index) {
            let document = kept.act.act.document().and_then(|digest| {
                self.progress.documents.get(&digest).map(|document| &**document)
            });
            // Every one of them was taken before, with the same document.
            if replay.apply(kept.index, &kept.act, document).is_err() {
                break;
            }
        }
        replay.register().clone()
    }

    /// The time of the newest entry that was read; nothing before the first.
    #[must_use]
    pub fn newest(&self) -> Option<Timestamp> {
        (self.size() > 0).then(|| self.progress.chronology.newest())
    }

    /// What the checkpoint signs, if that is more than was read.
    pub(crate) fn ahead(&self) -> Option<&Checkpoint> {
        self.ahead.as_ref().map(|ahead| &ahead.checkpoint)
    }

    /// The signed checkpoint whose tree was read, or begins with what was.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&str> {
        self.checkpoint.as_deref()
    }

    /// The lies that it remembers.
    #[must_use]
    pub fn lies(&self) -> &[Remembered] {
        &self.lies
    }

    /// Whether a check that began with `before` left something new to be kept.
    #[must_use]
    pub fn goes_beyond(&self, before: &Self) -> bool {
        self.size() != before.size()
            || self.checkpoint.is_some() != before.checkpoint.is_some()
            || self.lies.len() != before.lies.len()
    }

    pub(crate) const fn progress(&self) -> &Progress {
        &self.progress
    }

    /// The verdict so far, from which a check goes on.
    pub(crate) fn verdict(&self, kept_max: u64) -> Verdict {
        let remembered = self.lies.clone();
        Verdict { remembered, kept_max, ..self.progress.verdict.clone() }
    }

    /// The state after everything up to this checkpoint was read, with what the verdict says of it.
    pub(crate) fn advanced(self, progress: Progress, note: String, verdict: &Verdict) -> Self {
        let verdict = verdict.clone().without(&OF_THE_MOMENT);
        let progress = Progress { verdict, ..progress };
        Self { progress, checkpoint: Some(note), ahead: None, ..self }
    }

    /// The state after a beginning of this checkpoint's tree was read, which the proof shows it to be.
    pub(crate) fn advanced_to(
        self,
        progress: Progress,
        (checkpoint, note): (Checkpoint, String),
        proof: Vec<Hash>,
        verdict: &Verdict,
    ) -> Self {
        let is_whole = progress.edge.size() == checkpoint.size;
        let ahead = (!is_whole).then_some(Ahead { checkpoint, proof });
        Self { ahead, ..self.advanced(progress, note, verdict) }
    }

    /// The same state, which does not forget that the log broke this rule under this checkpoint.
    pub(crate) fn remembering(
        mut self,
        rule: Rule,
        verdict: &Verdict,
        at: Timestamp,
        checkpoint: String,
    ) -> Self {
        let known = |lie: &Remembered| lie.failure.rule == rule && lie.checkpoint == checkpoint;
        let full = self.lies.len() as u64 >= FAILURES_KEPT_MAX;
        let failure = verdict.failures.iter().find(|failure| failure.rule == rule);
        if let Some(failure) = failure.filter(|_| !full && !self.lies.iter().any(known)) {
            let failure = failure.clone();
            self.lies.push(Remembered { failure, at, checkpoint });
        }
        self
    }
}
