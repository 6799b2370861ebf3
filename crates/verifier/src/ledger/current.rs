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
use crate::witness_check::ahead;

const RULE: Rule = Rule::LedgerCurrent;

/// Checks how old the newest close is, and under a policy the checkpoint. What is old is out of date, and accuses
/// nobody: its reader may have had it for long. What witnesses saw without a close of that day is another thing.
pub(super) fn check(
    newest: Option<Timestamp>,
    witnessed: Option<QuorumTimes>,
    at: Timestamp,
    verdict: &mut Verdict,
) {
    let Some(newest) = newest else {
        let otherwise = || ("no close at all".to_owned(), near(at));
        let why = || "it has no close, so nothing shows that it is complete".to_owned();
        verdict.check_brought(RULE, Place::WHOLE, false, otherwise, why);
        return;
    };
    let Some(QuorumTimes { earliest, latest }) = witnessed else {
        let found = || format!("a newest close of {newest}");
        return check_age((newest, newest), at, found, "the newest close was made", verdict);
    };
    // Cosigned anew every minute, a log without a close would seem to be of now for ever.
    let missed = [earliest, latest].into_iter().find(|seen| !is_within(newest, *seen));
    verdict.check(RULE, Place::WHOLE, missed.is_none(), || {
        (format!("a newest close of {newest}"), missed.map_or_else(String::new, near))
    });
    let found = || format!("a checkpoint that was last cosigned at {latest}");
    check_age((newest, latest), at, found, "the checkpoint was cosigned", verdict);
}

/// Checks that something is of the day before the reader's own time; otherwise nothing is shown after `until`.
fn check_age(
    (until, time): (Timestamp, Timestamp),
    at: Timestamp,
    found: impl FnOnce() -> String,
    what: &str,
    verdict: &mut Verdict,
) {
    let otherwise = || (found(), near(at));
    let is_ahead = time > at.plus_seconds(ACT_SKEW_S);
    if is_ahead {
        verdict.check_brought(RULE, Place::WHOLE, false, otherwise, || ahead(what, time, at));
    } else {
        verdict.check_reaches(RULE, Place::WHOLE, is_within(time, at), until, otherwise);
    }
}

/// Whether a time is not more than a day before, nor dated ahead.
fn is_within(time: Timestamp, at: Timestamp) -> bool {
    at <= time.plus_seconds(CLOSE_EVERY_S_MAX) && time <= at.plus_seconds(ACT_SKEW_S)
}

fn near(at: Timestamp) -> String {
    let first = Timestamp::from_seconds(at.seconds().saturating_sub(CLOSE_EVERY_S_MAX));
    format!("one from {first} to {}", at.plus_seconds(ACT_SKEW_S))
}
