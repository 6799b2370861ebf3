//! One pass over the entries of a log that are new, in order: tree, acts, disclosures, times.

use std::collections::{BTreeMap, BTreeSet};

use countersign_domain::digest::Digest;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::{Entry, EntryError, SignedAct};
use countersign_protocol::merkle::{Hash, leaf_hash};
use countersign_protocol::site_path::{DOCUMENT_BYTES_MAX, DOCUMENTS_FOLDER, document_path};
use countersign_protocol::tile::{TILE_WIDTH, TileKind, parse_entries, path_in};
use sha2::{Digest as _, Sha256};

use crate::act_check;
use crate::continuity::check_not_shrunk;
use crate::key_change::key_change;
use crate::log_check::Seen;
use crate::redecide::redecide;
use crate::site::{Site, SiteError};
use crate::state::{KeptAct, Progress, State};
use crate::tree_check::{TreeCheck, read_or_full};
use crate::verdict::{Place, Rule, Verdict};

/// The documents of acts, or what was found in their place.
type Documents = BTreeMap<Digest, Result<Vec<u8>, String>>;

/// What is found in the place of a file that is not there.
const NO_SUCH_FILE: &str = "no such file";

/// One pass over a log, from where an earlier one ended to its last entry.
pub(crate) struct Pass<'a, S: ?Sized> {
    site: &'a S,
    pub(crate) checkpoint: &'a Checkpoint,
    since: Option<Checkpoint>,
    /// How many entries an earlier pass has read.
    pub(crate) known: u64,
    /// The checkpoint that an earlier check was shown, if it was cut off before it had read up to there.
    pub(crate) ahead: Option<Checkpoint>,
    /// Whether the checkpoint is known to go on from that one, or there is none but what was read.
    pub(crate) goes_on: bool,
    /// What was found up to the last bundle that was passed whole.
    pub(crate) reached: Option<Verdict>,
    /// How far it has come. The edge is that of the entries as they were read, wherever there were some.
    pub(crate) progress: Progress,
    /// The documents that were asked for, those that are not there included.
    asked: BTreeSet<Digest>,
}

impl<'a, S: Site + ?Sized> Pass<'a, S> {
    pub(crate) fn new(
        site: &'a S,
        checkpoint: &'a Checkpoint,
        since: Option<Checkpoint>,
        state: &State,
    ) -> Self {
        let progress = state.progress().clone();
        let known = progress.edge.size();
        let (ahead, asked) = (state.ahead().cloned(), BTreeSet::new());
        let (goes_on, reached) = (ahead.is_none(), None);
        Self { site, checkpoint, since, known, ahead, goes_on, reached, progress, asked }
    }

    /// The size and the root of the tree that an earlier check was shown.
    pub(crate) fn kept(&self) -> (u64, Hash) {
        let edge = &self.progress.edge;
        self.ahead.as_ref().map_or_else(|| (edge.size(), edge.root()), |one| (one.size, one.root))
    }

