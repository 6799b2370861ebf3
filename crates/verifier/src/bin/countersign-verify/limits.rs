//! How long a host may take: each file, and all of a check.
//!
//! A host that trickles bytes, or has no end of files, would otherwise hold a check for ever.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;

/// How long all of a check may take, unless its caller says otherwise: a day.
pub(crate) const CHECK_S: u64 = 86_400;

/// How long files of a URL may take.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Give up on a file that takes longer than this many seconds, all attempts together.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    file_timeout_s: u64,
    /// Give up if all files together take longer than this many seconds. Default: a day, and ten minutes for a round
    /// of `monitor`.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    deadline_s: Option<u64>,
}

impl Limits {
    /// How long a file may take.
    pub(crate) const fn file(&self) -> Duration {
        Duration::from_secs(self.file_timeout_s)
    }

    /// How long everything may take, if its caller does not say otherwise.
    pub(crate) fn whole(&self, default_s: u64) -> Duration {
        Duration::from_secs(self.deadline_s.unwrap_or(default_s))
    }
}

/// Until when files may be read.
#[derive(Clone, Debug)]
pub(crate) struct Deadline(Rc<Cell<Ends>>);

#[derive(Clone, Copy, Debug)]
struct Ends {
    at: Instant,
    after: Duration,
}

impl Deadline {
    /// So long from now.
    pub(crate) fn after(after: Duration) -> Self {
        Self(Rc::new(Cell::new(Ends { at: Instant::now() + after, after })))
    }

    /// Begins anew: so long from now.
    pub(crate) fn restart(&self, after: Duration) {
        self.0.set(Ends { at: Instant::now() + after, after });
    }

    /// How long there is still.
    ///
    /// # Errors
    /// Says that the time is over.
    pub(crate) fn left(&self) -> Result<Duration, String> {
        let Ends { at, after } = self.0.get();
        let left = at.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(format!(
                "the check took longer than its {} s and was ended; --deadline-s gives it more",
                after.as_secs()
            ));
        }
        Ok(left)
    }
}
