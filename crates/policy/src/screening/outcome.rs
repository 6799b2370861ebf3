//! What people decided about matches, and what that comes to. Undecided or refused means no data.

pub use countersign_domain::screening::Outcome;
use countersign_domain::text::{self, NotPlainText, REASON_CHARACTERS_MAX};
use serde::{Deserialize, Serialize};

use super::matches::{Match, MatchId};

/// What a person decided about one match.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "DecisionFields")]
pub struct Decision {
    match_id: MatchId,
    verdict: Verdict,
    reason: String,
}

/// Whether the party is the listed one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is somebody else.
    FalsePositive,
    /// It is.
    TrueMatch,
}

impl Decision {
    /// Records a decision, with the reason for it.
    ///
    /// # Errors
    /// [`NotPlainText`] when the reason is empty, too long or holds what controls how text is shown.
    pub fn new(match_id: MatchId, verdict: Verdict, reason: &str) -> Result<Self, NotPlainText> {
        text::check("reason", REASON_CHARACTERS_MAX, reason.trim())?;
        Ok(Self { match_id, verdict, reason: reason.to_owned() })
    }

    /// The match that it is about, and no other.
    #[must_use]
    pub const fn match_id(&self) -> MatchId {
        self.match_id
    }

    /// What was decided.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A decision as it is written, before its reason is checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DecisionFields {
    match_id: MatchId,
    verdict: Verdict,
    reason: String,
}

impl TryFrom<DecisionFields> for Decision {
    type Error = NotPlainText;

    fn try_from(fields: DecisionFields) -> Result<Self, Self::Error> {
        Self::new(fields.match_id, fields.verdict, &fields.reason)
    }
}

/// What decisions about matches come to. Where two decisions about one match disagree, the true match
/// stands: data that was withheld by mistake can still be released.
#[must_use]
pub fn outcome(matches: &[Match], decisions: &[Decision]) -> Outcome {
    matches.iter().map(|found| of_one(found.id, decisions)).max().unwrap_or(Outcome::Clear)
}

/// Whether a person decided that this match is true, so that its party counts as listed.
#[must_use]
pub fn is_confirmed(found: &Match, decisions: &[Decision]) -> bool {
    of_one(found.id, decisions) == Outcome::Refused
}

fn of_one(id: MatchId, decisions: &[Decision]) -> Outcome {
    let verdicts = decisions.iter().filter(|decision| decision.match_id == id);
    match verdicts.map(|decision| decision.verdict).max() {
        None => Outcome::Undecided,
        Some(Verdict::FalsePositive) => Outcome::Clear,
        Some(Verdict::TrueMatch) => Outcome::Refused,
    }
}
