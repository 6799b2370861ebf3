//! The age of the newest entry that was verified, by a clock that runs beside the rounds: a host that draws a round out
//! does not draw the alarm out with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use countersign_domain::time::Timestamp;

use super::alert;
use crate::{CannotSay, report};

/// What an alarm about age is about; one of them is not raised twice in a row.
pub(super) const AGE: &str = "age";

/// How often the clock is looked at.
const POLL: Duration = Duration::from_millis(100);

/// What rounds and clock share.
#[derive(Clone)]
pub(super) struct Watch(Arc<Mutex<Watched>>);

struct Watched {
    /// When watching began, which counts until something newer was verified.
    began: Timestamp,
    /// The newest entry that was verified.
    newest: Option<Timestamp>,
    /// What the last alarm was about, until all is well again: one about age does not end one about a lie.
    alerted: Option<String>,
    alerted_of_age: bool,
}

impl Watch {
    pub(super) fn new(began: Timestamp, newest: Option<Timestamp>) -> Self {
        Self(Arc::new(Mutex::new(Watched { began, newest, alerted: None, alerted_of_age: false })))
    }

    /// An entry of this time was verified.
    pub(super) fn verified(&self, newest: Option<Timestamp>) {
        let mut watched = self.watched();
        watched.newest = watched.newest.max(newest);
    }

    /// The newest entry that was verified.
    pub(super) fn newest(&self) -> Option<Timestamp> {
        self.watched().newest
    }

    /// Whether nothing was verified that is not older than so many seconds. Who only began to watch has as long for
    /// it, unless this was the last round.
    pub(super) fn is_too_old(&self, now: Timestamp, age_s: u64, is_last: bool) -> bool {
        let Watched { began, newest, .. } = *self.watched();
        let counts = newest.max((!is_last).then_some(began));
        counts.is_none_or(|counts| counts.plus_seconds(age_s) < now)
    }

    /// Whether an alarm about this is a new one; from then on it is not.
    pub(super) fn is_new(&self, subject: &str) -> bool {
        let mut watched = self.watched();
        if subject == AGE {
            return !std::mem::replace(&mut watched.alerted_of_age, true);
        }
        watched.alerted.replace(subject.to_owned()).as_deref() != Some(subject)
    }

    /// All is well: the next alarm is a new one.
    pub(super) fn all_is_well(&self) {
        let mut watched = self.watched();
        (watched.alerted, watched.alerted_of_age) = (None, false);
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the command of an alarm about age gets.
pub(super) fn alert_text(newest: Option<Timestamp>, error: &str) -> String {
    serde_json::json!({"holds": null, "error": error, "newest_verified": newest}).to_string()
}

/// The clock, which runs while this lives.
pub(super) struct AgeClock {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl AgeClock {
    /// Raises an alarm when the newest entry that was verified is older than so many seconds.
    pub(super) fn start(
        watch: Watch,
        age_s: u64,
        command: Option<String>,
        clock: fn() -> Timestamp,
    ) -> Result<Self, CannotSay> {
        let stop = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stop);
        let run = move || {
            while !is_stopped.load(Ordering::Relaxed) {
                if watch.is_too_old(clock(), age_s, false) && watch.is_new(AGE) {
                    raise(watch.newest(), command.as_deref());
                }
                std::thread::sleep(POLL);
            }
        };
        let thread = std::thread::Builder::new().name("age".to_owned()).spawn(run);
        let thread = thread.map_err(|error| CannotSay(format!("no thread can begin: {error}")))?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for AgeClock {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so already.
            let _ = thread.join();
        }
    }
}

fn raise(newest: Option<Timestamp>, command: Option<&str>) {
    let since =
        newest.map_or_else(|| "nothing".to_owned(), |newest| format!("nothing after {newest}"));
    let error = format!("{since} was verified, and no round has ended since that says why");
    report::aside(&error);
    if let Some(command) = command {
        alert::run(command, &alert_text(newest, &error));
    }
}
