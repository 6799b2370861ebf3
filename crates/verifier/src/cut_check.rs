//! A check that was cut off, because a file could not be read or its time was over: what had been read by then, which
//! counts as far as it is proved to be the beginning of the tree that the log signed.
//!
//! ```text
//! entries read, bundle by bundle → the edge of their tree ─ consistency proof, from the tiles → the signed root
//! ```
//!
//! So a host that stops in the middle, again and again, keeps nobody from coming to the end; and what it gave that is
//! under no signature of the log is forgotten.

use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::merkle::{prove_consistency, verify_consistency};
use countersign_protocol::tile::TileReader;

use crate::continuity::OF_FILES;
use crate::pass::Pass;
use crate::site::{Site, SiteError, SiteTiles};
use crate::state::{Progress, State};
use crate::verdict::{Rule, Verdict};

/// A check that was cut off.
#[derive(Debug)]
pub struct CutCheck {
    /// What could not be read.
    pub error: SiteError,
    /// The checkpoint under which it was to be checked.
    pub checkpoint: Checkpoint,
    note: String,
    before: State,
    /// What was read, with what was found of it; nothing if that is not more than before.
    read: Option<(Progress, Verdict)>,
}

/// What is kept of a check that was cut off.
#[derive(Debug)]
pub struct PrefixCheck {
    /// What was found of the entries that are proved.
    pub verdict: Verdict,
    /// From where the next check goes on.
    pub state: State,
}

impl CutCheck {
    pub(crate) fn new<S: Site + ?Sized>(
        error: SiteError,
        pass: Pass<'_, S>,
        note: String,
        before: State,
    ) -> Self {
        let checkpoint = pass.checkpoint.clone();
        let Pass { progress, reached, goes_on, .. } = pass;
        let holds = |verdict: &Verdict| {
            let mut of_tree = OF_FILES.iter().chain(&[Rule::Consistency, Rule::Witnesses]);
            of_tree.all(|rule| verdict.failed(*rule) == 0)
        };
        let reached = reached.filter(|verdict| goes_on && holds(verdict));
        let read = reached.map(|verdict| (progress, verdict));
        let read = read.filter(|(progress, _)| progress.edge.size() > before.size());
        Self { error, checkpoint, note, before, read }
    }

    /// Proves what was read to be the beginning of the signed tree, which takes a few more tiles; nothing if no more
    /// was read than before, or it cannot be proved.
    pub fn prove<S: Site + ?Sized>(self, site: &S) -> Option<PrefixCheck> {
        let Self { error, checkpoint, note, before, read } = self;
        let (progress, mut verdict) = read?;
        let (read, root) = (progress.edge.size(), progress.edge.root());
        let tiles = TileReader::new(SiteTiles(site), checkpoint.size);
        let proof = prove_consistency(&tiles, read, checkpoint.size).ok()?;
        verify_consistency(read, checkpoint.size, &root, &checkpoint.root, &proof).ok()?;
        verdict.newest = Some(progress.chronology.newest());
        verdict.notice(
            None,
            format!("the check was cut off after {read} of {} entries: {error}", checkpoint.size),
        );
        let state = before.advanced_to(progress, (checkpoint, note), proof, &verdict);
        Some(PrefixCheck { verdict, state })
    }
}
