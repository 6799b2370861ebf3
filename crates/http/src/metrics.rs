//! `GET /metrics`, in the text format of Prometheus and OpenMetrics. No figure is about a
//! person, but all are exact, so they are for the platform alone.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
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

use crate::admin::AdminError;
use crate::bearer;
use crate::gateway::Gateway;
use crate::network::Limit;
use crate::openapi::refusals::Unauthorised;

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
}

/// Counters, for a monitoring system.
///
/// No figure is about a person, but all are exact: beside the public log they would tell how many people each answer
/// was about. So they are for the platform alone.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "readMetrics",
    security(("metricsToken" = [])),
    responses(
        (status = 200, description = "The counters in the text format of OpenMetrics.", body = String, content_type = "application/openmetrics-text"),
        Unauthorised,
        (status = 500, description = "They could not be written down."),
    ),
)]
pub async fn get(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    let presented = bearer::presented(&headers);
    if !presented.is_some_and(|presented| gateway.is_operator(presented)) {
        return AdminError::unauthorised(
            "a token is needed: Authorization: Bearer, with the content of keys/metrics.token",
        )
        .into_response();
    }
    let metrics = &gateway.metrics;
    let LogFigures { entries, witnessed_size, counts: log } = gateway.service.log_figures();
    metrics.log_entries.set(entries);
    metrics.log_batches.set(log.batches);
    metrics.published_size.set(log.checkpoint_size);
    metrics.write_us.set(log.write_us);
    metrics.stale.set(log.refused_stale);
    metrics.budget_alerts.set(log.budget_alerts);
    metrics.budget_refusals.set(log.budget_refusals);
    metrics.unpublished_since.set(log.unpublished_since_seconds);
    metrics.witnessed_size.set(witnessed_size);
    let mut text = String::new();
    if encode(&mut text, &metrics.registry).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
