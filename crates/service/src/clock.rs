//! What time it is. Only the outermost edge asks; everything below takes a [`Timestamp`].

use std::time::{SystemTime, UNIX_EPOCH};

use countersign_domain::time::Timestamp;
use countersign_log::clock::Clock;

/// The current second by the system's clock; the beginning of 1970 if the clock stands before it.
#[expect(clippy::disallowed_methods, reason = "the one place of this program that asks the clock")]
#[must_use]
pub fn now() -> Timestamp {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_seconds(since_1970.as_secs())
}

/// The clock of this machine with what nobody can set: how long the machine has run.
#[derive(Clone, Copy, Debug)]
pub struct MachineClock;

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        now()
    }

    #[cfg(target_os = "linux")]
    fn uptime_s(&self) -> Option<u64> {
        use rustix::time::{ClockId, clock_gettime};
        // It goes on while the machine sleeps, as the clock does that people set.
        u64::try_from(clock_gettime(ClockId::Boottime).tv_sec).ok()
    }

    #[cfg(target_os = "linux")]
    fn boot(&self) -> Option<String> {
        let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
        Some(id.trim().to_owned()).filter(|id| !id.is_empty())
    }
}
