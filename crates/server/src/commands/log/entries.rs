//! The published entries of an instance's log, read from its site as outsiders read it.

use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::entry::Entry;
use countersign_protocol::note::NoteKey;
use countersign_protocol::site_path::{CHECKPOINT_BYTES_MAX, CHECKPOINT_PATH};
use countersign_protocol::tile::{TILE_WIDTH, TileKind, TileReader, path_in};
use countersign_service::instance::log;
use countersign_verifier::site::{FolderSite, Site as _, SiteTiles};

use crate::commands::Failure;
use crate::commands::instance_dir::InstanceDir;
use crate::config::Config;

/// The entries of a published checkpoint.
pub(super) struct Entries {
    site: FolderSite,
    /// How many there are.
    pub(super) size: u64,
}

impl Entries {
    /// Those of the instance in this folder. A running server is not disturbed.
    pub(super) fn open(instance: &InstanceDir) -> Result<Self, Failure> {
        let directory = instance.data_dir()?;
        let config = Config::read(&directory.config())?;
        let key: NoteKey = log::key(&directory, config.origin())?.parse()?;
        let site = FolderSite::new(&directory.site());
        let bytes = site.read(CHECKPOINT_PATH, CHECKPOINT_BYTES_MAX)?;
        let bytes = bytes.ok_or("nothing of the log is published yet: start the server")?;
        let size = Checkpoint::open(&bytes, config.origin(), &key)?.size;
        Ok(Self { site, size })
    }

    /// The entry of this index.
    pub(super) fn entry(&self, index: u64) -> Result<Entry, Failure> {
        if index >= self.size {
            let size = self.size;
            return Err(format!(
                "entry {index} is not published: the log has {size} published entries, from 0 on; a new one is published within a second or so"
            )
            .into());
        }
        let reader = TileReader::new(SiteTiles(&self.site), self.size);
        Ok(Entry::parse(&reader.entry(index)?)?)
    }

    /// Shows entries from before `before` on, the newest first, until `show` has seen enough.
    pub(super) fn newest_first(
        &self,
        before: u64,
        mut show: impl FnMut(u64, Entry) -> bool,
    ) -> Result<(), Failure> {
        let reader = TileReader::new(SiteTiles(&self.site), self.size);
        let before = before.min(self.size);
        for bundle in (0..before.div_ceil(TILE_WIDTH)).rev() {
            let Some(path) = path_in(TileKind::Entries, bundle, self.size) else { continue };
            let numbered = reader.bundle(path)?.into_iter().zip(bundle * TILE_WIDTH..);
            let mut wanted: Vec<_> = numbered.filter(|(_, index)| *index < before).collect();
            while let Some((bytes, index)) = wanted.pop() {
                if !show(index, Entry::parse(&bytes)?) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}
