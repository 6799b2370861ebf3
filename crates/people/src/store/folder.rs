//! The thread that folds a store: it waits until a new image is due, and writes it.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use super::lmdb::People;

/// How long after a fold that failed, on a full disk for one, the next one is tried.
const PAUSE: Duration = Duration::from_secs(60);

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
        people.storage.replica.bell.stop(false);
        // What an earlier process left may be due already.
        people.storage.replica.bell.ring();
        let folded = Arc::clone(&people);
        let thread =
            std::thread::Builder::new().name("fold".to_owned()).spawn(move || run(&folded))?;
        Ok(Self { people, thread: Some(thread) })
    }
}

fn run(people: &People) {
    while people.storage.replica.bell.wait() {
        while people.storage.replica.is_fold_due() {
            match people.fold(&mut |_, _| ()) {
                Ok(counts) => tracing::info!(people = counts.people, "a new image was written"),
                Err(error) => {
                    tracing::error!(%error, "no new image could be written; the old one still serves");
                    if !people.storage.replica.bell.pause(PAUSE) {
                        return;
                    }
                }
            }
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.people.storage.replica.bell.stop(true);
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
