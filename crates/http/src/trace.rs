//! The trace of a request: its first span, and what of the caller's trace is believed.
//!
//! While nothing is traced no span is made: the macros look at one flag, and nothing is allocated. A program that is
//! built without the feature `traces` never traces.

#[cfg(feature = "traces")]
mod context;
#[cfg(not(feature = "traces"))]
#[path = "trace/no_context.rs"]
mod context;

use axum::http::request::Parts;
use countersign_domain::identifier::Identifier;
use countersign_service::spans::TARGET;
use tracing::Span;
use tracing::field::Empty;

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
        context::follow(&span, &head.headers);
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
    context::rename(span, || format!("{method} {}", counted.route));
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
    context::id_of(span)
}
