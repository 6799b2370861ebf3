//! The form of a state, version 2: one line and a JSON document.
//!
//! ```text
//! countersign-verify/state VERSION SHA-256-of-what-follows \n JSON
//! ```
//!
//! Whatever is read is made again from what it is made of: tree against checkpoint, register from acts.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::chronology::{Chronology, LastSeconds};
use countersign_protocol::entry::Entry;
use countersign_protocol::merkle::verify_consistency;
use countersign_protocol::note::NoteKey;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Ahead, KeptAct, Progress, State, StateError};
use crate::edge::TileEdge;
use crate::periods::Periods;
use crate::verdict::{FAILURES_KEPT_MAX, Failure, Notice, Remembered, Rule, Tally, Verdict};

const STATE_VERSION: u32 = 2;
const KIND: &str = "countersign-verify/state";

/// The JSON document.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    origin: String,
    checkpoint: Option<String>,
    edge: Vec<Vec<Digest>>,
    /// From the edge to the checkpoint, where that signs more than was read.
    proof: Vec<Digest>,
    floor: Timestamp,
    newest: Timestamp,
    seconds: LastSeconds,
    periods: Periods,
    acts: Vec<ActDocument>,
    documents: Vec<String>,
    found: FoundDocument,
    lies: Vec<Remembered>,
}

/// An act and its index. The entry is text, so that its one spelling stays what it was.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActDocument {
    index: u64,
    entry: String,
}

/// What was found so far.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FoundDocument {
    acts: u64,
    disclosures: u64,
    rules: BTreeMap<Rule, Tally>,
    failures: Vec<Failure>,
    failure_count: u64,
    notices: Vec<Notice>,
}

impl State {
    /// The state as bytes.
    ///
    /// # Errors
    /// [`StateError::Form`] if something in it cannot be written, which nothing that was read is.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StateError> {
        let document = self.document()?;
        let json = serde_json::to_vec(&document).map_err(|error| form(&error))?;
        let digest = Digest(Sha256::digest(&json).into());
        let mut bytes = format!("{KIND} {STATE_VERSION} {digest}\n").into_bytes();
        bytes.extend(json);
        Ok(bytes)
    }

    /// Reads the state of the log of this key.
    ///
    /// # Errors
    /// [`StateError`], saying what is wrong.
    pub fn from_bytes(bytes: &[u8], key: &NoteKey) -> Result<Self, StateError> {
        let json = check_head(bytes)?;
        let document: Document = serde_json::from_slice(json).map_err(|error| form(&error))?;
        document.state(key)
    }

    fn document(&self) -> Result<Document, StateError> {
        let Progress { chronology, periods, edge, acts, documents, verdict, .. } = &self.progress;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|error| form(&error));
        let acts = acts.iter().map(|kept| {
            let index = kept.index;
            let entry = Entry::Act(kept.act.clone()).to_bytes();
            let entry = entry.map_err(|error| StateError::Entry { index, error })?;
            Ok::<_, StateError>(ActDocument { index, entry: text(&entry)? })
        });
        Ok(Document {
            origin: self.origin().to_owned(),
            checkpoint: self.checkpoint.clone(),
            edge: edge
                .levels()
                .iter()
                .map(|level| level.iter().copied().map(Digest).collect())
                .collect(),
            proof: self.ahead.iter().flat_map(|ahead| &ahead.proof).copied().map(Digest).collect(),
            floor: chronology.floor(),
            newest: chronology.newest(),
            seconds: chronology.seconds(),
            periods: *periods,
            acts: acts.collect::<Result<_, _>>()?,
            documents: documents.values().map(|bytes| text(bytes)).collect::<Result<_, _>>()?,
            found: FoundDocument {
                acts: verdict.acts,
                disclosures: verdict.disclosures,
                rules: verdict.rules.clone(),
                failures: verdict.failures.clone(),
                failure_count: verdict.failure_count,
                notices: verdict.notices.clone(),
            },
            lies: self.lies.clone(),
        })
    }
}

