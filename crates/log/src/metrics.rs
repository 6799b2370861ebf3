//! What a log counts, for whoever watches it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Metrics {
    /// Batches made durable since start.
    pub batches: u64,
    /// Entries made durable since start.
    pub entries: u64,
    /// Bytes of entries and annexes made durable since start.
    pub stream_bytes: u64,
    /// Microseconds spent in writing batches and making them durable since start.
    pub write_us: u64,
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

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) batches: AtomicU64,
    pub(crate) entries: AtomicU64,
    pub(crate) stream_bytes: AtomicU64,
    pub(crate) write_us: AtomicU64,
    pub(crate) queue_length: AtomicU64,
    pub(crate) refused_stale: AtomicU64,
    pub(crate) budget_alerts: AtomicU64,
    pub(crate) budget_refusals: AtomicU64,
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

impl Counters {
    /// All of them; the second that is no counter is 0.
    pub(crate) fn read(&self) -> Metrics {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Metrics {
            batches: of(&self.batches),
            entries: of(&self.entries),
            stream_bytes: of(&self.stream_bytes),
            write_us: of(&self.write_us),
            queue_length: of(&self.queue_length),
            refused_stale: of(&self.refused_stale),
            budget_alerts: of(&self.budget_alerts),
            budget_refusals: of(&self.budget_refusals),
            write_errors: of(&self.write_errors),
            is_poisoned: of(&self.poisoned) > 0,
            checkpoint_size: of(&self.checkpoint_size),
            checkpoint_seconds: of(&self.checkpoint_seconds),
            publish_errors: of(&self.publish_errors),
            unpublished_since_seconds: 0,
        }
    }
}
