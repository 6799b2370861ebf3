//! The promise of a receipt, of an answer or of a choice alike: by its deadline an entry stands at an index of the
//! published log. Here is what the log knows at that index, and whether the promise was kept.
//!
//! The whole log is checked on the way, because the receipts' key is what the acts before the entry say, and a leaf
//! proves little in a log that does not hold.

use countersign_domain::digest::Digest;
use countersign_domain::key::PublicKey;
use countersign_domain::schema::FieldSchema;
use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::chronology::ACT_SKEW_S;
use countersign_protocol::entry::Entry;
use countersign_protocol::merkle::{
    Hash, ProveError, leaf_hash, prove_inclusion, verify_inclusion,
};
use countersign_protocol::note::NoteKey;
use countersign_protocol::receipt::PROMISE_S_MAX;
use countersign_protocol::tile::{TileError, TileReader};
use serde::Serialize;

use crate::log_check::{LogCheck, LogCheckError, Question, check_log};
use crate::outcome::Outcome;
use crate::site::{Site, SiteError, SiteTiles};
use crate::state::State;
use crate::verdict::{Place, Rule, Verdict};
use crate::witness_check::ahead;

/// Where a receipt's promise stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// The leaf is where the receipt says.
    Kept,
    /// The published tree does not reach so far, and need not yet.
    NotYet,
    /// The leaf is not there, and the log shows that it cannot come there any more; or nothing holds that could be
    /// called a promise.
    Broken,
    /// The deadline has passed, and the log, as it is shown, ends before the receipt was made: it is an old copy, or
    /// the platform publishes nothing.
    Overdue,
    /// It cannot be said: what was given is no receipt of this log, or the copy of the log is an old one.
    Unchecked,
}

/// What a receipt promises.
pub(crate) struct PromisedEntry {
    pub(crate) index: u64,
    /// The hash of the leaf that is to stand there.
    pub(crate) leaf: Hash,
    pub(crate) time: Timestamp,
    pub(crate) deadline: Timestamp,
}

/// The tree that a promise is held against.
pub(crate) struct SignedTree {
    /// The checkpoint under which the log was checked.
    pub(crate) checkpoint: Checkpoint,
    /// How many entries the newest checkpoint has that the log signed.
    pub(crate) published: u64,
    /// Entries that are still to come have this time at the earliest.
    pub(crate) floor: Timestamp,
    /// When witnesses last saw the checkpoint.
    pub(crate) seen: Option<Timestamp>,
}

/// What the log knows at an index.
#[derive(Default)]
pub(crate) struct AtIndex {
    /// The key in force there that signs receipts; behind the end of the log, the last one.
    pub(crate) receipts_key: Option<PublicKey>,
    pub(crate) schema: Option<FieldSchema>,
    pub(crate) leaf: Option<Hash>,
    pub(crate) entry: Option<Entry>,
}

/// Checks a log, and notes what it knows at this index.
pub(crate) fn check_log_at<S: Site + ?Sized>(
    site: &S,
    question: &Question<'_>,
    index: Option<u64>,
    mut progress: impl FnMut(u64, u64),
) -> Result<(LogCheck, AtIndex), LogCheckError> {
    let mut at = AtIndex::default();
    let log = check_log(site, question, |seen| {
        progress(seen.index + 1, seen.size);
        if Some(seen.index) == index {
            at.receipts_key = seen.register.keys().map(|keys| keys.receipts);
            at.schema = seen.register.schema().cloned();
            at.leaf = Some(seen.leaf);
            at.entry = seen.entry.cloned();
        }
    })?;
    if let (Some(index), Some(state)) = (index, question.state)
        && index < state.size()
        && let Some(checkpoint) = &log.checkpoint
        && index < checkpoint.size
    {
        at = AtIndex::passed_before(site, state, checkpoint.size, index)?;
    }
    at.receipts_key = at.receipts_key.or_else(|| log.register.keys().map(|keys| keys.receipts));
    Ok((log, at))
}

impl AtIndex {
    /// Of an entry that an earlier check passed, which is read again alone. That it is the one that stood there is
    /// for its inclusion to prove.
    fn passed_before<S: Site + ?Sized>(
        site: &S,
        state: &State,
        size: u64,
        index: u64,
    ) -> Result<Self, SiteError> {
        let register = state.register_at(index);
        let receipts_key = register.keys().map(|keys| keys.receipts);
        let schema = register.schema().cloned();
        let bytes = match TileReader::new(SiteTiles(site), size).entry(index) {
            Ok(bytes) => bytes,
            Err(TileError::Source { error: error @ SiteError::Unreadable { .. }, .. }) => {
                return Err(error);
            }
            Err(_) => return Ok(Self { receipts_key, schema, leaf: None, entry: None }),
        };
        let (leaf, entry) = (Some(leaf_hash(&bytes)), Entry::parse(&bytes).ok());
        Ok(Self { receipts_key, schema, leaf, entry })
    }
}

/// Whether a log could not be read, or not as it is now, so that nothing can be held against it. A clock that is behind
/// changes nothing of what was read.
pub(crate) fn is_unread(verdict: &Verdict) -> bool {
    let is_unsaid = matches!(verdict.outcome(), Outcome::Unsaid(_));
    is_unsaid && verdict.failure_count > verdict.failed(Rule::NotFuture)
}