    pub(crate) fn run(
        &mut self,
        verdict: &mut Verdict,
        watch: &mut dyn FnMut(&Seen<'_>),
    ) -> Result<(), SiteError> {
        let signed = (self.checkpoint.size, self.checkpoint.root);
        let mut tree = TreeCheck::behind(self.site, signed, &self.progress.edge);
        if let Some(since) = &self.since {
            check_not_shrunk(since.size, self.checkpoint.size, verdict);
        }
        self.check_since(verdict);
        let bundles = self.checkpoint.size.div_ceil(TILE_WIDTH);
        let mut index = self.known / TILE_WIDTH;
        // What comes after a gap cannot be judged, and a checkpoint may claim more than anybody could read.
        while index < bundles && self.pass_bundle(index, &mut tree, verdict, watch)? {
            index += 1;
            self.reached = Some(verdict.clone());
        }
        if index == bundles {
            tree.finish(verdict)?;
        } else {
            let read = self.progress.edge.size();
            let missing = self.checkpoint.size - read;
            verdict.notice(
                None,
                format!("the check stopped after {read} entries: {missing} were not looked at"),
            );
        }
        self.check_root(verdict);
        self.check_other_documents(verdict)
    }

    /// Whether everything that the checkpoint signs was read, and is what it signs.
    pub(crate) fn is_whole(&self) -> bool {
        let edge = &self.progress.edge;
        (edge.size(), edge.root()) == (self.checkpoint.size, self.checkpoint.root)
    }

    fn check_root(&mut self, verdict: &mut Verdict) {
        let (read, root) = (self.progress.edge.size(), self.progress.edge.root());
        let size = self.checkpoint.size;
        let otherwise = || {
            let of = |size: u64, root: Hash| format!("{size} entries under {}", Digest(root));
            (of(read, root), of(size, self.checkpoint.root))
        };
        // Over entries that could not be read nobody can compute a root.
        if read < size {
            let why = || format!("{read} of {size} entries could be read");
            verdict.check_brought(Rule::Root, Place::WHOLE, false, otherwise, why);
        } else {
            verdict.check(Rule::Root, Place::WHOLE, self.is_whole(), otherwise);
        }
        if let Some(since) = self.since.take_if(|since| since.size <= size) {
            let found = format!("{read} entries could be read");
            let expected = format!("at least {}, as before", since.size);
            let why = format!("{found}, and not the {} of before", since.size);
            let otherwise = || (found, expected);
            verdict.check_brought(Rule::Consistency, Place::WHOLE, false, otherwise, || why);
        }
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
            verdict.lacks(Rule::EntryBundle, &path.to_string(), NO_SUCH_FILE, expected());
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
                verdict.lacks(Rule::EntryBundle, &file.to_string(), &found, expected());
                return Ok(false);
            }
        };
        let entries = entries.get(..path.width.into()).unwrap_or_default();
        let hashes: Vec<_> = entries.iter().map(|bytes| leaf_hash(bytes)).collect();
        tree.bundle(file, hashes.clone(), verdict)?;
        let known = self.known;
        let of_bundle = entries.iter().zip(hashes).zip(index * TILE_WIDTH..);
        let new = of_bundle.filter(|(_, index)| *index >= known);
        let new = new.map(|((bytes, leaf), index)| (index, leaf, Entry::parse(bytes)));
        let new: Vec<_> = new.collect();
        // Everything is fetched before anything is taken, so that a pass that is cut off ends between two bundles.
        let documents =
            self.fetch_documents(new.iter().filter_map(|(_, _, entry)| entry.as_ref().ok()))?;
        for (index, leaf, entry) in new {
            if !has_document(index, entry.as_ref().ok(), &documents, verdict) {
                return Ok(false);
            }
            self.progress.edge.push(leaf);
            self.check_since(verdict);
            self.pass_entry((index, leaf), entry, &documents, verdict, watch);
        }
        Ok(true)
    }

    /// Compares with the checkpoints kept earlier, once the tree has as many entries.
    fn check_since(&mut self, verdict: &mut Verdict) {
        let size = self.progress.edge.size();
        let of_size = |kept: &mut Checkpoint| kept.size == size;
        let kept = [self.since.take_if(of_size), self.ahead.take_if(of_size)];
        for since in kept.into_iter().flatten() {
            let root = self.progress.edge.root();
            verdict.check(Rule::Consistency, Place::WHOLE, root == since.root, || {
                let of = |root: Hash| format!("the first {size} entries under {}", Digest(root));
                (of(root), of(since.root))
            });
        }
    }

    fn pass_entry(
        &mut self,
        (index, leaf): (u64, Hash),
        entry: Result<Entry, EntryError>,
        documents: &Documents,
        verdict: &mut Verdict,
        watch: &mut dyn FnMut(&Seen<'_>),
    ) {
        let place = Place::entry(index);
        let entry = verdict.check_ok(Rule::EntryForm, place, entry);
        let (size, register) = (self.checkpoint.size, self.progress.replay.register());
        watch(&Seen { index, size, leaf, entry: entry.as_ref(), register });
        match &entry {
            Some(Entry::Act(act)) => {
                verdict.acts += 1;
                verdict.check_ok(Rule::ActTime, place, self.progress.chronology.act(act.time));
                self.apply(index, act, documents, verdict);
            }
            Some(Entry::Disclosure(disclosure)) => {
                verdict.disclosures += 1;
                let timely = self.progress.chronology.clock(disclosure.time, index + 1);
                verdict.check_ok(Rule::DisclosureTime, place, timely);
                let Progress { replay, chronology, .. } = &self.progress;
                redecide((replay.register(), chronology), index, disclosure, verdict);
            }
            Some(entry @ (Entry::Consents(_) | Entry::Close(_))) => {
                let timely = self.progress.chronology.clock(entry.time(), index + 1);
                verdict.check_ok(Rule::OwnTime, place, timely);
            }
            None => {}
        }
        let Progress { periods, chronology, .. } = &mut self.progress;
        periods.pass((index, leaf), entry.as_ref(), chronology, verdict);
    }

    /// Applies an act to the register, if it can be.
    fn apply(&mut self, index: u64, act: &SignedAct, documents: &Documents, verdict: &mut Verdict) {
        let document = match act.act.document().map(|digest| (digest, documents.get(&digest))) {
            None => None,
            Some((digest, fetched)) => {
                let path = document_path(&digest);
                let place = Place { entry: Some(index), file: Some(&path) };
                let fetched = fetched.cloned().unwrap_or_else(|| Err(NO_SUCH_FILE.to_owned()));
                // What an act says whose document is not there cannot be known.
                let Some(document) = verdict.check_ok(Rule::Document, place, fetched) else {
                    return;
                };
                Some(document)
            }
        };
        let key_change = key_change(self.progress.replay.register(), &act.act);
        let taken =
            act_check::take(&mut self.progress.replay, index, act, document.as_deref(), verdict);
        if !taken {
            return;
        }
        if let Some(key_change) = key_change {
            verdict.notice(Some(index), key_change);
        }
        self.progress.keep(KeptAct { index, act: act.clone() }, document);
    }

    /// The documents that these entries speak of, or what was found in their place.
    fn fetch_documents<'e>(
        &mut self,
        entries: impl Iterator<Item = &'e Entry>,
    ) -> Result<Documents, SiteError> {
        let mut documents = Documents::new();
        for entry in entries {
            let Entry::Act(act) = entry else { continue };
            let Some(digest) = act.act.document().filter(|one| !documents.contains_key(one)) else {
                continue;
            };
            self.asked.insert(digest);
            let document = read_document(self.site, &document_path(&digest), &digest)?;
            documents.insert(digest, document);
        }
        Ok(documents)
    }

    /// Checks the documents in the folder that no act speaks of, where the site can list them. Behind an earlier
    /// check it does not: those it has read, and most of them are not new.
    fn check_other_documents(&self, verdict: &mut Verdict) -> Result<(), SiteError> {
        if self.known > 0 {
            return Ok(());
        }
        for name in self.site.list(DOCUMENTS_FOLDER)?.unwrap_or_default() {
            let digest = name.strip_suffix(".json").and_then(|name| Digest::parse(name).ok());
            let Some(digest) = digest.filter(|digest| !self.asked.contains(digest)) else {
                continue;
            };
            let path = document_path(&digest);
            let document = read_document(self.site, &path, &digest)?;
            verdict.check_ok(Rule::Document, Place::file(&path), document);
        }
        Ok(())
    }
}

