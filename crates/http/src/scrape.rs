//! `GET /metrics`: the counters, for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::admin_error::AdminError;
use crate::bearer;
use crate::gateway::Gateway;
use crate::metrics::Format;
use crate::openapi::refusals::Unauthorised;

/// Counters, for a monitoring system.
///
/// No figure is about a person, but all are exact: beside the public log they would tell how many people each answer
/// was about. So they are for the platform alone. A program whose `Accept` names OpenMetrics gets that, and every other
/// one the older text format of Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "readMetrics",
    security(("metricsToken" = [])),
    responses(
        (status = 200, description = "The counters in the text format of Prometheus, or of OpenMetrics.", body = String, content_type = "text/plain"),
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
    let accepted = headers.get_all(header::ACCEPT).into_iter();
    let mut accepted = accepted.filter_map(|value| value.to_str().ok());
    let (format, kind) = if accepted.any(|value| value.contains("application/openmetrics-text")) {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        (Format::OpenMetrics, kind)
    } else {
        (Format::Plain, "text/plain; version=0.0.4; charset=utf-8")
    };
    let unsent = gateway.unsent_answers.held();
    let Some(text) = gateway.metrics.text(&gateway.service, unsent, format) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
