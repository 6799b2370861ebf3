//! Whether a log goes on from where an earlier check left it, and whether what was read since is what its
//! checkpoint signs.
//!
//! What is told apart here matters for what is remembered. Two checkpoints that belong to no one tree, and a
//! signed root that is not that of the files although all of them agree, are lies under the log's own signature and
//! stay lies. A file that is missing or broken has nobody's signature, and may be mended.

use countersign_domain::digest::Digest;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::merkle::{Hash, ProveError, prove_consistency, verify_consistency};
use countersign_protocol::tile::{TileError, TileReader};

use crate::log_check::Seen;
use crate::pass::Pass;
use crate::site::{Site, SiteError, SiteTiles};
use crate::verdict::{Place, Rule, Verdict};

/// The rules about files that carry no signature of their own.
pub(crate) const OF_FILES: [Rule; 3] = [Rule::HashTile, Rule::EntryBundle, Rule::Document];

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
    let (kept, kept_root) = pass.kept();
    let (size, root) = (pass.checkpoint.size, pass.checkpoint.root);
    if kept > 0 && !check_not_shrunk(kept, size, verdict) {
        // An older checkpoint is one that the log may have signed: nothing is shown by it but that it is old.
        return Ok(Continuity::Unread);
    }
    if kept == size && kept > 0 {
        if !check_same(kept, (kept_root, root), verdict) {
            return Ok(Continuity::Lie(Rule::Consistency));
        }
        if pass.known == size {
            // It was computed from the entries when they were read.
            verdict.check(Rule::Root, Place::WHOLE, true, Default::default);
            return Ok(Continuity::Whole);
        }
        pass.goes_on = true;
    } else if kept > 0
        && let Some(conflict) = go_on(site, pass, (kept, kept_root), verdict, watch)?
    {
        return Ok(conflict);
    }
    if kept == 0 || kept == size {
        pass.run(verdict, watch)?;
    }
    let files_hold = OF_FILES.iter().all(|rule| verdict.failed(*rule) == 0);
    Ok(match (pass.is_whole(), files_hold) {
        (true, true) if verdict.failed(Rule::Consistency) == 0 => Continuity::Whole,
        // Only a checkpoint that the caller brought can be inconsistent with a tree that was read whole.
        (true, true) => Continuity::Lie(Rule::Consistency),
        (false, true) if pass.progress.edge.size() == size => Continuity::Lie(Rule::Root),
        _ => Continuity::Unread,
    })
}

/// Reads what is new behind a tree that was kept, and says so if that is no beginning of the one that is signed now.
fn go_on<S: Site + ?Sized>(
    site: &S,
    pass: &mut Pass<'_, S>,
    (kept, kept_root): (u64, Hash),
    verdict: &mut Verdict,
    watch: &mut dyn FnMut(&Seen<'_>),
) -> Result<Option<Continuity>, SiteError> {
    let proof = prove(site, (kept, kept_root), pass.checkpoint)?;
    pass.goes_on |= proof.is_ok();
    let before = (pass.progress.clone(), verdict.clone());
    pass.run(verdict, watch)?;
    // Two ways show it: a proof out of the published tiles, and the tree that was kept with the new entries behind
    // it having the signed root. One is enough, since no two trees have one root.
    let shown = proof.is_ok() || pass.is_whole();
    let Some((found, conflict)) = proof.err().filter(|_| !shown) else {
        verdict.check(Rule::Consistency, Place::WHOLE, true, Default::default);
        return Ok(None);
    };
    if conflict != Continuity::Unread {
        // What of another history does not fit the tree that was kept is no news.
        (pass.progress, *verdict) = before;
    }
    let Checkpoint { size, root, .. } = pass.checkpoint;
    let why = format!("whether the log goes on from the {kept} entries of before: {found}");
    let otherwise = || {
        let expected =
            format!("a tree that begins with the {kept} entries under {}", Digest(kept_root));
        (format!("{size} entries under {}: {found}", Digest(*root)), expected)
    };
    let (rule, place) = (Rule::Consistency, Place::WHOLE);
    match conflict {
        Continuity::Unread => verdict.check_brought(rule, place, false, otherwise, || why),
        Continuity::Whole | Continuity::Lie(_) => verdict.check(rule, place, false, otherwise),
    };
    Ok(Some(conflict))
}

/// Notes whether a log has at least as many entries as it had.
pub(crate) fn check_not_shrunk(kept: u64, found: u64, verdict: &mut Verdict) -> bool {
    let until = format!("its {found} entries");
    verdict.check_reaches(Rule::NotShrunk, Place::WHOLE, found >= kept, until, || {
        (format!("{found} entries"), format!("at least {kept}, as before"))
    })
}

fn check_same(size: u64, (kept, root): (Hash, Hash), verdict: &mut Verdict) -> bool {
    verdict.check(Rule::Consistency, Place::WHOLE, kept == root, || {
        let of = |root| format!("{size} entries under {}", Digest(root));
        (of(root), of(kept))
    })
}

/// Asks the published tiles for a proof that the tree goes on from the one that was kept; otherwise says why
/// there is none, and what that shows. They are tiles that have to be read for the new entries anyway.
fn prove<S: Site + ?Sized>(
    site: &S,
    (kept, kept_root): (u64, Hash),
    signed: &Checkpoint,
) -> Result<Result<(), (String, Continuity)>, SiteError> {
    let tiles = TileReader::new(SiteTiles(site), signed.size);
    Ok(match prove_consistency(&tiles, kept, signed.size) {
        Ok(proof) => verify_consistency(kept, signed.size, &kept_root, &signed.root, &proof)
            .map_err(|error| (error.to_string(), Continuity::Lie(Rule::Consistency))),
        Err(ProveError::Read(TileError::Source {
            error: error @ SiteError::Unreadable { .. },
            ..
        })) => return Err(error),
        Err(error) => Err((error.to_string(), Continuity::Unread)),
    })
}
