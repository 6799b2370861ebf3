//! Waiting until a log has published an entry, which takes it a second or two.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use clap::Args;
use countersign_domain::time::Timestamp;
use countersign_verifier::log_check::{Question, covered};

use crate::CannotSay;
use crate::source::Source;

/// How often the log is asked.
const ASK: Duration = Duration::from_secs(1);

/// How long to wait for an entry.
#[derive(Args, Clone, Copy)]
pub(crate) struct Wait {
    /// Wait until the log has published the entry, and for at most this many seconds. Under a policy its witnesses
    /// have to have cosigned it too.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60")]
    wait: Option<u64>,
}

impl Wait {
    /// Waits for the entry at this index, if it was asked for and the receipt names one; what time it is then.
    pub(crate) fn until_published(
        self,
        source: &Source,
        question: &Question<'_>,
        index: Option<u64>,
    ) -> Result<Timestamp, CannotSay> {
        let began = Instant::now();
        let (Some(wait_s), Some(index)) = (self.wait, index) else { return Ok(question.now) };
        let wait = Duration::from_secs(wait_s);
        let mut is_told = false;
        loop {
            let covered = covered(&*source.site, question);
            let covered = covered.map_err(|error| CannotSay(error.to_string()))?;
            let left = wait.saturating_sub(began.elapsed());
            // One that cannot be read says so in the check.
            if covered.is_none_or(|size| index < size) || left.is_zero() {
                return Ok(question.now.plus_seconds(began.elapsed().as_secs()));
            }
            if !is_told && std::io::stderr().is_terminal() {
                is_told = true;
                // A terminal that is gone is no reason to stop.
                let _ = writeln!(std::io::stderr(), "waiting for entry {index}");
            }
            std::thread::sleep(ASK.min(left));
        }
    }
}
