//! Compares the machine's clock with its uptime, so that a clock that jumps forward does not get into the log:
//! times there never run back, and after one entry from next year every act would be refused until then.
//!
//! ```text
//! stream/clock = "countersign clock 1" LF boot LF seconds LF
//! ```
//!
//! `seconds` is how far the clock has been ahead of the machine's uptime at most. It is kept so that a
//! restart alone does not make a jump good; after a start of the machine it says nothing.
//!
//! Non-goal: judging clocks. One that was wrong from the start, or goes wrong while the machine is off, is
//! accepted; the start reports how long ago the newest entry is.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use countersign_domain::time::Timestamp;

use crate::backend::{Backend, replace};
use crate::clock::Clock;

/// Where it is kept what was seen of the clock.
pub const CLOCK_FILE: &str = "stream/clock";

const VERSION_LINE: &str = "countersign clock 1";

/// The clock went forward at once, further than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the machine's clock says {found}, and by how long the machine has run it is {expected}: the clock was set forward, and nothing is dated by it until an operator has checked it; set it right, or, if it is right now, restart with `countersign serve --accept-clock`"
)]
pub struct ClockJump {
    /// The time that it should be.
    pub expected: Timestamp,
    /// The time that the clock says.
    pub found: Timestamp,
}

/// The machine's clock, watched.
pub(crate) struct ClockWatch {
    clock: Arc<dyn Clock>,
    backend: Arc<dyn Backend>,
    step_max_s: u64,
    boot: Option<String>,
    seen: Mutex<Seen>,
}

/// What was seen of the clock so far.
struct Seen {
    /// How many seconds the clock was ahead of the uptime at most when something was dated by it. It
    /// was right once to be so far ahead, so it may be again.
    furthest: Option<i64>,
    /// As much as is in the file.
    kept: Option<i64>,
    /// Before this the clock was not, as the log has it.
    floor: Timestamp,
    told_ahead: bool,
    told_behind: bool,
}

impl ClockWatch {
    /// Watches `clock` for a log that has `floor` as its earliest time. `accept` takes the clock as it
    /// stands, whatever was seen before.
    ///
    /// # Errors
    /// The file layer's own, and [`io::ErrorKind::InvalidData`], about [`CLOCK_FILE`].
    pub(crate) fn open(
        clock: Arc<dyn Clock>,
        backend: Arc<dyn Backend>,
        step_max_s: u64,
        accept: bool,
        floor: Timestamp,
    ) -> io::Result<Self> {
        let boot = clock.boot();
        let kept = read(&*backend, boot.as_deref())?;
        let furthest = kept.filter(|_| !accept);
        let seen = Seen { furthest, kept, floor, told_ahead: false, told_behind: false };
        let seen = Mutex::new(seen);
        let watch = Self { clock, backend, step_max_s, boot, seen };
        // A clock that stands before the log's newest entry is wrong, and says nothing of later ones.
        if let Ok(now) = watch.look()
            && now >= floor
        {
            watch.date_by(now);
        }
        Ok(watch)
    }

    /// The time by the machine's clock.
    ///
    /// # Errors
    /// [`ClockJump`] if it was set forward; it has been told then.
    pub(crate) fn look(&self) -> Result<Timestamp, ClockJump> {
        let found = self.clock.now();
        let mut seen = self.seen();
        let (Some(uptime_s), Some(furthest)) = (self.clock.uptime_s(), seen.furthest) else {
            return Ok(found);
        };
        if let Some(jump) = jump(found, uptime_s, furthest, self.step_max_s) {
            if !std::mem::replace(&mut seen.told_ahead, true) {
                tracing::error!("{jump}");
            }
            return Err(jump);
        }
        if std::mem::take(&mut seen.told_ahead) {
            tracing::info!(now = %found, "the clock was set back; entries are dated by it again");
        }
        Ok(found)
    }

    /// The time for the next entry: the clock's, but never one that the entries so far rule out.
    ///
    /// # Errors
    /// [`ClockJump`], as [`ClockWatch::look`].
    pub(crate) fn time(&self) -> Result<Timestamp, ClockJump> {
        let now = self.look()?;
        let floor = self.seen().floor;
        self.tell_behind(now, floor);
        if now >= floor {
            self.date_by(now);
        }
        Ok(now.max(floor))
    }

