//! Whether a bundle is of now. Whoever leaves the newest closes out leaves out what is in them, so there has to be
//! one of the last day; and a day is counted twice, since two clocks are asked:
//!
//! ```text
//! without a policy   the newest close within a day of the reader's own time
//! with one           the newest close within a day of when witnesses first saw the checkpoint and of when they last
//!                    saw it, and that within a day of the reader's own time
//! ```
//!
//! What witnesses saw never takes the place of the reader's own time: a bundle of last year was witnessed too.

use countersign_domain::time::Timestamp;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_protocol::witness_policy::QuorumTimes;

use crate::periods::CLOSE_EVERY_S_MAX;
use crate::verdict::{Place, Rule, Verdict};

/// Checks how old the newest close is, and under a policy the checkpoint.
pub(super) fn check(
    newest: Option<Timestamp>,
    witnessed: Option<QuorumTimes>,
    at: Timestamp,
    verdict: &mut Verdict,
) {
    // Cosigned anew every minute, a log without a close would seem to be of now for ever.
    let asked = witnessed.map_or([at; 2], |times| [times.earliest, times.latest]);
    let missed =
        asked.into_iter().find(|asked| !newest.is_some_and(|time| is_within(time, *asked)));
    verdict.check(Rule::LedgerCurrent, Place::WHOLE, missed.is_none(), || {
        let found = newest.map_or_else(
            || "no close at all".to_owned(),
            |time| format!("a newest close of {time}"),
        );
        (found, missed.map_or_else(String::new, near))
    });
    if let Some(QuorumTimes { latest, .. }) = witnessed {
        verdict.check(Rule::LedgerCurrent, Place::WHOLE, is_within(latest, at), || {
            (format!("a checkpoint that was last cosigned at {latest}"), near(at))
        });
    }
}

/// Whether a time is not more than a day before, nor dated ahead.
fn is_within(time: Timestamp, at: Timestamp) -> bool {
    at <= time.plus_seconds(CLOSE_EVERY_S_MAX) && time <= at.plus_seconds(ACT_SKEW_S)
}

fn near(at: Timestamp) -> String {
    format!("one not more than {CLOSE_EVERY_S_MAX} s before and {ACT_SKEW_S} s after {at}")
}
