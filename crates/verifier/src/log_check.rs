//! The check of a log from its public files: the checkpoint, every file of the tree, every act
//! with its signatures and document, and every disclosure re-decided. It holds one bundle of
//! entries at a time, the register, and what it notes of acts; what it needs does not grow with the
//! disclosures. It stops at the first bundle that is missing or broken.
//!
//! With a [`State`] from an earlier check it reads only what is new, and comes to the same verdict as from the
//! start, for as long as nobody changes files that were read before.
//!
//! What it is not: it says nothing about entries beyond the checkpoint, and whether the log shows the
//! same checkpoint to everybody can only be said by those who compare theirs.

use countersign_domain::digest::Digest;
use countersign_domain::register::Register;
use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::{Checkpoint, CheckpointError};
use countersign_protocol::chronology::{ACT_SKEW_S, Chronology};
use countersign_protocol::entry::Entry;
use countersign_protocol::merkle::Hash;
use countersign_protocol::note::NoteKey;
use countersign_protocol::witness_policy::Policy;

use crate::confusable_names::confusable_names;
use crate::continuity::{self, Continuity};
use crate::cut_check::CutCheck;
use crate::pass::Pass;
use crate::site::{Site, SiteError};
use crate::state::State;
use crate::verdict::{FAILURES_KEPT_MAX, Place, Rule, Verdict};
use crate::witness_check::{Chosen, ahead, choose};

/// What an outsider brings to a check. Nothing of it is taken from the log.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// The log's key; its name is the log's origin.
    pub key: &'a NoteKey,
    /// What time it is.
    pub now: Timestamp,
    /// A checkpoint of the same log that was kept earlier. With a state it is not looked at: the state has one.
    pub since: Option<&'a [u8]>,
    /// What an earlier check of the same log left; without it, the check begins at the first entry.
    pub state: Option<&'a State>,
    /// How old the newest entry may be, in seconds.
    pub max_age_s: Option<u64>,
    /// The witnesses that have to have cosigned, so that the log is checked as far as they have.
    pub policy: Option<&'a Policy>,
    /// How many failures of each rule are kept; more are only counted.
    pub failures_kept_max: u64,
}

impl<'a> Question<'a> {
    /// Asks about the log of this key, and nothing else.
    #[must_use]
    pub const fn new(key: &'a NoteKey, now: Timestamp) -> Self {
        let (since, state, max_age_s, policy) = (None, None, None, None);
        let failures_kept_max = FAILURES_KEPT_MAX;
        Self { key, now, since, state, max_age_s, policy, failures_kept_max }
    }
}

/// Why nothing can be said about a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogCheckError {
    /// A file cannot be read.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The checkpoint that was kept earlier is not one of this log.
    #[error("the checkpoint kept earlier is not one of this log: {0}")]
    Since(CheckpointError),
    /// The state is another log's.
    #[error("the state is that of the log {found:?}, and the key that of {expected:?}")]
    OtherLog {
        /// The state's origin.
        found: String,
        /// The key's.
        expected: String,
    },
    /// The witnesses have not seen as much yet as an earlier check did. That says nothing about the log.
    #[error(
        "the quorum of the policy has cosigned {found} entries, and an earlier check saw {kept} of the {published} that the log has signed: run the check again when the witnesses have caught up"
    )]
    WitnessesBehind {
        /// How many entries the quorum has cosigned.
        found: u64,
        /// How many an earlier check saw.
        kept: u64,
        /// How many the log has signed.
        published: u64,
    },
}

/// An entry as the check passes it.
pub struct Seen<'a> {
    /// Its index.
    pub index: u64,
    /// The number of entries that will be passed.
    pub size: u64,
    /// Its leaf hash.
    pub leaf: Hash,
    /// The entry; `None` if its bytes are not one.
    pub entry: Option<&'a Entry>,
    /// The register of the entries before it.
    pub register: &'a Register,
}

