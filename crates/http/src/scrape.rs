//! `GET /metrics`: the counters, for Prometheus.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::admin_error::AdminError;
use crate::bearer;
use crate::gateway::Gateway;
use crate::openapi::refusals::Unauthorised;

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
    let Some(text) = gateway.metrics.text(&gateway.service.log_figures()) else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
