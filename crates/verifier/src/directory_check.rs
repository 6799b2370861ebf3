//! Whether the directory of accounts only ever grew, from one close of a log to the newest: for auditors, who are given
//! its growth and read the log themselves.
//!
//! What it is not: it says nothing about whose secret is in the directory. Each account sees its own history in its
//! ledger, under the newest root; with this, no root before had another one for it.
//! Rules: docs/protocol.md, section 6.

use countersign_protocol::directory::Growth;
use countersign_protocol::entry::{DirectoryRoot, Entry};

use crate::log_check::{LogCheckError, Question, Seen, check_log};
use crate::site::Site;
use crate::verdict::{Place, Rule, Verdict};

/// What a check of the directory came to.
#[derive(Debug)]
pub struct DirectoryCheck {
    /// What was found, of the log too.
    pub verdict: Verdict,
    /// The first and the last epoch that the growth shows, if it could be read.
    pub epochs: Option<(u64, u64)>,
}

/// Checks a directory's growth against the closes of the log on this site. `watch` sees each entry pass.
///
/// # Errors
/// [`LogCheckError`] when a file of the log cannot be read; whatever does not hold is in the verdict.
pub fn check_directory<S: Site + ?Sized>(
    site: &S,
    growth: &[u8],
    question: &Question<'_>,
    mut watch: impl FnMut(&Seen<'_>),
) -> Result<DirectoryCheck, LogCheckError> {
    let mut closes = Vec::new();
    let checked = check_log(site, question, |seen| {
        if let Some(Entry::Close(close)) = seen.entry {
            closes.push((seen.index, close.directory));
        }
        watch(seen);
    })?;
    let mut verdict = checked.verdict;
    let growth =
        verdict.check_read(Rule::DirectoryForm, Place::WHOLE, Growth::parse(growth), |_| true);
    if let Some(growth) = &growth {
        check_growth(growth, &closes, &mut verdict);
    }
    let epochs = growth.map(|growth| (growth.first, growth.last()));
    Ok(DirectoryCheck { verdict, epochs })
}

fn check_growth(growth: &Growth, closes: &[(u64, DirectoryRoot)], verdict: &mut Verdict) {
    let roots = verdict.check_ok(Rule::DirectoryGrowth, Place::WHOLE, growth.roots());
    let Some(roots) = roots else { return };
    let (first, last) = (growth.first, growth.last());
    let (before, from): (Vec<_>, Vec<_>) =
        closes.iter().copied().partition(|(_, directory)| directory.epoch < first);
    if let Some((index, directory)) = before.last() {
        verdict.notice(
            Some(*index),
            format!(
                "closes up to here have a directory of epoch {} or earlier, of which nothing is shown",
                directory.epoch
            ),
        );
    }
    if from.is_empty() {
        verdict.notice(None, "no close has a directory of an epoch that is shown".to_owned());
    }
    for (index, directory) in from {
        let DirectoryRoot { epoch, root, .. } = directory;
        let known = epoch.checked_sub(first).and_then(|at| roots.get(usize::try_from(at).ok()?));
        // The directory of epoch 0 has no root, and nobody in it.
        let holds = directory == DirectoryRoot::EMPTY || known == Some(&root);
        verdict.check(Rule::DirectoryCloses, Place::entry(index), holds, || {
            let expected = known.map_or_else(
                || format!("an epoch from {first} to {last}, which are shown"),
                |known| format!("epoch {epoch} under {known}"),
            );
            (format!("epoch {epoch} under {root}"), expected)
        });
    }
}

#[cfg(test)]
mod tests {
    use countersign_domain::digest::Digest;

    use super::*;

    #[test]
    fn directory_with_nobody_in_it_is_zeros() {
        let fails = |directory: DirectoryRoot| {
            let mut verdict = Verdict::of("log.example", [Rule::DirectoryCloses].into_iter(), 10);
            check_growth(&Growth { first: 0, steps: Vec::new() }, &[(7, directory)], &mut verdict);
            verdict.rules[&Rule::DirectoryCloses].failed > 0
        };
        let some = Digest([7; 32]);
        assert!(!fails(DirectoryRoot::EMPTY));
        assert!(fails(DirectoryRoot { root: some, ..DirectoryRoot::EMPTY }));
        assert!(fails(DirectoryRoot { vrf: some, ..DirectoryRoot::EMPTY }));
    }
}