/// What a check came to.
#[derive(Debug)]
pub struct LogCheck {
    /// What was found.
    pub verdict: Verdict,
    /// The checkpoint, if its signature holds.
    pub checkpoint: Option<Checkpoint>,
    /// How many entries the newest checkpoint has that the log signed; under a policy that may be another one.
    pub published: u64,
    /// The log's clock cannot have been before this when the next entry is made.
    pub floor: Timestamp,
    /// The register at the end.
    pub register: Register,
    /// What to keep for the next check. It goes on from here if everything up to the checkpoint could be read, and
    /// was what the checkpoint signs; otherwise from where the check began.
    pub state: State,
}

impl LogCheck {
    /// The check of a log whose checkpoint is not its own, so that nothing was read behind it.
    fn of_nothing(verdict: Verdict, state: State) -> Self {
        let (floor, register) = (state.progress().chronology.floor(), state.register().clone());
        Self { verdict, checkpoint: None, published: 0, floor, register, state }
    }
}

/// What a check came to that may have been cut off.
#[derive(Debug)]
pub enum Checked {
    /// It came to its end.
    Whole(Box<LogCheck>),
    /// A file could not be read.
    Cut(Box<CutCheck>),
}

/// Checks the log on this site. `watch` sees each entry pass that is read, in order.
///
/// ```
/// use countersign_fixtures::at;
/// use countersign_fixtures::documents::BEGINNING_S;
/// use countersign_fixtures::world::{World, log_key};
/// use countersign_verifier::log_check::{Question, check_log};
/// use countersign_verifier::site::FolderSite;
///
/// // A log with some acts and a disclosure, as its operator publishes it.
/// let folder = tempfile::tempdir()?;
/// let mut world = World::governed();
/// world.disclose(|_| {});
/// world.publish(folder.path());
///
/// // The key comes from elsewhere than from the log.
/// let key = log_key();
/// let checked = check_log(
///     &FolderSite::new(folder.path()),
///     &Question::new(&key, at(BEGINNING_S + 60)),
///     |_| {},
/// )?;
/// assert_eq!((checked.verdict.disclosures, checked.verdict.failure_count), (1, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`LogCheckError`] when a file cannot be read; whatever does not hold is in the verdict.
pub fn check_log<S: Site + ?Sized>(
    site: &S,
    question: &Question<'_>,
    watch: impl FnMut(&Seen<'_>),
) -> Result<LogCheck, LogCheckError> {
    match check_log_in_part(site, question, watch)? {
        Checked::Whole(check) => Ok(*check),
        Checked::Cut(cut) => Err(cut.error.into()),
    }
}

/// How many entries a check would cover now: those of the log's newest checkpoint, or of the newest that the quorum of
/// the policy cosigned. `None` if that checkpoint cannot be read.
///
/// # Errors
/// [`SiteError`] when the file cannot be read.
pub fn covered<S: Site + ?Sized>(
    site: &S,
    question: &Question<'_>,
) -> Result<Option<u64>, SiteError> {
    let Question { key, policy, .. } = *question;
    let mut verdict = Verdict::new(key.name(), 0);
    let chosen = choose(site, key, policy, &mut verdict)?;
    let opened = Checkpoint::open(&chosen.bytes, key.name(), key).ok();
    let is_cosigned = verdict.failed(Rule::Witnesses) == 0;
    Ok(opened.map(|checkpoint| if is_cosigned { checkpoint.size } else { 0 }))
}

/// The check of a log, where something can be kept of one that does not come to its end: a file could not be read after
/// others were.
///
/// # Errors
/// [`LogCheckError`] when not even the checkpoint can be read.
pub fn check_log_in_part<S: Site + ?Sized>(
    site: &S,
    question: &Question<'_>,
    mut watch: impl FnMut(&Seen<'_>),
) -> Result<Checked, LogCheckError> {
    let origin = question.key.name();
    let open = |bytes: &[u8]| Checkpoint::open(bytes, origin, question.key);
    let state = question.state.cloned().unwrap_or_else(|| State::new(origin));
    if state.origin() != origin {
        let (found, expected) = (state.origin().to_owned(), origin.to_owned());
        return Err(LogCheckError::OtherLog { found, expected });
    }
    let since = question.since.filter(|_| question.state.is_none());
    let since = since.map(open).transpose().map_err(LogCheckError::Since)?;
    let mut verdict = state.verdict(question.failures_kept_max);
    let chosen = choose(site, question.key, question.policy, &mut verdict)?;
    let place = Place::file(chosen.path);
    let (opened, is_other) = (open(&chosen.bytes), CheckpointError::is_of_another);
    let Some(checkpoint) = verdict.check_read(Rule::Checkpoint, place, opened, is_other) else {
        return Ok(Checked::Whole(Box::new(LogCheck::of_nothing(verdict, state))));
    };
    let kept = since.as_ref().map_or(0, |since| since.size).max(state.size());
    if let Some(published) = chosen.published.filter(|published| *published >= kept)
        && checkpoint.size < kept
    {
        return Err(LogCheckError::WitnessesBehind { found: checkpoint.size, kept, published });
    }
    verdict.size = checkpoint.size;
    verdict.root = Some(Digest(checkpoint.root));
    verdict.witnessed = chosen.witnessed;
    let note = String::from_utf8_lossy(&chosen.bytes).into_owned();
    let mut pass = Pass::new(site, &checkpoint, since, &state);
    let continuity = match continuity::check(site, &mut pass, &mut verdict, &mut watch) {
        Ok(continuity) => continuity,
        Err(error) => {
            return Ok(Checked::Cut(Box::new(CutCheck::new(error, pass, note, state))));
        }
    };
    if checkpoint.size == 0 {
        verdict.notice(None, "the log is empty: there is nothing in it that could fail".to_owned());
    }
    let chronology = &pass.progress.chronology;
    check_ages(question, &chosen, chronology, &mut verdict);
    let (floor, register) = (chronology.floor(), pass.progress.replay.register().clone());
    verdict.partners = register.partners().len() as u64;
    for alike in confusable_names(register.partners().values()) {
        verdict.notice(None, alike.to_string());
    }
    verdict.ledger_page = register.rules().and_then(|rules| rules.ledger_page);
    let progress = pass.progress;
    let (read, is_never_closed) = (progress.edge.size(), progress.periods.are_none());
    let state = match continuity {
        // What no quorum has cosigned is shown to this reader, perhaps alone, and so not kept.
        Continuity::Whole if verdict.failed(Rule::Witnesses) > 0 => state,
        Continuity::Whole => state.advanced(progress, note, &verdict),
        Continuity::Lie(rule) => state.remembering(rule, &verdict, question.now, note),
        Continuity::Unread => state,
    };
    if read > 0 && read == checkpoint.size && is_never_closed {
        verdict.notice(None, "no period was closed: no ledger of this log is complete".to_owned());
    }
    let published = chosen.published.unwrap_or(checkpoint.size);
    let checkpoint = Some(checkpoint);
    let check = LogCheck { verdict, checkpoint, published, floor, register, state };
    Ok(Checked::Whole(Box::new(check)))
}

fn check_ages(
    question: &Question<'_>,
    chosen: &Chosen,
    chronology: &Chronology,
    verdict: &mut Verdict,
) {
    // Of an old copy nothing was read that could be fresh.
    if verdict.failed(Rule::NotShrunk) > 0 {
        return;
    }
    check_fresh(question, chronology, verdict);
    let times = (question.now, question.max_age_s);
    chosen.check_times(chronology.newest(), times, verdict);
}

fn check_fresh(question: &Question<'_>, chronology: &Chronology, verdict: &mut Verdict) {
    if verdict.acts + verdict.disclosures > 0 {
        verdict.newest = Some(chronology.newest());
    }
    let newest = chronology.newest();
    let latest = question.now.plus_seconds(ACT_SKEW_S);
    let otherwise =
        || (format!("the newest entry is of {newest}"), format!("{latest} at the latest"));
    let why = || ahead("the newest entry was made", newest, question.now);
    verdict.check_brought(Rule::NotFuture, Place::WHOLE, newest <= latest, otherwise, why);
    if let Some(max_age_s) = question.max_age_s {
        let fresh = newest.plus_seconds(max_age_s) >= question.now;
        verdict.check_reaches(Rule::Fresh, Place::WHOLE, fresh, newest, || {
            let expected = format!("not more than {max_age_s} s before {}", question.now);
            (format!("the newest entry is of {newest}"), expected)
        });
    }
}
