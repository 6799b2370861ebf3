//! Folding: a new image of everything, so that the overlay does not grow for ever.
//!
//! Readers and writers go on meanwhile. What is written is what one read transaction sees; who changes
//! after it stays in the overlay. The image is on disk before a commit names it, so a crash at any
//! instant leaves the old image with all changes, or the new one with those that came later.

use super::error::StoreError;
use super::image_writer::{Done, write_next};
use super::kept::Writer;
use super::meta;
use super::opening::open_image;
use super::options::Counts;
use super::storage::Storage;

/// Writes a new image with everything that changed, and lets readers see it. `done` is told of
/// people written and people in all.
pub(super) fn fold(storage: &Storage, done: Done<'_>) -> Result<Counts, StoreError> {
    let _folding = storage.folding();
    let txn = storage.read()?;
    let stamp = meta::commits(&txn)?;
    let (counts, name) = write_next(&txn, done)?;
    drop(txn);
    // What was written is read back and checked before a commit names it.
    let image = open_image(&storage.dir.path, name)?;
    let writer = Writer::wait(storage);
    writer.write(|txn| meta::put_image(txn, name, stamp))?;
    storage.replica.show(image, stamp);
    drop(writer);
    Ok(counts)
}

/// Waits for a fold that is under way, if so much has changed that writers must not run ahead of it.
pub(super) fn wait(storage: &Storage) {
    if storage.replica.is_far_ahead() {
        drop(storage.folding());
    }
}

/// Whether [`wait`] would have to wait now.
pub(super) fn is_behind(storage: &Storage) -> bool {
    storage.replica.is_far_ahead() && storage.is_folding()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use countersign_domain::settings::Settings;
    use countersign_domain::time::Timestamp;

    use crate::store::layout::image_path;
    use crate::store::{Folder, Import, People, StoreOptions};

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    #[test]
    fn an_earlier_image_that_cannot_be_removed_spoils_neither_fold_nor_import() {
        let dir = tempfile::tempdir().unwrap();
        let people = People::open(dir.path(), StoreOptions::default()).unwrap();
        people.enrol(["ada"], Settings::DEFAULT).unwrap();
        // No file that can be removed.
        std::fs::create_dir(image_path(dir.path(), 99)).unwrap();
        assert_eq!(people.fold(&mut |_, _| ()).unwrap().people, 1);
        assert_eq!(people.view().image().generation(), 2);
        let importer = people.importer();
        let import = Import::begin(&importer, NOW).unwrap();
        assert_eq!(import.commit(&mut |_, _| ()).unwrap().people, 1);
        drop(importer);
        assert_eq!(people.view().image().generation(), 3);
    }

    #[test]
    fn what_grows_beyond_its_bound_is_folded_in_the_background() {
        let dir = tempfile::tempdir().unwrap();
        let options = StoreOptions { fold_people: 8, ..StoreOptions::default() };
        let people = Arc::new(People::open(dir.path(), options).unwrap());
        let folder = Folder::start(Arc::clone(&people)).unwrap();
        for number in 0..40 {
            people.enrol([&*number.to_string()], Settings::DEFAULT).unwrap();
            people.wait_for_fold();
        }
        let begun = Instant::now();
        while people.storage.replica.is_fold_due() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never folds");
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(folder);
        assert!(people.view().image().people_count() > 8);
        assert_eq!(people.counts().people, 40);
        drop(people);
        let people = People::open(dir.path(), options).unwrap();
        assert_eq!(people.counts().people, 40);
    }
}