/// Notes whether a receipt is of the log of this key. One of another log, which this one did not sign, says nothing
/// about this one, and nothing more is to be checked of it.
pub(crate) fn check_origin(
    found: &str,
    key: &NoteKey,
    is_signed: bool,
    verdict: &mut Verdict,
) -> bool {
    let expected = key.name();
    if found == expected || is_signed {
        verdict.check(Rule::ReceiptOrigin, Place::WHOLE, found == expected, || {
            (found.to_owned(), expected.to_owned())
        });
        return true;
    }
    let other = format!("a receipt of the log {found:?}, and the key is that of {expected:?}");
    verdict.check_read::<(), _>(Rule::ReceiptOrigin, Place::WHOLE, Err(other), |_| true).is_some()
}

/// Notes whether this log signed the receipt of the entry at this index. One that it did not sign proves nothing; of an
/// entry that is not published yet, the key may be one that is not published either.
pub(crate) fn check_signed<T>(
    (index, published): (u64, u64),
    signature: Result<T, String>,
    verdict: &mut Verdict,
) -> bool {
    let advice = match index < published {
        true => "it is damaged, or made by somebody else. Refuse the answer".to_owned(),
        false => format!(
            "it is damaged, made by somebody else, or signed by a key that came after the {published} entries that are published. If entry {index} comes, check again; otherwise refuse the answer"
        ),
    };
    let signature = signature.map_err(|error| format!("{error}: {advice}"));
    verdict.check_read(Rule::ReceiptSignature, Place::WHOLE, signature, |_| true).is_some()
}

impl PromisedEntry {
    /// A promise has to come due: a receipt of next year, or a deadline then, would never be broken.
    pub(crate) fn check_time(&self, now: Timestamp, verdict: &mut Verdict) {
        let Self { time, deadline, .. } = *self;
        let latest = now.plus_seconds(ACT_SKEW_S);
        let due = time <= deadline && deadline <= time.plus_seconds(PROMISE_S_MAX);
        let otherwise = || {
            let found = format!("of {time}, to be kept by {deadline}");
            (found, format!("of {latest} at the latest, to be kept within {PROMISE_S_MAX} s"))
        };
        let (rule, place) = (Rule::ReceiptTime, Place::WHOLE);
        if due {
            let why = || ahead("the receipt was made", time, now);
            verdict.check_brought(rule, place, time <= latest, otherwise, why);
        } else {
            verdict.check(rule, place, false, otherwise);
        }
    }

    /// Checks whether the promise was kept: `found` is the leaf that was read at the index. Under a policy the
    /// checkpoint is one that witnesses saw; what the log has published beyond it has a day to get there.
    pub(crate) fn check<S: Site + ?Sized>(
        &self,
        site: &S,
        tree: &SignedTree,
        found: Option<Hash>,
        now: Timestamp,
        verdict: &mut Verdict,
    ) -> Result<Promise, SiteError> {
        let Self { index, leaf, .. } = *self;
        let (place, Checkpoint { size, root, .. }) = (Place::entry(index), &tree.checkpoint);
        if index >= *size {
            return Ok(self.check_absent(tree, now, verdict));
        }
        verdict.check(Rule::Promise, place, true, Default::default);
        verdict.check(Rule::ReceiptLeaf, place, found == Some(leaf), || {
            let none = || "no entry that can be read".to_owned();
            let found = found.map_or_else(none, |leaf| Digest(leaf).to_string());
            (found, Digest(leaf).to_string())
        });
        let proof = prove_inclusion(&TileReader::new(SiteTiles(site), *size), index, *size);
        if let Err(ProveError::Read(TileError::Source {
            error: error @ SiteError::Unreadable { .. },
            ..
        })) = proof
        {
            // That a file cannot be read shows nothing of what is in it.
            return Err(error);
        }
        let included = proof.map_err(|error| error.to_string()).and_then(|proof| {
            let proved = verify_inclusion(&leaf, index, *size, &proof, root);
            proved.map_err(|error| error.to_string())
        });
        let is_proved = verdict.check_ok(Rule::Inclusion, place, included).is_some();
        Ok(if is_proved { Promise::Kept } else { Promise::Broken })
    }

    /// The tree does not reach so far: a promise that is not due cannot be said to hold. One that is overdue is broken
    /// where the log has an entry, or witnesses saw it, so late that this one cannot come any more; until then it may
    /// be an old copy.
    fn check_absent(&self, tree: &SignedTree, now: Timestamp, verdict: &mut Verdict) -> Promise {
        let Self { index, time, deadline, .. } = *self;
        if now <= deadline {
            return Promise::NotYet;
        }
        let SignedTree { checkpoint: Checkpoint { size, .. }, published, floor, seen } = tree;
        let late = deadline.plus_seconds(PROMISE_S_MAX);
        if index < *published && now <= late {
            let says = "it is published, and not yet below a checkpoint that witnesses saw";
            verdict.notice(Some(index), says.to_owned());
            return Promise::NotYet;
        }
        let otherwise = || {
            let found = format!("a tree of {size} entries at {now}");
            (found, format!("entry {index} in it since {deadline}"))
        };
        if *floor > time || seen.is_some_and(|seen| seen > late) {
            verdict.check(Rule::Promise, Place::WHOLE, false, otherwise);
            return Promise::Broken;
        }
        let until = format!("{floor}, when its last entry was made");
        verdict.check_reaches(Rule::Promise, Place::WHOLE, false, until, otherwise);
        Promise::Overdue
    }
}
