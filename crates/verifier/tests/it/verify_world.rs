//! What an outsider says about the small log of the fixtures.

use std::path::Path;

pub(crate) use countersign_fixtures::documents::{
    AGREEMENT_ENDS_S, BEGINNING_S, WORK_ENDS_S, agreement, build, keys, partner, review, rules,
};
pub(crate) use countersign_fixtures::keys::{public_key, sign, signing_key};
pub(crate) use countersign_fixtures::world::{ORIGIN, World, log_key};
pub(crate) use countersign_fixtures::{at, name};
use countersign_verifier::log_check::{Question, check_log};
use countersign_verifier::site::FolderSite;
use countersign_verifier::verdict::{Rule, Verdict};

/// An outsider's check of a log that is not published yet.
pub(crate) trait Check {
    fn verdict(&self) -> Verdict;
}

impl Check for World {
    fn verdict(&self) -> Verdict {
        let folder = tempfile::tempdir().unwrap();
        self.publish(folder.path());
        verdict(folder.path())
    }
}

pub(crate) fn verdict(folder: &Path) -> Verdict {
    let key = log_key();
    let question = Question::new(&key, at(BEGINNING_S + 3 * 86_400));
    check_log(&FolderSite::new(folder), &question, |_| {}).unwrap().verdict
}

/// The rules that failed, each with the entries that it failed for.
pub(crate) fn failed(verdict: &Verdict) -> Vec<(Rule, Option<u64>)> {
    let mut failed: Vec<_> = verdict.failures.iter().map(|f| (f.rule, f.entry)).collect();
    failed.sort_unstable();
    failed.dedup();
    failed
}

/// Compares a committed file with what it should be. With COUNTERSIGN_BLESS=1 it is written instead.
pub(crate) fn golden(path: &Path, bytes: &[u8]) {
    if std::env::var_os("COUNTERSIGN_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    let found = std::fs::read(path).unwrap_or_default();
    assert!(
        found == bytes,
        "{} is another one; COUNTERSIGN_BLESS=1 writes it anew",
        path.display()
    );
}
