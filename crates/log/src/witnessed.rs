//! A log as its witnesses' side has to do with it: what is published, what of that they cosigned, and
//! who waits for them.

use std::io;
use std::sync::Arc;

use countersign_domain::time::Timestamp;
use countersign_protocol::merkle::{Hash, ProveError, prove_consistency};
use countersign_protocol::tile::{TileError, TilePath, TileReader, TileSource};
use countersign_protocol::witness_policy::{Policy, Quorum};
use tokio::sync::watch;

use crate::Log;
use crate::backend::Backend;
use crate::publish::tile_path;
use crate::witness::front::{FrontError, Published};

/// Why a consistency proof cannot be made.
pub type ProofError = ProveError<TileError<io::Error>>;

/// The published tiles.
pub(crate) struct SiteTiles<'a>(pub(crate) &'a dyn Backend);

impl TileSource for SiteTiles<'_> {
    type Error = io::Error;

    fn tile(&self, path: &TilePath) -> io::Result<Vec<u8>> {
        let found = self.0.read(&tile_path(path))?;
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl Log {
    /// The newest published checkpoint, and each one that follows it.
    #[must_use]
    pub fn published(&self) -> watch::Receiver<Option<Arc<Published>>> {
        self.inner().front.published()
    }

    /// Proves from the published tiles that the tree of `size` entries, which is published, continues that
    /// of its first `from`.
    ///
    /// # Errors
    /// [`ProofError`] if `from` is 0 or above `size`, or a tile cannot be read.
    pub fn consistency(&self, from: u64, size: u64) -> Result<Vec<Hash>, ProofError> {
        prove_consistency(&TileReader::new(SiteTiles(&*self.inner().site), size), from, size)
    }

    /// Takes the note of a checkpoint that was published, with cosignatures of the policy's witnesses beside
    /// the log's signature: it is put in the place of the published one while that is the very same, and
    /// kept and archived if the quorum is met.
    ///
    /// # Errors
    /// [`FrontError`]; with the note itself, before anything is written.
    pub fn cosigned(
        &self,
        note: &[u8],
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Quorum, FrontError> {
        self.inner().front.cosigned(note, policy, now)
    }

    /// Waits until the quorum has cosigned a published checkpoint that has the entry of this index: for ever,
    /// while it is not met.
    pub async fn wait_witnessed(&self, index: u64) {
        self.inner().front.wait_witnessed(index).await;
    }

    /// How many answers wait for witnesses, and each other number that follows.
    #[must_use]
    pub fn waiting_for_witnesses(&self) -> watch::Receiver<usize> {
        self.inner().front.waiting()
    }

    /// The size of the newest checkpoint that met the quorum since the log was opened; 0 before the first.
    #[must_use]
    pub fn witnessed_size(&self) -> u64 {
        self.inner().front.witnessed_size()
    }
}
