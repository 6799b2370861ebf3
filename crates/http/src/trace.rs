//! The trace of a request: its first span, and what of the caller's trace is believed.
//!
//! While nothing is traced no span is made: the macros look at one flag, and nothing is allocated.

use axum::http::HeaderMap;
use axum::http::request::Parts;
use countersign_domain::identifier::Identifier;
use countersign_service::spans::TARGET;
use opentelemetry::propagation::Extractor;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing::field::Empty;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use crate::metrics::CountedRequest;

/// The first span of a request, which continues the caller's trace if that is believed.
pub(crate) fn begin(head: &Parts, is_parent_believed: impl FnOnce() -> bool) -> Span {
    let span = tracing::info_span!(
        target: TARGET,
        "request",
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = Empty,
        http.route = Empty,
        http.response.status_code = Empty,
        http.response.body.size = Empty,
        countersign.client = Empty,
        countersign.error = Empty,
        countersign.reason = Empty,
    );
    if !span.is_disabled() && is_parent_believed() {
        let parent = TraceContextPropagator::new().extract(&Headers(&head.headers));
        // It is refused only for a span that has begun already, which this one has not.
        let _ = span.set_parent(parent);
    }
    span
}

/// What came of the request.
pub(crate) fn ended(
    span: &Span,
    counted: &CountedRequest,
    error: Option<u32>,
    reason: Option<&'static str>,
) {
    let method = counted.method.as_str();
    // It has begun, so its name is set where it is kept.
    span.context().span().update_name(format!("{method} {}", counted.route));
    span.record("http.request.method", method);
    span.record("http.route", &*counted.route);
    span.record("http.response.status_code", counted.status.as_u16());
    if let Some(bytes) = counted.bytes {
        span.record("http.response.body.size", bytes);
    }
    if let Some(client) = counted.client.as_ref().map(Identifier::as_str) {
        span.record("countersign.client", client);
    }
    if let Some(error) = error {
        span.record("countersign.error", error);
    }
    if let Some(reason) = reason {
        span.record("countersign.reason", reason);
    }
    if counted.status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

/// The id of a trace, as the collector knows it; none where nothing is traced, or this is left out of the sample.
pub(crate) fn id_of(span: &Span) -> Option<String> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_sampled().then(|| context.trace_id().to_string())
}

/// The headers of a request, as a trace's propagator reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(|name| name.as_str()).collect()
    }
}
