//! Why a log would take no disclosure at this moment, for whoever watches it. A full disk is known only by writing:
//! once it has refused a write, one is tried.

use std::io;
use std::thread::JoinHandle;

use countersign_domain::time::Timestamp;

use crate::Log;
use crate::clock_watch::ClockJump;

/// Why no disclosure would be taken now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The log was shut down.
    #[error("the log is shut down")]
    Closed,
    /// The thread that appends has ended on its own.
    #[error("the log's sequencer has stopped; restart the server and report what it said")]
    SequencerGone,
    /// It is not known what is on the disk.
    #[error("an fdatasync of the log failed; check the disk, then restart")]
    Poisoned,
    /// The disk takes no writes.
    #[error(
        "the log's disk takes no writes ({kind}); make room on it: appending goes on by itself"
    )]
    Disk {
        /// What the file layer says.
        kind: io::ErrorKind,
    },
    /// The machine's clock was set forward. Acts are still taken, by the time that it should be.
    #[error(transparent)]
    Clock(#[from] ClockJump),
    /// What is durable has waited too long to be published. Acts are still taken.
    #[error(
        "nothing could be published since {since}; look for `the log was not published` in what the server says, and mend that: disclosing goes on by itself"
    )]
    Unpublished {
        /// The second in which the oldest entry that waits was made durable, or earlier.
        since: Timestamp,
    },
}

impl Log {
    /// Why no disclosure would be taken now; `None` if nothing is known to be wrong. After a write that the disk
    /// refused it waits for the disk.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let inner = self.inner();
        match inner.sequencer_has(JoinHandle::is_finished) {
            None => return Some(Trouble::Closed),
            Some(true) => return Some(Trouble::SequencerGone),
            Some(false) => {}
        }
        if inner.shared.counters.read().is_poisoned {
            return Some(Trouble::Poisoned);
        }
        if let Some(kind) = inner.shared.disk.trouble(&*inner.site) {
            return Some(Trouble::Disk { kind });
        }
        if let Err(jump) = inner.clock.look() {
            return Some(Trouble::Clock(jump));
        }
        let since = inner.shared.overdue_since(inner.clock.now(), inner.merge_delay_s)?;
        Some(Trouble::Unpublished { since })
    }

    /// The time by the machine's clock, for what is dated by it and is no entry: grants and tokens.
    ///
    /// # Errors
    /// [`ClockJump`] while the clock is not believed, because it was set forward.
    pub fn believed_now(&self) -> Result<Timestamp, ClockJump> {
        self.inner().clock.look()
    }

    /// The earliest time that the next entry can have: not before the newest one's, wherever the clock stands.
    ///
    /// # Errors
    /// [`ClockJump`], as [`Log::believed_now`].
    pub fn next_time(&self) -> Result<Timestamp, ClockJump> {
        self.inner().clock.time()
    }
}
