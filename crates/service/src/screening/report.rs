//! A report: what the screening of one partner found and what people decided, as a case file holds it.
//!
//! It is private. The log has its commitment, SHA-256(`countersign/v1/screening` ‖ newline ‖ salt ‖ canonical
//! JSON of the report). The salt is new with every change, so whoever was shown one report can guess at no
//! other one.

use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::screening::{Outcome, ScreeningAct, ScreeningList};
use countersign_domain::text::{self, NAME_CHARACTERS_MAX, NotPlainText};
use countersign_domain::time::Timestamp;
use countersign_policy::screening::matches::{Match, MatchId};
use countersign_policy::screening::outcome::{Decision, Verdict, outcome};
use countersign_policy::screening::ownership::{Control, OwnershipRule, control};
use countersign_policy::screening::subject::{Owner, Subject};
use countersign_protocol::canonical::{self, CanonicalError};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version of the report that this program reads and writes.
pub const REPORT_VERSION: u32 = 1;

/// What the commitment begins with.
const TAG: &[u8] = b"countersign/v1/screening\n";

/// The fewest hexadecimal digits by which a match is called; less is a number.
const ID_DIGITS_MIN: usize = 8;

/// What was found about one partner, and what people decided.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`REPORT_VERSION`].
    pub version: u32,
    /// The partner.
    pub partner: Identifier,
    /// When it was screened.
    pub screened: Timestamp,
    /// Everybody who was screened.
    pub subject: Subject,
    /// The owners whom the register does not name, as they were told.
    pub told: Vec<Owner>,
    /// The lists, in the version that was used.
    pub lists: Vec<ScreeningList>,
    /// From which share on ownership is control.
    pub ownership: OwnershipRule,
    /// Who may be somebody on a list.
    pub matches: Vec<Match>,
    /// Every decision, the oldest first; of several about one match the last one counts. Those about
    /// listings that a list has no longer stay, and count again if the very listing comes back.
    pub decisions: Vec<Decided>,
}

/// A decision, who made it, and when.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    /// What was decided about which match, and why.
    pub decision: Decision,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// A report with its salt: what the commitment in the log is opened with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseFile {
    /// The report.
    pub report: Report,
    /// 32 random bytes, written as a digest is.
    pub salt: Digest,
}

/// A match that a report does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the report on {partner} has no match {asked:?}; `countersign partner screening show` lists their numbers, 1 to {count}, and ids, of which {ID_DIGITS_MIN} digits are enough"
)]
pub struct NoSuchMatch {
    partner: Identifier,
    asked: String,
    count: usize,
}

impl Report {
    /// The decision that counts about a match.
    #[must_use]
    pub fn decision(&self, id: MatchId) -> Option<&Decided> {
        self.decisions.iter().rev().find(|decided| decided.decision.match_id() == id)
    }

    /// The matches that wait for a decision.
    pub fn undecided(&self) -> impl Iterator<Item = &Match> {
        self.matches.iter().filter(|found| self.decision(found.id).is_none())
    }

    /// What the decisions come to. A partner that confirmed listed parties control is refused.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let outcome = outcome(&self.matches, &self.counting());
        let is_controlled = self.control(self.ownership).by_listed;
        if is_controlled { Outcome::Refused } else { outcome }
    }

    /// Who controls the partner, by this rule.
    #[must_use]
    pub fn control(&self, rule: OwnershipRule) -> Control {
        control(&self.subject, &self.matches, &self.counting(), rule)
    }

    /// The match of this number, counted from 1, or whose id begins so.
    ///
    /// # Errors
    /// [`NoSuchMatch`].
    pub fn find(&self, asked: &str) -> Result<&Match, NoSuchMatch> {
        let by_number = || self.matches.get(asked.parse::<usize>().ok()?.checked_sub(1)?);
        let found = if asked.len() < ID_DIGITS_MIN {
            by_number()
        } else {
            self.matches.iter().find(|found| found.id.digest().to_string().starts_with(asked))
        };
        found.ok_or_else(|| NoSuchMatch {
            partner: self.partner.clone(),
            asked: asked.to_owned(),
            count: self.matches.len(),
        })
    }

    /// Records a decision about a match.
    ///
    /// # Errors
    /// [`NotPlainText`] for a reason or a name that cannot be shown.
    pub fn decide(
        &mut self,
        match_id: MatchId,
        (verdict, reason): (Verdict, &str),
        by: &str,
        now: Timestamp,
    ) -> Result<(), NotPlainText> {
        text::check("name of who decides", NAME_CHARACTERS_MAX, by)?;
        let decision = Decision::new(match_id, verdict, reason)?;
        self.decisions.push(Decided { decision, by: by.to_owned(), at: now });
        Ok(())
    }

    /// The decisions that count.
    fn counting(&self) -> Vec<Decision> {
        let matches = self.matches.iter();
        matches.filter_map(|found| Some(self.decision(found.id)?.decision.clone())).collect()
    }
}

impl CaseFile {
    /// Puts a report under a new salt.
    ///
    /// # Errors
    /// If the system gives no randomness.
    pub fn new(report: Report) -> Result<Self, getrandom::Error> {
        let mut salt = [0; 32];
        getrandom::fill(&mut salt)?;
        Ok(Self { report, salt: Digest(salt) })
    }

    /// What the log says instead of the report.
    ///
    /// # Errors
    /// [`CanonicalError`] if the report cannot be written in canonical form.
    pub fn commitment(&self) -> Result<Digest, CanonicalError> {
        let report = canonical::to_bytes(&self.report)?;
        Ok(commitment(&self.salt, &report))
    }

    /// The act that says what came of it.
    ///
    /// # Errors
    /// [`CanonicalError`] if the report cannot be written in canonical form.
    pub fn act(&self) -> Result<ScreeningAct, CanonicalError> {
        Ok(ScreeningAct {
            partner: self.report.partner.clone(),
            lists: self.report.lists.clone(),
            outcome: self.report.outcome(),
            report: self.commitment()?,
        })
    }
}

/// The commitment to a report in canonical form, under a salt.
#[must_use]
pub fn commitment(salt: &Digest, report: &[u8]) -> Digest {
    let hash = Sha256::new_with_prefix(TAG).chain_update(salt.0).chain_update(report);
    Digest(hash.finalize().into())
}
