//! Folding: a new image of everything, so that the overlay does not grow for ever.
//!
//! Readers and writers go on meanwhile. What is written is what one read transaction sees; who changes
//! after it stays in the overlay. The image is on disk before a commit names it, so a crash at any
//! instant leaves the old image with all changes, or the new one with those that came later.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::error::StoreError;
use super::image::ImageName;
use super::image_writer::{Done, ImageWriter};
use super::lmdb::{Counts, People};
use super::opening::{image_path, open_image};

/// How long after a fold that failed, on a full disk for one, the next one is tried.
const PAUSE: Duration = Duration::from_secs(60);

impl People {
    /// Writes a new image with everything that changed, and lets readers see it. `done` is told of
    /// people written and people in all.
    ///
    /// # Errors
    /// [`StoreError`]; then the image is as it was.
    pub fn fold(&self, done: Done<'_>) -> Result<Counts, StoreError> {
        let _folding = self.folding();
        let (counts, name, stamp) = self.write_image(done)?;
        // What was written is read back and checked before a commit names it.
        let image = open_image(&self.dir, name)?;
        let writer = self.writer();
        writer.write(|databases, txn| databases.put_image(txn, name, stamp))?;
        self.show(image, stamp);
        drop(writer);
        Ok(counts)
    }

    /// Waits for a fold that is under way, if so much has changed that writers must not run ahead of it.
    pub fn wait_for_fold(&self) {
        if self.is_far_ahead() {
            drop(self.folding());
        }
    }

    /// Whether [`People::wait_for_fold`] would have to wait now.
    #[must_use]
    pub fn is_fold_behind(&self) -> bool {
        self.is_far_ahead() && self.is_folding()
    }

    fn is_far_ahead(&self) -> bool {
        let view = self.view();
        view.changed_count() / 2 > self.options.fold_people
            || view.changed_bytes() / 2 > self.options.fold_bytes
    }

    /// The image of the next generation, of what a read transaction sees: with its last commit.
    pub(super) fn write_image(
        &self,
        done: Done<'_>,
    ) -> Result<(Counts, ImageName, u64), StoreError> {
        let txn = self.read()?;
        let (options, databases) = (self.options, txn.databases);
        let generation = databases.image(&txn).map_err(|e| self.failed(e))?.generation + 1;
        let stamp = databases.commits(&txn).map_err(|e| self.failed(e))?;
        let written =
            ImageWriter { dir: &self.dir, options, databases }.write(&txn, generation, done);
        if written.is_err() {
            // A part of an image takes room that its end did not find; what stays is overwritten later.
            let _ = std::fs::remove_file(image_path(&self.dir, generation));
        }
        let (counts, name) = written?;
        Ok((counts, name, stamp))
    }

    /// Whether so much has changed that a new image is due.
    pub(super) fn is_fold_due(&self) -> bool {
        let view = self.view();
        view.changed_count() > self.options.fold_people
            || view.changed_bytes() > self.options.fold_bytes
    }
}

/// Tells the folder that there may be something to do.
#[derive(Default)]
pub(super) struct Bell {
    state: Mutex<Rung>,
    rung: Condvar,
}

#[derive(Default, Clone, Copy)]
struct Rung {
    due: bool,
    stop: bool,
}

impl Bell {
    pub(super) fn ring(&self) {
        self.state().due = true;
        self.rung.notify_all();
    }

    fn stop(&self, stop: bool) {
        self.state().stop = stop;
        self.rung.notify_all();
    }

    /// Waits until it is rung; whether to go on.
    fn wait(&self) -> bool {
        let idle = |rung: &mut Rung| !rung.due && !rung.stop;
        let mut rung =
            self.rung.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        rung.due = false;
        !rung.stop
    }

    /// Waits before another try; whether to go on.
    fn pause(&self) -> bool {
        let waited = self.rung.wait_timeout_while(self.state(), PAUSE, |rung| !rung.stop);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stop
    }

    fn state(&self) -> MutexGuard<'_, Rung> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread that folds a store whenever it is due. Dropped, it ends the fold that is under way first.
pub struct Folder {
    people: Arc<People>,
    thread: Option<JoinHandle<()>>,
}

impl Folder {
    /// Starts the thread.
    ///
    /// # Errors
    /// What the system says when it has no thread to give.
    pub fn start(people: Arc<People>) -> std::io::Result<Self> {
        people.bell.stop(false);
        // What an earlier process left may be due already.
        people.bell.ring();
        let folded = Arc::clone(&people);
        let thread =
            std::thread::Builder::new().name("fold".to_owned()).spawn(move || run(&folded))?;
        Ok(Self { people, thread: Some(thread) })
    }
}

fn run(people: &People) {
    while people.bell.wait() {
        while people.is_fold_due() {
            match people.fold(&mut |_, _| ()) {
                Ok(counts) => tracing::info!(people = counts.people, "a new image was written"),
                Err(error) => {
                    tracing::error!(%error, "no new image could be written; the old one still serves");
                    if !people.bell.pause() {
                        return;
                    }
                }
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.people.bell.stop(true);
        if let Some(thread) = self.thread.take() {
            // A fold that panicked has left the old image, and has said so.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Folder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Folder").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use countersign_domain::settings::Settings;
    use countersign_domain::time::Timestamp;

    use super::*;
    use crate::store::StoreOptions;

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
        assert_eq!(
            people.importer().import(NOW).unwrap().commit(&mut |_, _| ()).unwrap().people,
            1
        );
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
        while people.is_fold_due() {
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
