//! Checking a log as it lies on the disk: the stream, entries against annexes, the static site against
//! the stream, checkpoints against the tree.
//!
//! What it is not: an outsider's check. It sees the private part, and trusts that the machine's own
//! code wrote it; `countersign-verify` trusts nobody.

use countersign_domain::register::Register;
use countersign_domain::relation::Relation;
use countersign_domain::rounding::rounded_up;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::{Disclosure, Entry};
use countersign_protocol::note::NoteKey;
use countersign_protocol::tile::TilePath;

use crate::annex::{Annex, AnnexRecord, DisclosureAnnex};
use crate::backend::Backend;
use crate::open::{STREAM, Walk};
use crate::publish::{
    PUBLISHED_CHECKPOINT, SITE_FOLDER, STORED_CHECKPOINT, document_path, tile_path,
};
use crate::rewrite::JOURNAL;
use crate::stream::{Found, Position, Stream};

/// After so many findings no more are listed.
const FINDINGS_MAX: usize = 100;

/// What a check has found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Report {
    /// How many acts there are.
    pub acts: u64,
    /// How many disclosures there are.
    pub disclosures: u64,
    /// The size of the published checkpoint.
    pub checkpoint_size: u64,
    /// Bytes behind the last good batch: what a crash has torn, or a running server is writing.
    pub unfinished_bytes: u64,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether all that is wrong is on the public site, which is written again from the stream. A
    /// checkpoint there is not among it: it was signed.
    #[must_use]
    pub fn is_stream_sound(&self) -> bool {
        let site = format!("{SITE_FOLDER}/");
        let is_mended = |file: &str| file.starts_with(&site) && file != PUBLISHED_CHECKPOINT;
        self.findings.iter().all(|finding| is_mended(&finding.file))
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The file that it is wrong with.
    pub file: String,
    /// What is wrong.
    pub what: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.file, self.what)
    }
}

/// A check on its way through the stream.
struct Check<'a> {
    backend: &'a dyn Backend,
    walk: Walk,
    report: Report,
    stored: Option<Checkpoint>,
    published: Option<Checkpoint>,
}

/// Checks the log of this origin and key below the root of `backend`. Nothing is changed; a running
/// server is not disturbed.
#[must_use]
pub fn check(backend: &dyn Backend, origin: &str, key: &NoteKey) -> Report {
    let mut check = Check {
        backend,
        walk: Walk::new(origin),
        report: Report::default(),
        stored: None,
        published: None,
    };
    // The published one first: a running server stores a checkpoint before it publishes it.
    check.published = check.checkpoint(PUBLISHED_CHECKPOINT, origin, key);
    check.stored = check.checkpoint(STORED_CHECKPOINT, origin, key);
    check.report.checkpoint_size = check.published.as_ref().map_or(0, |published| published.size);
    check.compare_at_size();
    match backend.exists(STREAM) {
        Ok(true) => check.stream(),
        Ok(false) => check.find(STREAM, "there is no such file"),
        Err(error) => check.find(STREAM, error),
    }
    check.compare_sizes();
    check.report
}

