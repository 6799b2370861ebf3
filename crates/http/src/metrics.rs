//! What is counted, in the text format of Prometheus and OpenMetrics. No figure is about a person, but all are exact,
//! so they are for the platform alone.

use std::sync::atomic::AtomicU64;

use countersign_service::closes::Closes;
use countersign_service::operations::health::LogFigures;
use countersign_service::witnesses::Witnesses;
use countersign_source::Source;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use crate::network::Limit;

/// The counters of the gateway and gauges of the log.
pub struct Metrics {
    registry: Registry,
    answers: Counter,
    person_records: Counter,
    answer_bytes: Counter,
    errors: Family<ErrorLabel, Counter>,
    network_refusals: Family<RefusalLabel, Counter>,
    log_entries: Gauge<u64, AtomicU64>,
    log_batches: Gauge<u64, AtomicU64>,
    published_size: Gauge<u64, AtomicU64>,
    write_us: Gauge<u64, AtomicU64>,
    stale: Gauge<u64, AtomicU64>,
    budget_alerts: Gauge<u64, AtomicU64>,
    budget_refusals: Gauge<u64, AtomicU64>,
    unpublished_since: Gauge<u64, AtomicU64>,
    witnessed_size: Gauge<u64, AtomicU64>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ErrorLabel {
    code: u32,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefusalLabel {
    reason: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("countersign");
        let metrics = Self {
            answers: Counter::default(),
            person_records: Counter::default(),
            answer_bytes: Counter::default(),
            errors: Family::default(),
            network_refusals: Family::default(),
            log_entries: Gauge::default(),
            log_batches: Gauge::default(),
            published_size: Gauge::default(),
            write_us: Gauge::default(),
            stale: Gauge::default(),
            budget_alerts: Gauge::default(),
            budget_refusals: Gauge::default(),
            unpublished_since: Gauge::default(),
            witnessed_size: Gauge::default(),
            registry: Registry::default(),
        };
        registry.register("answers", "Answers released", metrics.answers.clone());
        let records = metrics.person_records.clone();
        registry.register("person_records", "Records of people in released answers", records);
        let bytes = metrics.answer_bytes.clone();
        registry.register_with_unit("answer", "Bodies of released answers", Unit::Bytes, bytes);
        let errors = metrics.errors.clone();
        registry.register("errors", "Graph requests without an answer, by error code", errors);
        let refusals = metrics.network_refusals.clone();
        let help = "Requests that the limits on the network refused or cut off, by limit";
        registry.register("network_refusals", help, refusals);
        for (name, help, gauge) in [
            ("log_entries", "Durable entries of the log", &metrics.log_entries),
            ("log_batches", "Batches that shared an fdatasync", &metrics.log_batches),
            ("log_published_size", "Size of the newest checkpoint", &metrics.published_size),
            (
                "log_write_microseconds",
                "Time spent making batches durable since start",
                &metrics.write_us,
            ),
            ("log_stale_decisions", "Decisions that an act or their time overtook", &metrics.stale),
            (
                "budget_alerts",
                "Answers since start beyond a budget that only asks for an alert",
                &metrics.budget_alerts,
            ),
            (
                "budget_refusals",
                "Answers since start that a budget had no room for",
                &metrics.budget_refusals,
            ),
            (
                "log_unpublished_since_seconds",
                "When the oldest unpublished entry was made durable; 0 when all is published",
                &metrics.unpublished_since,
            ),
            (
                "log_witnessed_size",
                "Size of the newest checkpoint since start that a quorum of witnesses cosigned",
                &metrics.witnessed_size,
            ),
        ] {
            registry.register(name, help, gauge.clone());
        }
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// The counters of the gateway, and what its source, its closes and the log's witnesses' side count.
    #[must_use]
    pub fn of(source: &Source, closes: &Closes, witnesses: Option<&Witnesses>) -> Self {
        let mut metrics = Self::default();
        closes.metrics().register(&mut metrics.registry);
        if let Some(witnesses) = witnesses {
            witnesses.metrics().register(&mut metrics.registry);
        }
        if let Some(left_out) = source.left_out() {
            let help =
                "Friends left out of answers, because their records in the source cannot be read";
            metrics.registry.register("source_friends_left_out", help, left_out.clone());
        }
        if let Some(counted) = source.metrics() {
            counted.register(&mut metrics.registry);
        }
        metrics
    }

    /// An answer was released.
    pub fn released(&self, people_count: usize, body_bytes: usize) {
        self.answers.inc();
        self.person_records.inc_by(people_count as u64);
        self.answer_bytes.inc_by(body_bytes as u64);
    }

    /// A Graph request got an error of this code.
    pub fn refused(&self, code: u32) {
        self.errors.get_or_create(&ErrorLabel { code }).inc();
    }

    /// A request went beyond a limit of the network.
    pub fn network_refused(&self, limit: Limit) {
        self.network_refusals.get_or_create(&RefusalLabel { reason: limit.name() }).inc();
    }

    /// All of it as text, with these figures of the log; none if it cannot be written down.
    #[must_use]
    pub fn text(&self, log: &LogFigures) -> Option<String> {
        let LogFigures { entries, witnessed_size, counts } = log;
        self.log_entries.set(*entries);
        self.log_batches.set(counts.batches);
        self.published_size.set(counts.checkpoint_size);
        self.write_us.set(counts.write_us);
        self.stale.set(counts.refused_stale);
        self.budget_alerts.set(counts.budget_alerts);
        self.budget_refusals.set(counts.budget_refusals);
        self.unpublished_since.set(counts.unpublished_since_seconds);
        self.witnessed_size.set(*witnessed_size);
        let mut text = String::new();
        encode(&mut text, &self.registry).ok()?;
        Some(text)
    }
}
