//! A contract: an agreement as the register has it, with what came of it since it was concluded.

use std::collections::BTreeMap;

use crate::agreement::Agreement;
use crate::digest::Digest;
use crate::time::{SECONDS_PER_DAY, Timestamp};
use crate::wind_down::{Ends, WindDownStep};

/// An agreement in the register.
#[derive(Clone, Debug)]
pub struct Contract {
    /// The digest of its document.
    pub digest: Digest,
    /// The entry that put it in force.
    pub index: u64,
    /// When it was concluded.
    pub concluded: Timestamp,
    /// The agreement.
    pub agreement: Agreement,
    certified: BTreeMap<String, (Timestamp, u64)>,
    scheduled: Vec<(WindDownStep, u64)>,
}

impl Contract {
    /// A contract that was just concluded.
    #[must_use]
    pub fn new(agreement: Agreement, digest: Digest, index: u64, concluded: Timestamp) -> Self {
        let (certified, scheduled) = (BTreeMap::new(), Vec::new());
        Self { digest, index, concluded, agreement, certified, scheduled }
    }

    /// Whether nothing has come of it since: no certification, no step of the platform's.
    #[must_use]
    pub fn is_as_concluded(&self) -> bool {
        self.certified.is_empty() && self.scheduled.is_empty()
    }

    /// Every wind-down step with the entry that says it: those of the document, then those of acts.
    pub fn steps(&self) -> impl Iterator<Item = (&WindDownStep, u64)> {
        let own = self.agreement.wind_down().iter().map(|step| (step, self.index));
        own.chain(self.scheduled.iter().map(|(step, index)| (step, *index)))
    }

    /// The first second in which it no longer is in force.
    #[must_use]
    pub fn ends(&self) -> Timestamp {
        self.agreement.ends(self.steps().map(|(step, _)| step))
    }

    /// The first second in which nothing can be released under it any more, and it was known: from then on
    /// the partner has to delete.
    #[must_use]
    pub fn over(&self) -> Timestamp {
        let all = self.steps().filter(|(step, _)| step.ends == Ends::All).map(|(step, _)| step.at);
        all.fold(self.ends(), Timestamp::min).max(self.concluded)
    }

    /// Whether it is in force.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.agreement.document.not_before <= now && now < self.ends()
    }

    /// When this type of data was certified last, and the entry that says so. The partner's signature under
    /// the agreement was the first certification.
    #[must_use]
    pub fn certified_at(&self, category: &str) -> (Timestamp, u64) {
        let first = (self.agreement.document.not_before.max(self.concluded), self.index);
        self.certified.get(category).copied().unwrap_or(first)
    }

    /// The first second in which nothing of this type of data flows unless it is certified anew, and the
    /// entry of the last certification.
    #[must_use]
    pub fn cut_at(&self, category: &str) -> (Timestamp, u64) {
        let (since, index) = self.certified_at(category);
        let terms = self.agreement.document.certification;
        let days = u64::from(terms.every_days) + u64::from(terms.cure_days);
        (since.plus_seconds(days * SECONDS_PER_DAY), index)
    }

    /// The partner certified this type of data.
    pub fn certify(&mut self, category: &str, at: Timestamp, index: u64) {
        self.certified.insert(category.to_owned(), (at, index));
    }

    /// The platform scheduled a wind-down step.
    pub fn schedule(&mut self, step: WindDownStep, index: u64) {
        self.scheduled.push((step, index));
    }
}
