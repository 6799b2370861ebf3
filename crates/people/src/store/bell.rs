//! Tells the thread that folds that there may be something to do.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What wakes the thread that folds.
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

    pub(super) fn stop(&self, stop: bool) {
        self.state().stop = stop;
        self.rung.notify_all();
    }

    /// Waits until it is rung; whether to go on.
    pub(super) fn wait(&self) -> bool {
        let idle = |rung: &mut Rung| !rung.due && !rung.stop;
        let mut rung =
            self.rung.wait_while(self.state(), idle).unwrap_or_else(PoisonError::into_inner);
        rung.due = false;
        !rung.stop
    }

    /// Waits before another try; whether to go on.
    pub(super) fn pause(&self, pause: Duration) -> bool {
        let waited = self.rung.wait_timeout_while(self.state(), pause, |rung| !rung.stop);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stop
    }

    fn state(&self) -> MutexGuard<'_, Rung> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
