//! The site of a log in memory, as an outsider reads it.

use countersign_domain::time::Timestamp;
use countersign_log::backend::Backend as _;
use countersign_log::backend::memory::Memory;
use countersign_protocol::merkle::Hash;
use countersign_protocol::note::NoteKey;
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::site::{Site, SiteError};
use countersign_verifier::verdict::Rule;

use crate::support::NOW;

/// The public folder of the log on this disk.
pub(crate) struct MemorySite<'a>(pub(crate) &'a Memory);

impl Site for MemorySite<'_> {
    fn read(&self, path: &str, _bytes_max: u64) -> Result<Option<Vec<u8>>, SiteError> {
        let unreadable = |reason| SiteError::Unreadable { path: path.to_owned(), reason };
        self.0.read(&format!("log/{path}")).map_err(|error| unreadable(error.to_string()))
    }

    fn list(&self, folder: &str) -> Result<Option<Vec<String>>, SiteError> {
        let below = format!("log/{folder}/");
        let files = self.0.files();
        let inside = files.iter().filter_map(|file| file.strip_prefix(&below));
        Ok(Some(inside.map(str::to_owned).collect()))
    }
}

/// Checks the site as `countersign-verify log` does; the leaves of its entries.
pub(crate) fn verified(memory: &Memory, key: &NoteKey) -> Vec<Hash> {
    let mut leaves = Vec::new();
    let question = Question::new(key, Timestamp::from_seconds(NOW + 86_400));
    let checked = check_log(&MemorySite(memory), &question, |seen| leaves.push(seen.leaf));
    let verdict = checked.unwrap().verdict;
    // The platform of these tests decides by masks of its own, so its register has no builds.
    let mut found = verdict.failures.iter().filter(|failure| failure.rule != Rule::BuildKnown);
    assert_eq!(found.next(), None, "an outsider finds it");
    assert_eq!(verdict.size, leaves.len() as u64);
    leaves
}
