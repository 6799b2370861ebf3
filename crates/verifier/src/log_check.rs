//! The check of a whole log from its public files: the checkpoint, every file of the tree, every act
//! with its signatures and document, and every disclosure re-decided. It holds one bundle of
//! entries at a time, the register, and what it notes of acts; what it needs does not grow with the
//! disclosures. It stops at the first bundle that is missing or broken.
//!
//! What it is not: it says nothing about entries beyond the checkpoint, and whether the log shows the
//! same checkpoint to everybody can only be said by those who compare theirs.

use std::collections::BTreeSet;

use countersign_domain::act::Act;
use countersign_domain::digest::Digest;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::chronology::{ACT_SKEW_S, Chronology};
use crate::entry::{Entry, SignedAct};
use crate::key_change::key_change;
use crate::merkle::{Frontier, Hash, leaf_hash};
use crate::note::NoteKey;
use crate::periods::Periods;
use crate::redecide::redecide;
use crate::replay::Replay;
use crate::site::{
    CHECKPOINT_BYTES_MAX, CHECKPOINT_PATH, DOCUMENT_BYTES_MAX, DOCUMENTS_FOLDER, Site, SiteError,
    document_path,
};
use crate::tile::{TILE_WIDTH, TileKind, parse_entries, path_in};
use crate::tree_check::{TreeCheck, read_or_full};
use crate::verdict::{FAILURES_KEPT_MAX, Place, Rule, Verdict};

/// What an outsider brings to a check. Nothing of it is taken from the log.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The log's key; its name is the log's origin.
    pub key: &'a NoteKey,
    /// What time it is.
    pub now: Timestamp,
    /// A checkpoint of the same log that was kept earlier.
    pub since: Option<&'a [u8]>,
    /// How old the newest entry may be, in seconds.
    pub max_age_s: Option<u64>,
    /// How many failures of each rule are kept; more are only counted.
    pub failures_kept_max: u64,
}

impl<'a> Question<'a> {
    /// Asks about the log of this key, and nothing else.
    #[must_use]
    pub const fn new(key: &'a NoteKey, now: Timestamp) -> Self {
        Self { key, now, since: None, max_age_s: None, failures_kept_max: FAILURES_KEPT_MAX }
    }
}

/// Why nothing can be said about a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogCheckError {
    /// A file cannot be read.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The checkpoint that was kept earlier is not one of this log.
    #[error("the checkpoint kept earlier is not one of this log: {0}")]
    Since(CheckpointError),
}

/// An entry as the check passes it.
pub struct Seen<'a> {
    /// Its index.
    pub index: u64,
    /// The number of entries that will be passed.
    pub size: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// The entry; `None` if its bytes are not one.
    pub entry: Option<&'a Entry>,
    /// The register of the entries before it.
    pub register: &'a Register,
}

/// What a check came to.
#[derive(Debug)]
pub struct LogCheck {
    /// What was found.
    pub verdict: Verdict,
    /// The checkpoint, if its signature holds.
    pub checkpoint: Option<Checkpoint>,
    /// The register at the end.
    pub register: Register,
}

/// Checks the log on this site. `watch` sees each entry pass, in order.
///
/// # Errors
/// [`LogCheckError`] when a file cannot be read; whatever does not hold is in the verdict.
pub fn check_log<S: Site + ?Sized>(
    site: &S,
    question: &Question<'_>,
    mut watch: impl FnMut(&Seen<'_>),
) -> Result<LogCheck, LogCheckError> {
    let origin = question.key.name();
    let open = |bytes: &[u8]| Checkpoint::open(bytes, origin, question.key);
    let since = question.since.map(open).transpose().map_err(LogCheckError::Since)?;
    let bytes = site.read(CHECKPOINT_PATH, CHECKPOINT_BYTES_MAX)?;
    let bytes = bytes.ok_or_else(|| SiteError::Missing { path: CHECKPOINT_PATH.to_owned() })?;
    let mut verdict = Verdict::new(origin, question.failures_kept_max);
    let place = Place::file(CHECKPOINT_PATH);
    let Some(checkpoint) = verdict.check_ok(Rule::Checkpoint, place, open(&bytes)) else {
        return Ok(LogCheck { verdict, checkpoint: None, register: Register::default() });
    };
    verdict.size = checkpoint.size;
    verdict.root = Some(Digest(checkpoint.root));
    let mut pass = Pass::new(site, origin, &checkpoint, since);
    pass.run(&mut verdict, &mut watch)?;
    let Pass { replay, chronology, periods, frontier, .. } = pass;
    if checkpoint.size == 0 {
        verdict.notice(None, "the log is empty: there is nothing in it that could fail".to_owned());
    }
    if frontier.size() > 0 && frontier.size() == checkpoint.size && periods.are_none() {
        verdict.notice(None, "no period was closed: no ledger of this log is complete".to_owned());
    }
    check_fresh(question, &chronology, &mut verdict);
    let register = replay.register().clone();
    verdict.partners = register.partners().len() as u64;
    Ok(LogCheck { verdict, checkpoint: Some(checkpoint), register })
}

fn check_fresh(question: &Question<'_>, chronology: &Chronology, verdict: &mut Verdict) {
    if verdict.acts + verdict.disclosures > 0 {
        verdict.newest = Some(chronology.newest());
    }
    let newest = chronology.newest();
    let latest = question.now.plus_seconds(ACT_SKEW_S);
    verdict.check(Rule::Fresh, Place::WHOLE, newest <= latest, || {
        (format!("the newest entry is of {newest}"), format!("{latest} at the latest"))
    });
    if let Some(max_age_s) = question.max_age_s {
        let fresh = newest.plus_seconds(max_age_s) >= question.now;
        verdict.check(Rule::Fresh, Place::WHOLE, fresh, || {
            let expected = format!("not more than {max_age_s} s before {}", question.now);
            (format!("the newest entry is of {newest}"), expected)
        });
    }
}

/// One pass over a log, from its first entry to its last.
struct Pass<'a, S: ?Sized> {
    site: &'a S,
    checkpoint: &'a Checkpoint,
    since: Option<Checkpoint>,
    replay: Replay,
    chronology: Chronology,
    periods: Periods,
    /// The tree over the entries as they were read, wherever there were some.
    frontier: Frontier,
    documents: BTreeSet<Digest>,
}

