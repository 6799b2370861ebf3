//! What OpenTelemetry knows about a span: the trace that it belongs to.

use axum::http::HeaderMap;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::TraceContextExt as _;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Has a span that has not begun continue the trace that these headers name.
pub(super) fn follow(span: &Span, headers: &HeaderMap) {
    let parent = TraceContextPropagator::new().extract(&Headers(headers));
    // It is refused only for a span that has begun already, which this one has not.
    let _ = span.set_parent(parent);
}

/// Gives a span another name. It has begun, so its name is set where it is kept.
pub(super) fn rename(span: &Span, name: impl FnOnce() -> String) {
    if !span.is_disabled() {
        span.context().span().update_name(name());
    }
}

/// The id of its trace; none where this is left out of the sample.
pub(super) fn id_of(span: &Span) -> Option<String> {
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