impl Check<'_> {
    fn find(&mut self, file: impl Into<String>, what: impl ToString) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding { file: file.into(), what: what.to_string() });
        }
    }

    fn checkpoint(&mut self, file: &str, origin: &str, key: &NoteKey) -> Option<Checkpoint> {
        match self.backend.read(file) {
            Ok(Some(bytes)) => match Checkpoint::open(&bytes, origin, key) {
                Ok(checkpoint) => return Some(checkpoint),
                Err(error) => self.find(file, error),
            },
            Ok(None) => {
                self.find(file, "there is no such file; the server writes it when it starts")
            }
            Err(error) => self.find(file, error),
        }
        None
    }

    fn checkpoints(&self) -> impl Iterator<Item = (&'static str, Checkpoint)> + use<> {
        let of_files = [(STORED_CHECKPOINT, &self.stored), (PUBLISHED_CHECKPOINT, &self.published)];
        of_files
            .map(|(file, signed)| signed.clone().map(|signed| (file, signed)))
            .into_iter()
            .flatten()
    }

    fn stream(&mut self) {
        match self.backend.exists(JOURNAL) {
            Ok(false) => {}
            Ok(true) => return self.find(JOURNAL, CUT_SHORT),
            Err(error) => return self.find(JOURNAL, error),
        }
        let stream = match Stream::open(self.backend, STREAM) {
            Ok(stream) => stream,
            Err(error) => return self.find(STREAM, error),
        };
        let mut at = Position::START;
        loop {
            let (batch, end) = match stream.read(at) {
                Ok(Found::Batch { batch, end }) => (batch, end),
                Ok(Found::End) => return,
                Ok(Found::Torn { bytes, .. }) => {
                    self.report.unfinished_bytes = bytes;
                    return;
                }
                Err(error) => return self.find(STREAM, error),
            };
            for (entry, annex) in batch.pairs().flatten() {
                let index = self.walk.tiles.size();
                match self.walk.step(entry, annex) {
                    Ok((entry, annex)) => self.entry(index, &entry, &annex),
                    // What comes after it cannot be judged without it.
                    Err(problem) => return self.find(STREAM, format!("entry {index}: {problem}")),
                }
                self.compare_full_tiles();
                self.compare_at_size();
            }
            at = end;
        }
    }

    fn entry(&mut self, index: u64, entry: &Entry, annex: &Annex) {
        match (entry, annex) {
            (Entry::Act(act), Annex::Act(annex)) => {
                self.report.acts += 1;
                if let Some(digest) = act.act.document() {
                    let path = document_path(&digest);
                    self.compare_file(&path, annex.document.as_deref().unwrap_or_default());
                }
            }
            (Entry::Disclosure(disclosure), Annex::Disclosure(annex)) => {
                self.report.disclosures += 1;
                for what in differences(disclosure, annex, self.walk.replay.register()) {
                    self.find(STREAM, format!("entry {index}: {what}"));
                }
            }
            // `Walk::step` has refused these.
            _ => {}
        }
    }

    fn compare_file(&mut self, path: &str, expected: &[u8]) {
        match self.backend.read(path) {
            Ok(Some(found)) if found == expected => {}
            Ok(Some(_)) => {
                let what = "it differs from the stream; remove it, and restart the server to write it again";
                self.find(path, what);
            }
            Ok(None) => {
                self.find(path, "there is no such file; restart the server to write it again")
            }
            Err(error) => self.find(path, error),
        }
    }

    /// Full tiles of the published tree have to be there as the stream makes them.
    fn compare_full_tiles(&mut self) {
        while let Some((path, bytes)) = self.walk.tiles.next_full().cloned() {
            self.walk.tiles.full_done();
            if self.walk.tiles.size() <= self.report.checkpoint_size {
                self.compare_file(&tile_path(&path), &bytes);
            }
        }
    }

    /// Where a checkpoint was signed, its root and its partial tiles have to be those of the stream.
    fn compare_at_size(&mut self) {
        let size = self.walk.tiles.size();
        for (file, signed) in self.checkpoints() {
            if signed.size == size && signed.root != self.walk.tiles.frontier().root() {
                self.find(file, format!("its root is not that of the first {size} entries"));
            }
        }
        if self.published.as_ref().is_some_and(|published| published.size == size) {
            let partial: Vec<_> = self.walk.tiles.partial().collect();
            for (path, bytes) in partial {
                self.compare_partial(path, &bytes);
            }
        }
    }

    /// A partial tile may have gone when the full one came, which begins with it.
    fn compare_partial(&mut self, path: TilePath, expected: &[u8]) {
        let full = self.backend.read(&tile_path(&path.full())).ok().flatten();
        if full.is_none_or(|full| !full.starts_with(expected)) {
            self.compare_file(&tile_path(&path), expected);
        }
    }

    fn compare_sizes(&mut self) {
        let size = self.walk.tiles.size();
        for (file, signed) in self.checkpoints() {
            if signed.size > size {
                let what = format!("it is of {} entries, and {STREAM} gives {size}", signed.size);
                self.find(file, what);
            }
        }
        let sizes = self.stored.as_ref().zip(self.published.as_ref());
        if sizes.is_some_and(|(stored, published)| stored.size < published.size) {
            self.find(STORED_CHECKPOINT, "it is older than the published one");
        }
    }
}

const CUT_SHORT: &str = "an erasure is under way, or a crash cut it short: then the next start of the server finishes it; check again behind that";

/// What the public entry says otherwise than its annex. The root `records` cannot be compared: pairwise
/// ids derive from the people's secrets, which the log does not have.
fn differences(
    disclosure: &Disclosure,
    annex: &DisclosureAnnex,
    register: &Register,
) -> Vec<&'static str> {
    let mut differences = Vec::new();
    let mut compare = |is_same: bool, what| {
        if !is_same {
            differences.push(what);
        }
    };
    let people = rounded_up(annex.records.len() as u64);
    compare(disclosure.people == people, "people is not what the annex gives");
    compare(annex.count(Relation::Viewer) == 1, "the annex has no viewer");
    let names = |relation| -> Option<Vec<&str>> {
        Some(register.schema()?.names(annex.fields(relation)).collect())
    };
    // What erased people had, only the entry still says.
    let erased = |relation| {
        let of_relation = |one: &&AnnexRecord| one.standing.relation() == relation;
        annex.records.iter().filter(of_relation).any(AnnexRecord::is_erased)
    };
    let same = |said: &[String], relation| {
        names(relation).is_some_and(|names| match erased(relation) {
            true => names.iter().all(|name| said.iter().any(|said| said == name)),
            false => names.iter().eq(said.iter()),
        })
    };
    compare(same(&disclosure.viewer, Relation::Viewer), "self is not what the annex gives");
    compare(same(&disclosure.friend, Relation::Friend), "friend is not what the annex gives");
    differences
}