impl<'a, S: Site + ?Sized> Pass<'a, S> {
    fn new(
        site: &'a S,
        origin: &str,
        checkpoint: &'a Checkpoint,
        since: Option<Checkpoint>,
    ) -> Self {
        Self {
            site,
            checkpoint,
            since,
            replay: Replay::new(origin),
            chronology: Chronology::default(),
            periods: Periods::default(),
            frontier: Frontier::new(),
            documents: BTreeSet::new(),
        }
    }

    fn run(
        &mut self,
        verdict: &mut Verdict,
        watch: &mut dyn FnMut(&Seen<'_>),
    ) -> Result<(), SiteError> {
        let mut tree = TreeCheck::new(self.site, self.checkpoint.size, self.checkpoint.root);
        self.check_since(verdict);
        let bundles = self.checkpoint.size.div_ceil(TILE_WIDTH);
        let mut index = 0;
        // What comes after a gap cannot be judged, and a checkpoint may claim more than anybody could read.
        while index < bundles && self.pass_bundle(index, &mut tree, verdict, watch)? {
            index += 1;
        }
        if index == bundles {
            tree.finish(verdict)?;
        } else {
            let read = self.frontier.size();
            let missing = self.checkpoint.size - read;
            verdict.notice(
                None,
                format!("the check stopped after {read} entries: {missing} were not looked at"),
            );
        }
        let (read, root) = (self.frontier.size(), self.frontier.root());
        let size = self.checkpoint.size;
        let holds = read == size && root == self.checkpoint.root;
        verdict.check(Rule::Root, Place::WHOLE, holds, || {
            let of = |size: u64, root: Hash| format!("{size} entries under {}", Digest(root));
            (of(read, root), of(size, self.checkpoint.root))
        });
        if let Some(since) = self.since.take() {
            verdict.check(Rule::Consistency, Place::WHOLE, false, || {
                (
                    format!("{read} entries could be read"),
                    format!("at least {}, as before", since.size),
                )
            });
        }
        self.check_other_documents(verdict)
    }

    /// Passes the entries of one bundle; `false` if it is missing or broken.
    fn pass_bundle(
        &mut self,
        index: u64,
        tree: &mut TreeCheck<'_, S>,
        verdict: &mut Verdict,
        watch: &mut dyn FnMut(&Seen<'_>),
    ) -> Result<bool, SiteError> {
        let Some(path) = path_in(TileKind::Entries, index, self.checkpoint.size) else {
            return Ok(false);
        };
        let expected = || format!("{} entries", path.width);
        let Some((file, bytes)) = read_or_full(self.site, path)? else {
            verdict.check(Rule::EntryBundle, Place::file(&path.to_string()), false, || {
                ("no such file".to_owned(), expected())
            });
            return Ok(false);
        };
        let bytes = bytes.map_err(|error| error.to_string());
        let entries = bytes
            .as_deref()
            .map_err(Clone::clone)
            .and_then(|bytes| parse_entries(bytes, file.width).map_err(|error| error.to_string()));
        let entries = match entries {
            Ok(entries) => entries,
            Err(found) => {
                let otherwise = || (found, expected());
                verdict.check(Rule::EntryBundle, Place::file(&file.to_string()), false, otherwise);
                return Ok(false);
            }
        };
        let entries = entries.get(..path.width.into()).unwrap_or_default();
        let hashes: Vec<_> = entries.iter().map(|bytes| leaf_hash(bytes)).collect();
        tree.bundle(file, hashes.clone(), verdict)?;
        for ((bytes, leaf), index) in entries.iter().zip(hashes).zip(index * TILE_WIDTH..) {
            self.frontier.push(leaf);
            self.check_since(verdict);
            self.pass_entry(index, leaf, bytes, verdict, watch)?;
        }
        Ok(true)
    }

    /// Compares with the checkpoint kept earlier, once the tree has as many entries.
    fn check_since(&mut self, verdict: &mut Verdict) {
        let size = self.frontier.size();
        if let Some(since) = self.since.take_if(|since| since.size == size) {
            let root = self.frontier.root();
            verdict.check(Rule::Consistency, Place::WHOLE, root == since.root, || {
                let of = |root: Hash| format!("the first {size} entries under {}", Digest(root));
                (of(root), of(since.root))
            });
        }
    }

    fn pass_entry(
        &mut self,
        index: u64,
        leaf: Hash,
        bytes: &[u8],
        verdict: &mut Verdict,
        watch: &mut dyn FnMut(&Seen<'_>),
    ) -> Result<(), SiteError> {
        let place = Place::entry(index);
        let entry = verdict.check_ok(Rule::EntryForm, place, Entry::parse(bytes));
        let (size, register) = (self.checkpoint.size, self.replay.register());
        watch(&Seen { index, size, leaf, entry: entry.as_ref(), register });
        match &entry {
            Some(Entry::Act(act)) => {
                verdict.acts += 1;
                verdict.check_ok(Rule::ActTime, place, self.chronology.act(act.time));
                self.apply(index, act, verdict)?;
            }
            Some(Entry::Disclosure(disclosure)) => {
                verdict.disclosures += 1;
                let timely = self.chronology.clock(disclosure.time);
                verdict.check_ok(Rule::DisclosureTime, place, timely);
                redecide(self.replay.register(), index, disclosure, verdict);
            }
            Some(entry @ (Entry::Consents(_) | Entry::Close(_))) => {
                let timely = self.chronology.clock(entry.time());
                verdict.check_ok(Rule::OwnTime, place, timely);
            }
            None => {}
        }
        self.periods.pass((index, leaf), entry.as_ref(), &self.chronology, verdict);
        Ok(())
    }

    /// Applies an act to the register, if it can be.
    fn apply(
        &mut self,
        index: u64,
        act: &SignedAct,
        verdict: &mut Verdict,
    ) -> Result<(), SiteError> {
        let document = match act.act.document() {
            None => None,
            Some(digest) => match self.document(index, digest, verdict)? {
                Some(document) => Some(document),
                // Noted with the document; what the act says cannot be known.
                None => return Ok(()),
            },
        };
        let key_change = key_change(self.replay.register(), &act.act);
        let applied = self.replay.apply(index, act, document.as_deref());
        let kind = Act::kind(&act.act);
        let applied = applied.map_err(|error| format!("{kind}: {error}"));
        let applied = verdict.check_ok(Rule::Act, Place::entry(index), applied);
        if let (Some(()), Some(key_change)) = (applied, key_change) {
            verdict.notice(Some(index), key_change);
        }
        Ok(())
    }

    fn document(
        &mut self,
        index: u64,
        digest: Digest,
        verdict: &mut Verdict,
    ) -> Result<Option<Vec<u8>>, SiteError> {
        let path = document_path(&digest);
        let place = Place { entry: Some(index), file: Some(&path) };
        self.documents.insert(digest);
        let document = read_document(self.site, &path, &digest)?;
        Ok(verdict.check_ok(Rule::Document, place, document))
    }

    /// Checks the documents in the folder that no act speaks of, where the site can list them.
    fn check_other_documents(&self, verdict: &mut Verdict) -> Result<(), SiteError> {
        for name in self.site.list(DOCUMENTS_FOLDER)?.unwrap_or_default() {
            let digest = name.strip_suffix(".json").and_then(|name| Digest::parse(name).ok());
            let Some(digest) = digest.filter(|digest| !self.documents.contains(digest)) else {
                continue;
            };
            let path = document_path(&digest);
            let document = read_document(self.site, &path, &digest)?;
            verdict.check_ok(Rule::Document, Place::file(&path), document);
        }
        Ok(())
    }
}

/// The document of this digest, or what was found in its place.
fn read_document<S: Site + ?Sized>(
    site: &S,
    path: &str,
    digest: &Digest,
) -> Result<Result<Vec<u8>, String>, SiteError> {
    let bytes = match site.read(path, DOCUMENT_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Err("no such file".to_owned())),
        Err(error @ SiteError::TooLarge { .. }) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error),
    };
    let found = Digest(Sha256::digest(&bytes).into());
    Ok(if found == *digest { Ok(bytes) } else { Err(format!("its digest is {found}")) })
}