/// The JSON behind a first line that holds.
fn check_head(bytes: &[u8]) -> Result<&[u8], StateError> {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (head, json) = bytes.split_at(end);
    let head = std::str::from_utf8(head).map_err(|_| StateError::NotAState)?;
    let rest = head.strip_prefix(KIND).and_then(|rest| rest.strip_prefix(' '));
    let rest = rest.ok_or(StateError::NotAState)?;
    let (version, digest) = rest.split_once(' ').ok_or(StateError::Torn)?;
    if version != STATE_VERSION.to_string() {
        return Err(StateError::UnknownVersion { found: version.to_owned(), known: STATE_VERSION });
    }
    let json = json.strip_prefix(b"\n").ok_or(StateError::Torn)?;
    if digest != Digest(Sha256::digest(json).into()).to_string() {
        return Err(StateError::Torn);
    }
    Ok(json)
}

impl Document {
    fn state(self, key: &NoteKey) -> Result<State, StateError> {
        let expected = key.name();
        if self.origin != expected {
            return Err(StateError::OtherLog { found: self.origin, expected: expected.to_owned() });
        }
        let mut progress = Progress::new(expected);
        let (edge, ahead) = self.edge(key)?;
        progress.edge = edge;
        progress.chronology = Chronology::kept(self.floor, self.newest, self.seconds);
        progress.periods = self.periods;
        let size = progress.edge.size();
        let documents = self.documents.into_iter().map(|text| {
            let bytes: Arc<[u8]> = text.into_bytes().into();
            (Digest(Sha256::digest(&bytes).into()), bytes)
        });
        progress.documents = documents.collect();
        for act in self.acts {
            act.replay(&mut progress, size)?;
        }
        progress.verdict = self.found.verdict(expected)?;
        Ok(State { progress, checkpoint: self.checkpoint, ahead, lies: self.lies })
    }

    /// The edge of the tree, which has to be that of the checkpoint, or proved to be one of its beginnings.
    fn edge(&self, key: &NoteKey) -> Result<(TileEdge, Option<Ahead>), StateError> {
        let levels = self.edge.iter().map(|level| level.iter().map(|hash| hash.0).collect());
        let edge = TileEdge::of_levels(levels.collect()).ok_or(StateError::Tree)?;
        let open = |note: &String| Checkpoint::open(note.as_bytes(), key.name(), key);
        let checkpoint = self.checkpoint.as_ref().map(open).transpose();
        let signed = checkpoint.map_err(StateError::Checkpoint)?;
        let (size, root) = (edge.size(), edge.root());
        let proof: Vec<_> = self.proof.iter().map(|hash| hash.0).collect();
        let (holds, ahead) = match signed {
            None => (size == 0 && proof.is_empty(), None),
            Some(signed) if signed.size == size => (signed.root == root && proof.is_empty(), None),
            Some(signed) => {
                let proved = verify_consistency(size, signed.size, &root, &signed.root, &proof);
                (size > 0 && proved.is_ok(), Some(Ahead { checkpoint: signed, proof }))
            }
        };
        if holds { Ok((edge, ahead)) } else { Err(StateError::Tree) }
    }
}

impl ActDocument {
    /// Takes the act again, as it was taken when it was read.
    fn replay(self, progress: &mut Progress, size: u64) -> Result<(), StateError> {
        let index = self.index;
        let entry = Entry::parse(self.entry.as_bytes());
        let Entry::Act(act) = entry.map_err(|error| StateError::Entry { index, error })? else {
            return Err(StateError::Order { index });
        };
        let behind = progress.acts.last().is_none_or(|last| last.index < index);
        if !behind || index >= size {
            return Err(StateError::Order { index });
        }
        let document = act.act.document().and_then(|digest| progress.documents.get(&digest));
        let taken = progress.replay.apply(index, &act, document.map(|bytes| &**bytes));
        taken.map_err(|error| StateError::Act { index, error })?;
        progress.acts.push(Arc::new(KeptAct { index, act }));
        Ok(())
    }
}

impl FoundDocument {
    fn verdict(self, origin: &str) -> Result<Verdict, StateError> {
        // What a rule would have found that nobody asked about, nobody knows.
        if !self.rules.keys().copied().eq(Rule::of_log()) {
            return Err(StateError::OtherRules);
        }
        let Self { acts, disclosures, rules, failures, failure_count, notices } = self;
        let empty = Verdict::new(origin, FAILURES_KEPT_MAX);
        Ok(Verdict { acts, disclosures, rules, failures, failure_count, notices, ..empty })
    }
}

fn form(error: &dyn std::fmt::Display) -> StateError {
    StateError::Form { reason: error.to_string() }
}