    /// What stands in the log has this as its earliest next time.
    pub(crate) fn appended(&self, floor: Timestamp) {
        self.seen().floor = floor;
    }

    /// The time by the machine's clock, whether it jumped or not.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn tell_behind(&self, now: Timestamp, floor: Timestamp) {
        let behind_s = floor.seconds().saturating_sub(now.seconds());
        let is_behind = behind_s > 1;
        if std::mem::replace(&mut self.seen().told_behind, is_behind) != is_behind {
            if is_behind {
                tracing::warn!(behind_s, newest = %floor, "the machine's clock stands before the newest entry: time in the log holds still until it has caught up");
            } else {
                tracing::info!("the machine's clock has caught up with the newest entry");
            }
        }
    }

    /// Something is about to be dated by the clock, which stands at `now`.
    fn date_by(&self, now: Timestamp) {
        let Some(uptime_s) = self.clock.uptime_s() else { return };
        let ahead = (now.seconds() as i64).saturating_sub_unsigned(uptime_s);
        let mut seen = self.seen();
        if seen.furthest.is_some_and(|furthest| ahead <= furthest) {
            return;
        }
        let was_set_back = seen.furthest.is_none() && seen.kept.is_some_and(|kept| ahead < kept);
        seen.furthest = Some(ahead);
        // Two clocks that both count seconds differ by one now and then.
        let is_kept = seen.kept.is_some_and(|kept| ahead <= kept + 1) && !was_set_back;
        let Some(boot) = self.boot.as_ref().filter(|_| !is_kept) else { return };
        let text = format!("{VERSION_LINE}\n{boot}\n{ahead}\n");
        match replace(&*self.backend, CLOCK_FILE, text.as_bytes()) {
            Ok(()) => seen.kept = Some(ahead),
            // It is for the next start; this process knows what it has seen.
            Err(error) => tracing::warn!(file = CLOCK_FILE, %error, "it could not be written"),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The jump, if the clock is further ahead of the uptime than it has been and may step at once.
fn jump(found: Timestamp, uptime_s: u64, furthest: i64, step_max_s: u64) -> Option<ClockJump> {
    let expected = Timestamp::from_seconds(uptime_s.saturating_add_signed(furthest));
    (found > expected.plus_seconds(step_max_s)).then_some(ClockJump { expected, found })
}

/// Whether `clock` was set forward since the log below the root of `backend` was dated by it last.
/// Nothing is changed.
///
/// # Errors
/// The file layer's own, and [`io::ErrorKind::InvalidData`], about `stream/clock`.
pub fn check_clock(
    clock: &dyn Clock,
    backend: &dyn Backend,
    step_max_s: u64,
) -> io::Result<Option<ClockJump>> {
    let kept = read(backend, clock.boot().as_deref())?;
    let known = kept.zip(clock.uptime_s());
    Ok(known.and_then(|(furthest, uptime_s)| jump(clock.now(), uptime_s, furthest, step_max_s)))
}

/// What is kept of this run of the machine.
fn read(backend: &dyn Backend, boot: Option<&str>) -> io::Result<Option<i64>> {
    match (boot, backend.read(CLOCK_FILE)?) {
        (Some(boot), Some(bytes)) => parse(&bytes, boot),
        _ => Ok(None),
    }
}

/// What the file says of this run of the machine.
fn parse(bytes: &[u8], boot: &str) -> io::Result<Option<i64>> {
    let unknown = || {
        let what = "it is not as this program writes it; remove it, and look whether the machine's clock is right before the next start";
        io::Error::new(io::ErrorKind::InvalidData, what)
    };
    let text = std::str::from_utf8(bytes).map_err(|_| unknown())?;
    let mut lines = text.lines();
    let (version, of, ahead) = (lines.next(), lines.next(), lines.next());
    let ahead = ahead.filter(|_| version == Some(VERSION_LINE) && text.ends_with('\n'));
    let ahead = ahead.and_then(|ahead| ahead.parse().ok()).ok_or_else(unknown)?;
    Ok((of == Some(boot)).then_some(ahead))
}
