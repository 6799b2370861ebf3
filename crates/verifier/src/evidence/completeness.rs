//! Whether a pack leaves nothing out: its entries against the public log, under the pack's own checkpoint.
//!
//! Every entry of the log is read, since acts of any time make the register. Nothing is decided again here.

use crate::checkpoint::Checkpoint;
use crate::entry::Entry;
use crate::log_range::LogRange;
use crate::site::{Site, SiteError};
use crate::verdict::{Place, Rule, Verdict};

use super::pack::{LogPart, Pack, Subject};

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
    verdict.check(Rule::EvidenceComplete, Place::WHOLE, is_read, || {
        ("a log that cannot be read".to_owned(), "all of its entries".to_owned())
    });
    if is_read { range.finish(verdict) } else { Ok(()) }
}
