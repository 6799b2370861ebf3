//! Whether a pack leaves nothing out: its entries against the public log, under the pack's own checkpoint, and then
//! what the log published later, which may be of the time that the pack is about.
//!
//! Every entry of the log is read, since acts of any time make the register. Nothing is decided again here.

use countersign_domain::digest::Digest;
use countersign_protocol::checkpoint::{Checkpoint, CheckpointError};
use countersign_protocol::entry::Entry;
use countersign_protocol::note::NoteKey;
use countersign_protocol::site_path::{CHECKPOINT_BYTES_MAX, CHECKPOINT_PATH};

use crate::log_range::LogRange;
use crate::site::{Site, SiteError};
use crate::verdict::{Place, Rule, Verdict};

use countersign_protocol::evidence_pack::{LogPart, Pack, Subject};

/// Checks that all acts are shown, and all disclosures of whom and when the pack is about.
pub(super) fn check(
    pack: &Pack,
    (subject, log): (&Subject, &LogPart),
    checkpoint: &Checkpoint,
    site: &dyn Site,
    progress: &mut dyn FnMut(u64, u64),
    verdict: &mut Verdict,
) -> Result<(), SiteError> {
    let mut range = LogRange::new(site, checkpoint);
    let mut shown = log.entries.iter().map(|entry| entry.index).peekable();
    let size = checkpoint.size;
    let is_read = range.read(0..size, verdict, |verdict, (index, _), bytes| {
        progress(index + 1, size);
        if shown.next_if_eq(&index).is_some() {
            return Ok(());
        }
        let is_wanted = match Entry::parse(bytes) {
            Ok(Entry::Act(_)) => true,
            Ok(Entry::Disclosure(disclosure)) => {
                subject.has(&disclosure) && pack.spans(&disclosure)
            }
            Ok(Entry::Consents(_) | Entry::Close(_)) => false,
            Err(error) => {
                verdict.check_ok::<(), _>(Rule::EntryForm, Place::entry(index), Err(error));
                false
            }
        };
        verdict.check(Rule::EvidenceComplete, Place::entry(index), !is_wanted, || {
            let found = "an entry of the log that the pack leaves out".to_owned();
            (found, Rule::EvidenceComplete.says().to_owned())
        });
        Ok::<_, SiteError>(())
    })?;
    // A log of which every entry is shown has nothing that could be missing.
    let otherwise = || ("a log that cannot be read".to_owned(), "all of its entries".to_owned());
    let why = || "the log that it was to be held against cannot be read to its end".to_owned();
    verdict.check_brought(Rule::EvidenceComplete, Place::WHOLE, is_read, otherwise, why);
    if is_read { range.finish(verdict) } else { Ok(()) }
}

/// The newest checkpoint of the log, if it reaches as far as the pack's. An older copy has not all that is to be held
/// against the pack; one of the same size has the same tree.
pub(super) fn newest(
    checkpoint: &Checkpoint,
    site: &dyn Site,
    key: &NoteKey,
    verdict: &mut Verdict,
) -> Result<Option<Checkpoint>, SiteError> {
    let place = Place::file(CHECKPOINT_PATH);
    let read = site.read(CHECKPOINT_PATH, CHECKPOINT_BYTES_MAX)?;
    let bytes = read.ok_or_else(|| SiteError::Missing { path: CHECKPOINT_PATH.to_owned() })?;
    let opened = Checkpoint::open(&bytes, key.name(), key);
    let is_other = CheckpointError::is_of_another;
    let Some(newest) = verdict.check_read(Rule::Checkpoint, place, opened, is_other) else {
        return Ok(None);
    };
    let Checkpoint { size, root, .. } = checkpoint;
    let of = |checkpoint: &Checkpoint| {
        format!("{} entries under {}", checkpoint.size, Digest(checkpoint.root))
    };
    let otherwise =
        || (of(&newest), format!("a log that goes on from the pack's {}", of(checkpoint)));
    let (reaches, until) = (newest.size >= *size, format!("its {} entries", newest.size));
    if !verdict.check_reaches(Rule::EvidenceComplete, place, reaches, until, otherwise) {
        return Ok(None);
    }
    let is_other_tree = newest.size == *size && newest.root != *root;
    verdict.check(Rule::EvidenceComplete, place, !is_other_tree, otherwise);
    Ok(Some(newest))
}

/// Checks that the log has no disclosure of whom and when the pack is about behind the pack's checkpoint: one that
/// was published too late for it, or a checkpoint that was chosen too early.
pub(super) fn check_later(
    (pack, subject): (&Pack, &Subject),
    checkpoint: &Checkpoint,
    newest: &Checkpoint,
    site: &dyn Site,
    verdict: &mut Verdict,
) -> Result<(), SiteError> {
    let Checkpoint { size, root, .. } = checkpoint;
    if newest.size <= *size {
        return Ok(());
    }
    let mut range = LogRange::new(site, newest);
    let Some(begins) = range.root_at(*size, verdict)? else { return Ok(()) };
    let place = Place::file(CHECKPOINT_PATH);
    verdict.check(Rule::EvidenceComplete, place, begins == *root, || {
        let of = |root| format!("{size} entries under {}", Digest(root));
        (of(begins), of(*root))
    });
    let is_read = range.read(*size..newest.size, verdict, |verdict, (index, _), bytes| {
        let is_missing = match Entry::parse(bytes) {
            Ok(Entry::Disclosure(disclosure)) => {
                subject.has(&disclosure) && pack.spans(&disclosure)
            }
            _ => false,
        };
        verdict.check(Rule::EvidenceComplete, Place::entry(index), !is_missing, || {
            let found = "an entry of this time that the log has behind the pack's checkpoint";
            (found.to_owned(), Rule::EvidenceComplete.says().to_owned())
        });
        Ok::<_, SiteError>(())
    })?;
    if is_read { range.finish(verdict) } else { Ok(()) }
}
