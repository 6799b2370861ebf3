//! One partner against the lists: the new report, and what in it nobody has seen before.

use countersign_domain::partner::Partner;
use countersign_domain::time::Timestamp;
use countersign_policy::screening::matches::{Match, NotScreenable, screen};
use countersign_policy::screening::ownership::OwnershipRule;
use countersign_policy::screening::subject::Owner;

use super::list_file::LoadedList;
use super::report::{REPORT_VERSION, Report};
use super::subject::{SubjectError, subject};

/// Why a partner cannot be screened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// Its owners cannot stand as they were told.
    #[error(transparent)]
    Subject(#[from] SubjectError),
    /// Finding nothing would say nothing.
    #[error("partner {partner}: {error}")]
    NotScreenable {
        /// The partner.
        partner: String,
        /// What is missing.
        error: NotScreenable,
    },
}

/// Screens a partner. Owners who were told before stay unless they are `told` anew, and decisions stay with
/// the matches that they are about.
///
/// # Errors
/// [`RunError`], naming the partner.
pub fn run(
    partner: &Partner,
    told: Option<Vec<Owner>>,
    before: Option<&Report>,
    lists: &[LoadedList],
    ownership: OwnershipRule,
    now: Timestamp,
) -> Result<Report, RunError> {
    let told = told.or_else(|| before.map(|report| report.told.clone())).unwrap_or_default();
    let subject = subject(partner, &told)?;
    let indices: Vec<_> = lists.iter().map(|list| &list.index).collect();
    let matches = screen(&subject, &indices)
        .map_err(|error| RunError::NotScreenable { partner: partner.id.to_string(), error })?;
    let report = Report {
        version: REPORT_VERSION,
        partner: partner.id.clone(),
        screened: now,
        subject,
        told,
        lists: lists.iter().map(|list| list.public.clone()).collect(),
        ownership,
        matches,
        decisions: before.map(|report| report.decisions.clone()).unwrap_or_default(),
    };
    // What says nothing new need not be concluded anew, so it stays the report that it was.
    let same =
        |before: &&Report| Report { screened: before.screened, ..report.clone() } == **before;
    Ok(before.filter(same).cloned().unwrap_or(report))
}

/// The matches of a report that wait for a decision and that the one before it did not have.
#[must_use]
pub fn new_matches<'a>(report: &'a Report, before: Option<&Report>) -> Vec<&'a Match> {
    let known = |found: &&Match| {
        before.is_some_and(|before| before.matches.iter().any(|earlier| earlier.id == found.id))
    };
    report.undecided().filter(|found| !known(found)).collect()
}