/// Whether the document of this entry is there, if it is an act with one. What acts say that come after one whose
/// document is missing cannot be judged.
fn has_document(
    index: u64,
    entry: Option<&Entry>,
    documents: &Documents,
    verdict: &mut Verdict,
) -> bool {
    let Some(Entry::Act(act)) = entry else { return true };
    let Some(digest) = act.act.document() else { return true };
    if !matches!(documents.get(&digest), Some(Err(found)) if found == NO_SUCH_FILE) {
        return true;
    }
    let file = document_path(&digest);
    let place = Place { entry: Some(index), file: Some(&file) };
    let otherwise = || (NO_SUCH_FILE.to_owned(), Rule::Document.says().to_owned());
    let why =
        || format!("{file}: {NO_SUCH_FILE}; this copy of the log is not whole, so fetch it again");
    verdict.check_brought(Rule::Document, place, false, otherwise, why)
}

/// The document of this digest, or what was found in its place.
fn read_document<S: Site + ?Sized>(
    site: &S,
    path: &str,
    digest: &Digest,
) -> Result<Result<Vec<u8>, String>, SiteError> {
    let bytes = match site.read(path, DOCUMENT_BYTES_MAX) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Ok(Err(NO_SUCH_FILE.to_owned())),
        Err(error @ SiteError::TooLarge { .. }) => return Ok(Err(error.to_string())),
        Err(error) => return Err(error),
    };
    let found = Digest(Sha256::digest(&bytes).into());
    Ok(if found == *digest { Ok(bytes) } else { Err(format!("its digest is {found}")) })
}
