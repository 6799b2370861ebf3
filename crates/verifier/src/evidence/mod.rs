//! Evidence: one file that answers what went to whom, for people to read and for programs to check offline.
//!
//! ```text
//! checkpoint → all acts → the register before each disclosure → what was in force
//!            → the subject's disclosures, each decided again
//! pack → the cover page, which is made from the pack alone: no byte of it is anybody's word but the pack's
//! ```
//!
//! A pack shows that what it has is in the log, and was right. That nothing was left out it cannot show by
//! itself; against the public log that is checked too. A person's pack has their ledger, which shows by itself
//! that it is complete.
//!
//! What it is not: proof of what was refused. That is the operator's word, and the cover page says so.
//!
//! Spec: docs/protocol.md, section 8.

use countersign_domain::digest::Digest;
use countersign_domain::time::Timestamp;
use countersign_protocol::checkpoint::Checkpoint;
use countersign_protocol::evidence_pack::{Body, LogPart, Pack, PersonPart, Subject};
use countersign_protocol::merkle::leaf_hash;
use countersign_protocol::note::NoteKey;
use countersign_protocol::shared_proof::verify_shared;
use countersign_protocol::witness_policy::Policy;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::ledger::{self, Ledger, check_checkpoint};
use crate::site::{Site, SiteError};
use crate::verdict::{FAILURES_KEPT_MAX, Place, Rule, Verdict};

pub use self::file::FileError;
pub use self::tally::{Counts, RefusedLine, SentLine};

use self::facts::Facts;

mod completeness;
mod cover;
mod facts;
mod file;
mod tally;
mod time;

/// What the verifier brings along.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The log's key, from somewhere other than the platform.
    pub key: &'a NoteKey,
    /// Whose cosignatures are wanted.
    pub policy: Option<&'a Policy>,
    /// What time it is.
    pub now: Timestamp,
    /// When a person's pack was received, if not when it says that it was made.
    pub at: Option<Timestamp>,
}

/// The public log that a pack is held against, and who is told how far that is.
pub struct Against<'a> {
    /// Its files.
    pub site: &'a dyn Site,
    /// Told now and then how many entries were read of how many.
    pub progress: &'a mut dyn FnMut(u64, u64),
}

/// What a pack says, where it could be read.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Evidence {
    /// Of whom: `everything`, `partner:NAME`, `client:NAME` or `person:ACCOUNT`.
    pub of: String,
    /// When it was made, by the operator's word.
    pub made: Timestamp,
    /// How many seconds ago that was.
    pub age_s: u64,
    /// The first second that it is about.
    pub from: Timestamp,
    /// The first second after.
    pub until: Timestamp,
    /// SHA-256 of the pack.
    pub digest: Digest,
    /// The reference of a person's consent, by the operator's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consent: Option<String>,
    /// What went, by build, delivery and category.
    pub sent: Vec<SentLine>,
    /// What was refused, by the operator's word; `None` if it does not say.
    pub refused: Option<Vec<RefusedLine>>,
    /// A person's ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<Ledger>,
}

/// What a pack came to.
struct Examined {
    verdict: Verdict,
    /// The page that it makes, and what it says; `None` where what it shows is signed by nobody who is known.
    page: Option<(String, Evidence)>,
    /// Of a log's entries.
    checkpoint: Option<Checkpoint>,
}

/// Checks an evidence file, and against the public log that it leaves nothing out. The evidence is there as far
/// as the file could be read; it is to be believed only if the verdict holds.
///
/// # Errors
/// [`SiteError`] when a file of the log cannot be read.
pub fn check(
    bytes: &[u8],
    question: &Question<'_>,
    against: Option<Against<'_>>,
) -> Result<(Verdict, Option<Evidence>), SiteError> {
    let (pack, pack_bytes) = match file::read(bytes) {
        Ok(read) => read,
        Err(error) => {
            let mut verdict =
                Verdict::of(question.key.name(), Rule::of_evidence(), FAILURES_KEPT_MAX);
            let (rule, place) = (Rule::EvidenceForm, Place::WHOLE);
            verdict.check_read::<(), _>(rule, place, Err(error), |_| true);
            return Ok((verdict, None));
        }
    };
    let Examined { mut verdict, page, checkpoint } = examine(&pack, &pack_bytes, question);
    let evidence = page.map(|(cover, evidence)| {
        check_cover(&file::write(&cover, &pack_bytes), bytes, &mut verdict);
        let age_s = question.now.seconds().saturating_sub(pack.made.seconds());
        Evidence { age_s, ..evidence }
    });
    time::check(&pack, question.now, &mut verdict);
    match (&pack.body, against, checkpoint) {
        (Body::Log(subject, log), Some(against), Some(checkpoint)) => {
            let Against { site, progress } = against;
            let newest = completeness::newest(&checkpoint, site, question.key, &mut verdict)?;
            if let Some(newest) = newest {
                let shown = (subject, log);
                completeness::check(&pack, shown, &checkpoint, site, progress, &mut verdict)?;
                let of = (&pack, subject);
                completeness::check_later(of, &checkpoint, &newest, site, &mut verdict)?;
            }
        }
        (Body::Log(..), None, _) => verdict.notice(
            None,
            "by itself a pack does not show that nothing was left out: check it against the public log, with --site".to_owned(),
        ),
        _ => {}
    }
    Ok((verdict, evidence))
}

