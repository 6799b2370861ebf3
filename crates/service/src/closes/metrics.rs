//! What came of closing periods.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use countersign_log::period::PeriodHead;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The counters. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct CloseMetrics {
    newest_seconds: Gauge<u64, AtomicU64>,
    took_s: Gauge<f64, AtomicU64>,
    failures: Counter,
}

impl CloseMetrics {
    /// Lets these be seen.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "log_newest_close_timestamp_seconds",
            "Time of the newest close; 0 without one",
            self.newest_seconds.clone(),
        );
        registry.register(
            "log_close_duration_seconds",
            "How long the newest close since start took, the directory included",
            self.took_s.clone(),
        );
        registry.register(
            "log_close_failures",
            "Closes that did not come about since start",
            self.failures.clone(),
        );
    }

    pub(super) fn newest(&self, head: &PeriodHead) {
        self.newest_seconds.set(head.time.seconds());
    }

    pub(super) fn took(&self, duration: Duration) {
        self.took_s.set(duration.as_secs_f64());
    }

    pub(super) fn failed(&self) {
        self.failures.inc();
    }
}
