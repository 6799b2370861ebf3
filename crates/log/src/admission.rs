//! Admission control: the final check of a disclosure, made in log order just before batching. It enforces limits
//! on several disclosures together, which a decision about one of them cannot enforce.
//!
//! ```text
//! caller's thread     weigh      what is proportional to the people in the answer
//! sequencer           admit      in the order of the log, at the time of the entry; or refused
//!                     settle     the entry is durable
//!                     take_back  it is not: as if it had never been admitted
//! ```
//!
//! What it is not: it counts nothing itself (the application passes `countersign-policy`'s budgets), and a log
//! without it admits everything.

use std::collections::HashMap;
use std::sync::Arc;

use countersign_domain::budget::BudgetName;
use countersign_domain::identifier::Identifier;
use countersign_domain::reason::Reason;
use countersign_domain::register::Register;
use countersign_domain::time::{SECONDS_PER_DAY, Timestamp};

use crate::annex::AnnexRecord;
use crate::metrics::Counters;

/// Whoever is asked about every disclosure of a log.
pub trait Admission: Send + Sync {
    /// The register as it stands from now on. It is told after the replay of the stream and after every
    /// later act, before anything can be decided on that act; and within the replay wherever the field
    /// schema has changed.
    fn governed(&self, register: &Arc<Register>);

    /// A disclosure that was durable before the log was opened, in the order of the log.
    fn replayed(&self, disclosed: &Disclosed<'_>, time: Timestamp);

    /// Looks at a disclosure, on the thread of whoever asks for it.
    fn weigh(&self, disclosed: &Disclosed<'_>) -> Box<dyn Weighed>;
}

/// A disclosure that waits to be admitted.
pub trait Weighed: Send {
    /// Admits it, as the next one of the log.
    ///
    /// # Errors
    /// [`Refusal`]; nothing has changed then.
    fn admit(&mut self, time: Timestamp) -> Result<Vec<BudgetName>, Refusal>;

    /// It is durable.
    fn settle(self: Box<Self>);

    /// It is not durable, nor are those that were admitted with it.
    fn take_back(self: Box<Self>);
}

/// What is disclosed, to whom.
#[derive(Debug)]
pub struct Disclosed<'a> {
    /// The client.
    pub client: &'a Identifier,
    /// Its partner.
    pub partner: &'a Identifier,
    /// The people, the viewer first.
    pub people: &'a [AnnexRecord],
}

/// A disclosure that is not admitted. This is for the operator: a partner is told less.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("budget {budget} has no room for this answer to client {client}: nothing was released")]
pub struct Refusal {
    /// The clause.
    pub reason: Reason,
    /// The budget that has no room.
    pub budget: BudgetName,
    /// The client that asked.
    pub client: Identifier,
}

/// Tells the operator what came of budgets: each time in the counters, and in the log of the server once
/// for each budget, client and day.
#[derive(Default)]
pub(crate) struct Teller {
    told: HashMap<(What, BudgetName, Identifier), u64>,
}

/// What there is to tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum What {
    Alert,
    Refusal,
}

impl Teller {
    /// An answer went out that is beyond a budget which only asks for an alert.
    pub(crate) fn alert(
        &mut self,
        budget: &BudgetName,
        client: &Identifier,
        now: Timestamp,
        counters: &Counters,
    ) {
        counters.count_budget(budget, client, |count| count.alerts += 1);
        if self.is_first(What::Alert, budget, client, now) {
            tracing::warn!(%budget, %client, "a budget is used up, and answers go on, since it only asks for an alert; it is not told again today");
        }
    }

    /// An answer was refused.
    pub(crate) fn refusal(&mut self, refusal: &Refusal, now: Timestamp, counters: &Counters) {
        let Refusal { budget, client, .. } = refusal;
        counters.count_budget(budget, client, |count| count.refusals += 1);
        if self.is_first(What::Refusal, budget, client, now) {
            tracing::warn!(%budget, %client, "a budget has no room for an answer, which was refused; it is not told again today");
        }
    }

    fn is_first(
        &mut self,
        what: What,
        budget: &BudgetName,
        client: &Identifier,
        now: Timestamp,
    ) -> bool {
        let day = now.seconds() / SECONDS_PER_DAY;
        self.told.insert((what, budget.clone(), client.clone()), day) != Some(day)
    }
}