/// The evidence file of a pack of the log of this key, and whether it holds.
#[must_use]
pub fn write(pack: &Pack, key: &NoteKey) -> (String, Verdict) {
    let bytes = pack.to_bytes();
    let question = Question { key, policy: None, now: pack.made, at: None };
    let Examined { verdict, page, .. } = examine(pack, &bytes, &question);
    let cover = page.map(|(cover, _)| cover).unwrap_or_default();
    (file::write(&cover, &bytes), verdict)
}

fn examine(pack: &Pack, bytes: &[u8], question: &Question<'_>) -> Examined {
    let digest = Digest(Sha256::digest(bytes).into());
    match &pack.body {
        Body::Log(subject, log) => examine_log(pack, (subject, log), digest, question),
        Body::Person(person) => examine_person(pack, person, digest, question),
    }
}

fn examine_log(
    pack: &Pack,
    (subject, log): (&Subject, &LogPart),
    digest: Digest,
    question: &Question<'_>,
) -> Examined {
    let origin = question.key.name();
    let mut verdict = Verdict::of(origin, Rule::of_evidence(), FAILURES_KEPT_MAX);
    passed(Rule::EvidenceForm, &mut verdict);
    let Some(checkpoint) = check_entries(log, question, &mut verdict) else {
        return Examined { verdict, page: None, checkpoint: None };
    };
    let facts = Facts::read(pack, (subject, log), origin, &mut verdict);
    verdict.newest = Some(facts.newest);
    verdict.partners = facts.register().partners().len() as u64;
    let tallies = (tally::sent(&facts), tally::refused(log, &facts));
    let cover = cover::of_log(pack, (subject, log), &facts, &tallies, digest);
    let (sent, refused) = tallies;
    let of = subject.to_string();
    let evidence = Evidence { sent, refused, ..Evidence::of(of, pack, digest) };
    Examined { verdict, page: Some((cover, evidence)), checkpoint: Some(checkpoint) }
}

fn examine_person(
    pack: &Pack,
    person: &PersonPart,
    digest: Digest,
    question: &Question<'_>,
) -> Examined {
    let at = question.at.unwrap_or(pack.made);
    let question =
        ledger::Question { policy: question.policy, ..ledger::Question::new(question.key, at) };
    let (mut verdict, ledger) = ledger::check(&person.ledger, &question);
    passed(Rule::EvidenceForm, &mut verdict);
    let page = ledger.map(|ledger| {
        let cover = cover::of_person(pack, person, &ledger, digest);
        let of = format!("person:{}", ledger.account);
        let (consent, ledger) = (Some(person.consent.clone()), Some(ledger));
        (cover, Evidence { consent, ledger, ..Evidence::of(of, pack, digest) })
    });
    Examined { verdict, page, checkpoint: None }
}

impl Evidence {
    /// Of whom and when a pack is, and nothing yet of what it says.
    fn of(of: String, pack: &Pack, digest: Digest) -> Self {
        let Pack { made, from, until, .. } = *pack;
        let (consent, sent, refused, ledger) = (None, Vec::new(), None, None);
        Self { of, made, age_s: 0, from, until, digest, consent, sent, refused, ledger }
    }
}

fn passed(rule: Rule, verdict: &mut Verdict) {
    verdict.check(rule, Place::WHOLE, true, Default::default);
}

/// The checkpoint, if it is signed, and whether all entries are in its tree.
fn check_entries(
    log: &LogPart,
    question: &Question<'_>,
    verdict: &mut Verdict,
) -> Option<Checkpoint> {
    let of_ledger = ledger::Question {
        policy: question.policy,
        ..ledger::Question::new(question.key, question.now)
    };
    let (checkpoint, _) = check_checkpoint(&log.checkpoint, &of_ledger, verdict)?;
    (verdict.size, verdict.root) = (checkpoint.size, Some(Digest(checkpoint.root)));
    let leaves: Vec<_> =
        log.entries.iter().map(|entry| (entry.index, leaf_hash(&entry.bytes))).collect();
    let proved = verify_shared(&leaves, checkpoint.size, &log.proof, &checkpoint.root);
    verdict.check_ok(Rule::EvidenceEntries, Place::WHOLE, proved);
    Some(checkpoint)
}

/// Checks that the file is what its pack makes, byte by byte.
fn check_cover(made: &str, found: &[u8], verdict: &mut Verdict) {
    let is_made = made.as_bytes() == found;
    let why = || {
        let why = "the page is not the one that its proof makes: it was changed after it was made, as by saving it from a browser";
        format!("{why}. Take the file as it came")
    };
    let otherwise = || {
        let found = String::from_utf8_lossy(found);
        let lines = made.lines().zip(found.lines()).zip(1..);
        let other = lines.into_iter().find(|((made, found), _)| made != found);
        let shortened = |line: &str| line.chars().take(160).collect::<String>();
        other.map_or_else(
            || ("a page that ends elsewhere".to_owned(), Rule::EvidenceCover.says().to_owned()),
            |((made, found), line)| (format!("line {line}: {}", shortened(found)), shortened(made)),
        )
    };
    verdict.check_brought(Rule::EvidenceCover, Place::WHOLE, is_made, otherwise, why);
}
