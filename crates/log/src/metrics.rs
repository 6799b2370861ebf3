//! What a log counts, for whoever watches it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use countersign_domain::budget::BudgetName;
use countersign_domain::identifier::Identifier;

use crate::distribution::{COUNTS, Distribution, Distributor, TIMES_US};

/// The counts at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Metrics {
    /// Entries made durable since start.
    pub entries: u64,
    /// Bytes of entries and annexes made durable since start.
    pub stream_bytes: u64,
    /// How many entries batches had since start.
    pub batch_entries: Distribution,
    /// Microseconds from when a disclosure was handed over until it was durable.
    pub append_us: Distribution,
    /// Microseconds that a batch took to be written and made durable.
    pub write_us: Distribution,
    /// Microseconds of that which the fdatasync took.
    pub sync_us: Distribution,
    /// What waits to be sequenced.
    pub queue_length: u64,
    /// Disclosures refused since start because they were decided too long ago.
    pub refused_stale: u64,
    /// Answers since start that went beyond a budget which only asks for an alert, once for each such budget.
    pub budget_alerts: u64,
    /// Answers refused since start because a budget had no room for them.
    pub budget_refusals: u64,
    /// Batches since start that the disk refused.
    pub write_errors: u64,
    /// Whether an fdatasync failed, so that nothing is appended until restart.
    pub is_poisoned: bool,
    /// The size of the last published checkpoint.
    pub checkpoint_size: u64,
    /// The second in which the last checkpoint was published; 0 before the first.
    pub checkpoint_seconds: u64,
    /// Rounds of publishing that failed since start.
    pub publish_errors: u64,
    /// The second since which something durable waits to be published; 0 when nothing does.
    pub unpublished_since_seconds: u64,
}

/// What budgets did about one client since start.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BudgetCount {
    /// The budget.
    pub budget: BudgetName,
    /// The client.
    pub client: Identifier,
    /// Answers beyond the budget, which only asks for an alert.
    pub alerts: u64,
    /// Answers that were refused.
    pub refusals: u64,
}

/// Alerts and refusals of each budget about each client.
type BudgetCounts = BTreeMap<(String, Identifier), BudgetCount>;

pub(crate) struct Counters {
    pub(crate) batch_entries: Distributor,
    pub(crate) append_us: Distributor,
    pub(crate) write_us: Distributor,
    pub(crate) sync_us: Distributor,
    pub(crate) entries: AtomicU64,
    pub(crate) stream_bytes: AtomicU64,
    pub(crate) queue_length: AtomicU64,
    pub(crate) refused_stale: AtomicU64,
    budgets: Mutex<BudgetCounts>,
    pub(crate) write_errors: AtomicU64,
    pub(crate) poisoned: AtomicU64,
    pub(crate) checkpoint_size: AtomicU64,
    pub(crate) checkpoint_seconds: AtomicU64,
    pub(crate) publish_errors: AtomicU64,
}

pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

pub(crate) fn set(counter: &AtomicU64, value: u64) {
    counter.store(value, Ordering::Relaxed);
}

impl Default for Counters {
    fn default() -> Self {
        let (entries, stream_bytes, queue_length, refused_stale) = <_>::default();
        let (write_errors, poisoned, publish_errors) = <_>::default();
        let (checkpoint_size, checkpoint_seconds) = <_>::default();
        Self {
            batch_entries: Distributor::new(COUNTS),
            append_us: Distributor::new(TIMES_US),
            write_us: Distributor::new(TIMES_US),
            sync_us: Distributor::new(TIMES_US),
            entries,
            stream_bytes,
            queue_length,
            refused_stale,
            budgets: Mutex::default(),
            write_errors,
            poisoned,
            checkpoint_size,
            checkpoint_seconds,
            publish_errors,
        }
    }
}

impl Counters {
    /// All of them; the second that is no counter is 0.
    pub(crate) fn read(&self) -> Metrics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (mut budget_alerts, mut budget_refusals) = (0, 0);
        for count in self.budgets().values() {
            budget_alerts += count.alerts;
            budget_refusals += count.refusals;
        }
        Metrics {
            batch_entries: self.batch_entries.read(),
            append_us: self.append_us.read(),
            write_us: self.write_us.read(),
            sync_us: self.sync_us.read(),
            entries: of(&self.entries),
            stream_bytes: of(&self.stream_bytes),
            queue_length: of(&self.queue_length),
            refused_stale: of(&self.refused_stale),
            budget_alerts,
            budget_refusals,
            write_errors: of(&self.write_errors),
            is_poisoned: of(&self.poisoned) > 0,
            checkpoint_size: of(&self.checkpoint_size),
            checkpoint_seconds: of(&self.checkpoint_seconds),
            publish_errors: of(&self.publish_errors),
            unpublished_since_seconds: 0,
        }
    }

    /// Alerts and refusals, by budget and client.
    pub(crate) fn budget_counts(&self) -> Vec<BudgetCount> {
        self.budgets().values().cloned().collect()
    }

    pub(crate) fn count_budget(
        &self,
        budget: &BudgetName,
        client: &Identifier,
        count: impl FnOnce(&mut BudgetCount),
    ) {
        let mut budgets = self.budgets();
        let key = (budget.to_string(), client.clone());
        let fresh = || {
            let (budget, client) = (budget.clone(), client.clone());
            BudgetCount { budget, client, alerts: 0, refusals: 0 }
        };
        count(budgets.entry(key).or_insert_with(fresh));
    }

    fn budgets(&self) -> MutexGuard<'_, BudgetCounts> {
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
