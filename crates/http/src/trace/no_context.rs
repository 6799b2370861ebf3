//! What stands in the place of `context` in a program that is built without traces: no span is in a trace.

use axum::http::HeaderMap;
use tracing::Span;

pub(super) const fn follow(_: &Span, _: &HeaderMap) {}

pub(super) fn rename(_: &Span, _: impl FnOnce() -> String) {}

pub(super) const fn id_of(_: &Span) -> Option<String> {
    None
}
