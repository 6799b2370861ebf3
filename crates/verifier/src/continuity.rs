//! Whether a log goes on from where an earlier check left it, and whether what was read since is what its
//! checkpoint signs.
//!
//! What is told apart here matters for what is remembered. Two checkpoints that belong to no one tree, and a
//! signed root that is not that of the files although all of them agree, are lies under the log's own signature and
//! stay lies. A file that is missing or broken has nobody's signature, and may be mended.

use countersign_domain::digest::Digest;

use crate::log_check::Seen;
use crate::merkle::{ProveError, prove_consistency, verify_consistency};
use crate::pass::Pass;
use crate::site::{Site, SiteError, SiteTiles};
use crate::tile::{TileError, TileReader};
use crate::verdict::{Place, Rule, Verdict};

/// The rules about files that carry no signature of their own.
const OF_FILES: [Rule; 3] = [Rule::HashTile, Rule::EntryBundle, Rule::Document];

/// What came of a pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Continuity {
    /// Everything up to the checkpoint was read, and is what the checkpoint signs.
    Whole,
    /// This rule was broken under the log's own signature.
    Lie(Rule),
    /// Something could not be read as it should be.
    Unread,
}

/// Reads what is new, and says how it goes with what was kept.
///
/// # Errors
/// [`SiteError`] when a file cannot be read.
pub(crate) fn check<S: Site + ?Sized>(
    site: &S,
    pass: &mut Pass<'_, S>,
    verdict: &mut Verdict,
    watch: &mut dyn FnMut(&Seen<'_>),
) -> Result<Continuity, SiteError> {
    let edge = &pass.progress.edge;
    let (kept, kept_root) = (edge.size(), edge.root());
    let (size, root) = (pass.checkpoint.size, pass.checkpoint.root);
    if kept > 0 && !check_not_shrunk(kept, size, verdict) {
        // An older checkpoint is one that the log may have signed: nothing is shown by it but that it is old.
        return Ok(Continuity::Unread);
    }
    if kept == size && kept > 0 {
        let holds = check_same(kept, (kept_root, root), verdict);
        return Ok(if holds { Continuity::Whole } else { Continuity::Lie(Rule::Consistency) });
    }
    pass.run(verdict, watch)?;
    let whole = pass.progress.edge.size() == size && pass.progress.edge.root() == root;
    let files_hold = OF_FILES.iter().all(|rule| verdict.failed(*rule) == 0);
    if kept > 0 && !whole {
        if let Some(conflict) = check_consistency(site, (kept, kept_root), (size, root), verdict)? {
            return Ok(conflict);
        }
    } else if kept > 0 {
        // The tree that was kept, with what was read since behind it, has the signed root.
        verdict.check(Rule::Consistency, Place::WHOLE, true, Default::default);
    }
    Ok(match (whole, files_hold) {
        (true, true) if verdict.failed(Rule::Consistency) == 0 => Continuity::Whole,
        // Only a checkpoint that the caller brought can be inconsistent with a tree that was read whole.
        (true, true) => Continuity::Lie(Rule::Consistency),
        (true, false) => Continuity::Unread,
        (false, _) if pass.progress.edge.size() == size && files_hold => {
            Continuity::Lie(Rule::Root)
        }
        (false, _) => Continuity::Unread,
    })
}

/// Notes whether a log has at least as many entries as it had.
pub(crate) fn check_not_shrunk(kept: u64, found: u64, verdict: &mut Verdict) -> bool {
    verdict.check(Rule::NotShrunk, Place::WHOLE, found >= kept, || {
        (format!("{found} entries"), format!("at least {kept}, as before"))
    })
}

fn check_same(size: u64, (kept, root): ([u8; 32], [u8; 32]), verdict: &mut Verdict) -> bool {
    let holds = verdict.check(Rule::Consistency, Place::WHOLE, kept == root, || {
        let of = |root| format!("{size} entries under {}", Digest(root));
        (of(root), of(kept))
    });
    if holds {
        // It was computed from the entries when they were read.
        verdict.check(Rule::Root, Place::WHOLE, true, Default::default);
    }
    holds
}

/// Asks the published tiles for a proof that one tree goes on from the other, where the entries do not show it:
/// a log with a broken file is another thing than a log with two histories.
fn check_consistency<S: Site + ?Sized>(
    site: &S,
    (kept, kept_root): (u64, [u8; 32]),
    (size, root): (u64, [u8; 32]),
    verdict: &mut Verdict,
) -> Result<Option<Continuity>, SiteError> {
    let tiles = TileReader::new(SiteTiles(site), size);
    let (found, conflict) = match prove_consistency(&tiles, kept, size) {
        Ok(proof) => match verify_consistency(kept, size, &kept_root, &root, &proof) {
            Ok(()) => {
                verdict.check(Rule::Consistency, Place::WHOLE, true, Default::default);
                return Ok(None);
            }
            Err(error) => (error.to_string(), Continuity::Lie(Rule::Consistency)),
        },
        Err(ProveError::Read(TileError::Source { error, .. }))
            if matches!(error, SiteError::Unreadable { .. }) =>
        {
            return Err(error);
        }
        Err(error) => (error.to_string(), Continuity::Unread),
    };
    verdict.check(Rule::Consistency, Place::WHOLE, false, || {
        let expected =
            format!("a tree that begins with the {kept} entries under {}", Digest(kept_root));
        (format!("{size} entries under {}: {found}", Digest(root)), expected)
    });
    Ok(Some(conflict))
}
