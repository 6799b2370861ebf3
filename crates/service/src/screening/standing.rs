//! How a partner's screening stands: the case file against the log, the register and the lists of today.
//! What waits for a person comes first.

use countersign_domain::digest::Digest;
use countersign_domain::identifier::Identifier;
use countersign_domain::partner::Partner;
use countersign_domain::screening::{Outcome, Screened, ScreeningList};
use countersign_policy::screening::ownership::OwnershipRule;
use countersign_protocol::canonical::CanonicalError;
use serde::Serialize;

use super::report::{CaseFile, Report};
use super::subject;

/// How a partner's screening stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Standing {
    /// The partner.
    pub partner: Identifier,
    /// What has to be done next.
    pub stage: Stage,
    /// How many matches wait for a decision.
    pub undecided: usize,
    /// Whether the log has this very report. If not, the partner gets what an earlier one says.
    pub concluded: bool,
    /// What is no longer as it was when the partner was screened.
    pub outdated: Vec<Outdated>,
    /// What the log says.
    pub in_log: Option<Screened>,
    /// The lists of the last report.
    pub lists: Vec<ScreeningList>,
}

/// What a screening waits for, the most urgent first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Matches wait for a decision.
    Undecided,
    /// Nobody has screened it, or it is no longer as it was screened.
    Screen,
    /// The log does not have the report yet.
    Conclude,
    /// Nothing: it is concluded.
    Done,
}

/// What is no longer as it was when a partner was screened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outdated {
    /// The register says something else of it, or of its owners.
    Partner,
    /// The rule of ownership is another one.
    Ownership,
    /// The list is another one than its last report was made with, or was not among them.
    List(Identifier),
}

impl std::fmt::Display for Outdated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Partner => f.write_str("the register says something else of the partner"),
            Self::Ownership => f.write_str("the setting for ownership has changed"),
            Self::List(name) => write!(f, "list {name} is another one"),
        }
    }
}

impl Standing {
    /// How a partner's screening stands, given today's lists and rule.
    ///
    /// # Errors
    /// [`CanonicalError`] if the report cannot be written in canonical form.
    pub fn new(
        partner: &Partner,
        case: Option<&CaseFile>,
        in_log: Option<&Screened>,
        today: (&[(Identifier, Digest)], OwnershipRule),
    ) -> Result<Self, CanonicalError> {
        let report = case.map(|case| &case.report);
        let (lists, rule) = today;
        let mut outdated = report.map(|of| outdated(of, partner, rule)).unwrap_or_default();
        let known = report.map(|report| report.lists.as_slice()).unwrap_or_default();
        let is_known = |(name, digest): &&(Identifier, _)| {
            known.iter().any(|list| list.list == *name && list.digest == *digest)
        };
        let changed = lists.iter().filter(|list| report.is_some() && !is_known(list));
        outdated.extend(changed.map(|(name, _)| Outdated::List(name.clone())));
        let undecided = report.map_or(0, |report| report.undecided().count());
        let commitment = case.map(CaseFile::commitment).transpose()?;
        let concluded =
            commitment.is_some() && commitment == in_log.map(|screened| screened.report);
        let stage = if undecided > 0 {
            Stage::Undecided
        } else if report.is_none() || !outdated.is_empty() {
            Stage::Screen
        } else if concluded {
            Stage::Done
        } else {
            Stage::Conclude
        };
        let (partner, lists) = (partner.id.clone(), known.to_vec());
        let in_log = in_log.cloned();
        Ok(Self { partner, stage, undecided, concluded, outdated, in_log, lists })
    }

    /// What came of it, as the log says.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.in_log.as_ref().map(|screened| screened.outcome)
    }
}

/// What of partner and rule is no longer as a report has it. A report that is outdated so cannot be
/// concluded: it would be about somebody else.
#[must_use]
pub fn outdated(report: &Report, partner: &Partner, rule: OwnershipRule) -> Vec<Outdated> {
    let mut outdated = Vec::new();
    if subject::subject(partner, &report.told).as_ref() != Ok(&report.subject) {
        outdated.push(Outdated::Partner);
    }
    if report.ownership != rule {
        outdated.push(Outdated::Ownership);
    }
    outdated
}
