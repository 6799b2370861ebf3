//! When evidence is from. It does not expire: what it shows was so, however long ago. But it has to be of a time
//! that had passed when it was made, and under a policy of a checkpoint that witnesses still saw as the newest when
//! that time was over; otherwise what came later would be missing from it.

use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_protocol::evidence_pack::Pack;

use crate::verdict::{Place, Rule, Verdict};
use crate::witness_check::ahead;

/// Checks that nothing in it comes from the future, and that it was made, and its checkpoint seen, after its end.
pub(super) fn check(pack: &Pack, now: Timestamp, verdict: &mut Verdict) {
    let newest = verdict.newest.map_or(pack.made, |newest| newest.max(pack.made));
    let latest = now.plus_seconds(ACT_SKEW_S);
    let otherwise = || (format!("something of {newest}"), format!("{latest} at the latest"));
    let why = || ahead("something in it was made", newest, now);
    verdict.check_brought(Rule::NotFuture, Place::WHOLE, newest <= latest, otherwise, why);
    let Pack { made, until, .. } = *pack;
    verdict.check(Rule::EvidenceTime, Place::WHOLE, until <= made, || {
        (format!("made at {made}"), format!("a time after {until}, up to which it is about"))
    });
    // A quiet log is cosigned anew, so the last time counts: until then nothing larger had been shown to witnesses.
    let Some(seen) = verdict.witnessed.map(|times| times.latest) else { return };
    verdict.check(Rule::EvidenceTime, Place::WHOLE, until <= seen, || {
        let found = format!("a checkpoint that witnesses saw last at {seen}");
        (found, format!("one that they saw after {until}, up to which the evidence is about"))
    });
    let is_near =
        seen <= made.plus_seconds(ACT_SKEW_S) && made <= seen.plus_seconds(SECONDS_PER_DAY);
    verdict.check(Rule::EvidenceTime, Place::WHOLE, is_near, || {
        let found = format!("made at {made}");
        (
            found,
            format!("within {SECONDS_PER_DAY} s after {seen}, when witnesses saw its checkpoint"),
        )
    });
}
