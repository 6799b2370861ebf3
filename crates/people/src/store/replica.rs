//! What readers see, and how it changes: another view after each commit.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::bell::Bell;
use super::databases::{Txn, number};
use super::error::StoreError;
use super::image::Image;
use super::opening::remove_other_images;
use super::overlay::Changed;
use super::store_dir::StoreDir;
use super::view::View;

/// The people as readers see them.
pub(super) struct Replica {
    dir: Arc<StoreDir>,
    view: ArcSwap<View>,
    /// Rung when there is so much over the image that a new one is due.
    pub(super) bell: Bell,
}

impl Replica {
    /// Of an image, with nobody changed.
    pub(super) fn new(dir: &Arc<StoreDir>, image: Image) -> Self {
        let view = ArcSwap::from_pointee(View::new(image));
        Self { dir: Arc::clone(dir), view, bell: Bell::default() }
    }

    /// What readers see now.
    pub(super) fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Lets readers see another image, once its generation is committed, which holds everything until
    /// this commit of changes. The caller has the turn to write.
    pub(super) fn show(&self, image: Image, stamp: u64) {
        let generation = image.generation();
        self.view.store(Arc::new(self.view().folded(image, stamp)));
        // What was to be done is done, and durable; a leftover takes room until the next image or start.
        if let Err(error) = remove_other_images(&self.dir.path, generation) {
            tracing::warn!(%error, "the new image serves; an earlier one could not be removed and takes room");
        }
    }

    /// Lets readers see people as they are now. The caller has the turn to write.
    pub(super) fn show_changed(&self, changed: Vec<(u32, Arc<Changed>)>) {
        self.view.store(Arc::new(self.view().with(changed)));
        if self.is_fold_due() {
            self.bell.ring();
        }
    }

    /// Lets readers see everybody whom the image does not have as they are.
    pub(super) fn show_all_changed(&self, txn: &impl Txn) -> Result<(), StoreError> {
        let mut changed = Vec::new();
        for entry in txn.tables().changed.iter(txn)? {
            let (person, stamp) = entry?;
            changed.push((person, changed_person(txn, person, number(stamp))?));
        }
        self.show_changed(changed);
        Ok(())
    }

    /// Whether so much has changed that a new image is due.
    pub(super) fn is_fold_due(&self) -> bool {
        let view = self.view();
        view.changed_count() > self.dir.options.fold_people
            || view.changed_bytes() > self.dir.options.fold_bytes
    }

    /// Whether so much has changed that writers must not run ahead of a new image.
    pub(super) fn is_far_ahead(&self) -> bool {
        let view = self.view();
        view.changed_count() / 2 > self.dir.options.fold_people
            || view.changed_bytes() / 2 > self.dir.options.fold_bytes
    }
}

/// A person as a transaction sees them, for the overlay.
pub(super) fn changed_person(
    txn: &impl Txn,
    number: u32,
    stamp: u64,
) -> Result<Arc<Changed>, StoreError> {
    let damaged = || txn.damaged("a person");
    let record = txn.tables().people.get(txn, &number)?.ok_or_else(damaged)?;
    let friends = txn.tables().friends.get(txn, &number)?.unwrap_or_default();
    Changed::new(record, friends, stamp).map(Arc::new).ok_or_else(damaged)
}
