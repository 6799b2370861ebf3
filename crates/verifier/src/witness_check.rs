//! Which checkpoint of a log is checked, and whether enough witnesses have cosigned it.
//!
//! The newest checkpoint is seldom cosigned yet, so under a policy it is the newest one that is: the log is
//! checked as far as witnesses have seen it, and what stands beyond is only counted.
//!
//! What it is not: trust in what witnesses saw. They cosign that the tree only grew, and nothing of what
//! its entries say.

use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_protocol::cosigned::{Cosigned, CosignedError};
use countersign_protocol::note::NoteKey;
use countersign_protocol::site_path::{
    CHECKPOINT_BYTES_MAX, CHECKPOINT_PATH, WITNESSED_CHECKPOINT_PATH,
};
use countersign_protocol::witness_policy::{Policy, QuorumTimes};

use crate::site::{Site, SiteError};
use crate::verdict::{Place, Rule, Verdict};

/// The checkpoint that is checked, as it was read.
pub(crate) struct Chosen {
    pub(crate) path: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// How many entries the newest checkpoint has that the log signed, if it is another one.
    pub(crate) published: Option<u64>,
    /// When the policy's quorum cosigned it.
    pub(crate) witnessed: Option<QuorumTimes>,
}

/// Reads the checkpoint to check, and notes whether it meets the policy, if there is one.
pub(crate) fn choose<S: Site + ?Sized>(
    site: &S,
    key: &NoteKey,
    policy: Option<&Policy>,
    verdict: &mut Verdict,
) -> Result<Chosen, SiteError> {
    let read = |path| site.read(path, CHECKPOINT_BYTES_MAX);
    let newest = read(CHECKPOINT_PATH)?;
    let newest = newest.ok_or_else(|| SiteError::Missing { path: CHECKPOINT_PATH.to_owned() })?;
    let path = CHECKPOINT_PATH;
    let unwitnessed = |bytes| Chosen { path, bytes, published: None, witnessed: None };
    let Some(policy) = policy else { return Ok(unwitnessed(newest)) };
    let opened = Cosigned::open(&newest, key, policy);
    let size = match &opened {
        // Its signature is another rule's.
        Err(CosignedError::Checkpoint(_)) => return Ok(unwitnessed(newest)),
        Err(_) => None,
        Ok(cosigned) => Some(cosigned.checkpoint.size),
    };
    let place = Place::file(CHECKPOINT_PATH);
    let is_other = CosignedError::is_of_another;
    let Some(opened) = verdict.check_read(Rule::Witnesses, place, opened, is_other) else {
        return Ok(unwitnessed(newest));
    };
    if opened.quorum.is_met() {
        return Ok(Chosen { witnessed: opened.quorum.times(), ..unwitnessed(newest) });
    }
    let place = Place::file(WITNESSED_CHECKPOINT_PATH);
    let bytes = read(WITNESSED_CHECKPOINT_PATH)?;
    let older = bytes.as_ref().map(|bytes| Cosigned::open(bytes, key, policy));
    let (found, chosen) = match (bytes, older) {
        (Some(bytes), Some(Ok(older))) if older.quorum.is_met() => {
            note_beyond(&older.checkpoint, size, verdict);
            let (path, witnessed) = (WITNESSED_CHECKPOINT_PATH, older.quorum.times());
            (None, Some(Chosen { path, bytes, published: size, witnessed }))
        }
        (Some(_), Some(Ok(older))) => (Some(counted(older.cosignatures.len())), None),
        (_, Some(Err(error))) => (Some(error.to_string()), None),
        _ => (Some(format!("{} and no such file", counted(opened.cosignatures.len()))), None),
    };
    let found = found.unwrap_or_default();
    let why = format!("the quorum of your policy has not cosigned what this log shows: {found}");
    let otherwise = || (found, "the quorum of the policy".to_owned());
    verdict.check_brought(Rule::Witnesses, place, chosen.is_some(), otherwise, || why);
    Ok(chosen.unwrap_or_else(|| unwitnessed(newest)))
}

impl Chosen {
    /// Notes whether the newest entry is one that the witnesses can have seen when they first cosigned, and
    /// whether the time at which they last did can be; under a limit of age, whether that was lately.
    pub(crate) fn check_times(
        &self,
        newest: Timestamp,
        (now, max_age_s): (Timestamp, Option<u64>),
        verdict: &mut Verdict,
    ) {
        let Some(witnessed) = self.witnessed else { return };
        let place = Place::file(self.path);
        let QuorumTimes { earliest, latest } = witnessed;
        let newest_max = earliest.plus_seconds(ACT_SKEW_S);
        verdict.check(Rule::WitnessTime, place, newest <= newest_max, || {
            let expected =
                format!("{newest_max} at the latest, since it was cosigned by {earliest}");
            (format!("an entry of {newest}"), expected)
        });
        let latest_max = now.plus_seconds(ACT_SKEW_S);
        let otherwise =
            || (format!("it was cosigned at {latest}"), format!("{latest_max} at the latest"));
        let why = || ahead("it was cosigned", latest, now);
        verdict.check_brought(Rule::NotFuture, place, latest <= latest_max, otherwise, why);
        if let Some(max_age_s) = max_age_s {
            let is_fresh = latest.plus_seconds(max_age_s) >= now;
            verdict.check_reaches(Rule::Fresh, place, is_fresh, latest, || {
                let expected = format!("not more than {max_age_s} s before {now}");
                (format!("it was last cosigned at {latest}"), expected)
            });
        }
    }
}

/// What is known where a time lies after the reader's own: one of two clocks is wrong, and nobody can say which.
pub(crate) fn ahead(what: &str, time: Timestamp, now: Timestamp) -> String {
    format!("{what} at {time}, and it is {now} by your clock or --at: one of the two is wrong")
}

fn counted(cosignatures: usize) -> String {
    format!("{cosignatures} cosignatures of the policy's witnesses")
}

fn note_beyond(checked: &Checkpoint, newest_size: Option<u64>, verdict: &mut Verdict) {
    let beyond = newest_size.unwrap_or_default().saturating_sub(checked.size);
    if beyond > 0 {
        verdict.notice(
            None,
            format!("{beyond} entries beyond the newest witnessed checkpoint were not looked at"),
        );
    }
}
